import CondenseStages
import CondenseStore

/// What a node of the graph yielded.
public enum Outcome: Equatable, Sendable {
  /// A tensor, or a measurement.
  case artifact(Artifact)
  /// A decision over the model, with what it says.
  case allocations(Artifact, [Allocation])
  case metrics(TensorMetrics)
  case published

  public var artifact: Artifact? {
    switch self {
    case .artifact(let artifact), .allocations(let artifact, _): artifact
    case .metrics, .published: nil
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
