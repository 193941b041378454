import CondenseStages
import CondenseStore

/// What a node of the graph yielded.
public enum Outcome: Equatable, Sendable {
  /// A tensor, or a measurement.
  case artifact(Artifact)
  /// A decision over the model, with what it says.
  case allocations(Artifact, [Allocation])
  /// A tensor, with the numbers that the stage reported of it.
  case reported(Artifact, [String: Double])
  /// What a stage made of all tensors at once: the list of them, and what it reported.
  case transformed(Artifact, tensors: [Artifact], metrics: [String: Double])
  case metrics(TensorMetrics)
  case published

  public var artifact: Artifact? {
    switch self {
    case .artifact(let artifact), .allocations(let artifact, _), .reported(let artifact, _),
      .transformed(let artifact, _, _):
      artifact
    case .metrics, .published: nil
    }
  }

  /// The numbers that a stage reported.
  var stageMetrics: [String: Double] {
    switch self {
    case .reported(_, let metrics), .transformed(_, _, let metrics): metrics
    case .artifact, .allocations, .metrics, .published: [:]
    }
  }
}

extension BuildGraph {
  /// The node's key in the action cache, from what its inputs yielded; nil for nodes that are not cached.
  package func key(of node: NodeID, inputs: [Outcome]) -> Digest? {
    switch self[node].work {
    case .source, .publish: return nil
    case .measure(let stage):
      guard let input = inputs.first?.artifact?.digest else { return nil }
      return ActionKey.measure(stages[stage], input: input)
    case .allocate(let stage):
      return ActionKey.allocate(stages[stage], measurements: inputs.compactMap { $0.artifact?.digest })
    case .apply(let stage, let slot):
      guard let input = inputs.first?.artifact?.digest else { return nil }
      return ActionKey.apply(stages[stage], input: input, allocation: allocation(slot, inputs))
    case .transform(let stage, let names):
      return ActionKey.transform(stages[stage], names: names, inputs: inputs.compactMap { $0.artifact?.digest })
    case .take(let stage, let slot):
      guard inputs.count == 2, case .transformed(_, let tensors, _) = inputs[1], tensors.indices.contains(slot) else {
        return nil
      }
      return ActionKey.take(stages[stage], result: tensors[slot].digest)
    case .compare:
      guard inputs.count == 2, let source = inputs[0].artifact?.digest, let result = inputs[1].artifact?.digest else {
        return nil
      }
      return ActionKey.compare(source: source, result: result)
    }
  }

  /// A tensor's share of the decision that is the node's second input.
  func allocation(_ slot: Int?, _ inputs: [Outcome]) -> Allocation? {
    guard let slot, inputs.count == 2, case .allocations(_, let all) = inputs[1], all.indices.contains(slot) else {
      return nil
    }
    return all[slot]
  }
}
