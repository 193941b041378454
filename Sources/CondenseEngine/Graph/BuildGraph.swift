import CondenseStages
import CondenseStore

/// Everything a build could have to do, as a value: the nodes of all pipelines and what each needs.
///
/// The unit of work is one stage on one tensor. Nodes stand in an order in which inputs come before what uses them.
public struct BuildGraph: Sendable {
  public private(set) var nodes: [Node] = []
  /// For each node, the nodes that have it as an input.
  public private(set) var dependents: [[NodeID]] = []
  /// The stages with their parameters that nodes refer to.
  public private(set) var stages: [ConfiguredUse] = []

  public init() {}

  public struct NodeID: Hashable, Comparable, Sendable {
    public let index: Int
    public static func < (a: NodeID, b: NodeID) -> Bool { a.index < b.index }
  }

  public struct Node: Sendable {
    public var work: Work
    public var inputs: [NodeID]
    /// The bytes of the source tensor: how much memory and time the node asks for, roughly.
    public var byteCount: Int
  }

  /// What a node does. Where it says so, the node's inputs are in that order.
  public enum Work: Sendable {
    /// Gives a model's tensor. It is read and hashed unless its digest is known.
    case source(model: Int, tensor: Int)
    /// Summarises a tensor. Inputs: the tensor.
    case measure(stage: Int)
    /// Decides over a model. Inputs: the measurements in model order.
    case allocate(stage: Int)
    /// Transforms a tensor. Inputs: the tensor; with a slot, then the allocation that holds this tensor's share there.
    case apply(stage: Int, slot: Int?)
    /// Gives a stage all tensors at once. Inputs: the tensors in model order, whose names are these.
    case transform(stage: Int, names: [String])
    /// Takes a tensor from what a stage made of all. Inputs: the tensor as it was, the transformation.
    case take(stage: Int, slot: Int)
    /// Measures what was lost. Inputs: the source tensor, the stage's result.
    case compare
    /// Publishes a pipeline's outputs. Inputs: everything that goes into them or into their metrics.
    case publish(pipeline: Int)
  }

  /// A stage as it stands in a graph.
  public struct ConfiguredUse: Sendable {
    public var description: StageDescription
    public var configured: any ConfiguredStage
    /// The part of its actions' keys that is the same for all of them.
    var keyPrefix: SHA256
    /// What besides version and parameters decides what comes out.
    var sources: [StageSource] { description.sources + configured.sources }

    package init(description: StageDescription, configured: any ConfiguredStage) {
      self.description = description
      self.configured = configured
      keyPrefix = ActionKey.prefix(
        stage: description.name, version: description.version, parameters: configured.parameters,
        sources: description.sources + configured.sources)
    }
  }

  package mutating func add(_ work: Work, inputs: [NodeID] = [], byteCount: Int = 0) -> NodeID {
    let node = NodeID(index: nodes.count)
    precondition(inputs.allSatisfy { $0 < node }, "an input must come before what uses it")
    nodes.append(Node(work: work, inputs: inputs, byteCount: byteCount))
    dependents.append([])
    for input in Set(inputs) { dependents[input.index].append(node) }
    return node
  }

  package mutating func add(_ stage: ConfiguredUse) -> Int {
    stages.append(stage)
    return stages.count - 1
  }

  public subscript(node: NodeID) -> Node { nodes[node.index] }

  /// The model's tensor that a node works on; nil for what is about the whole model.
  func tensor(of node: NodeID) -> (model: Int, tensor: Int)? {
    var next = node
    while true {
      switch self[next].work {
      case .source(let model, let tensor): return (model, tensor)
      case .allocate, .transform, .publish: return nil
      case .measure, .apply, .take, .compare:
        guard let input = self[next].inputs.first else { return nil }
        next = input
      }
    }
  }

  func isSource(_ node: NodeID) -> Bool {
    if case .source = self[node].work { true } else { false }
  }
}

extension BuildGraph {
  /// Whether a node's time goes with its bytes, at the speed of memory or nearly so: whoever waits for a few of them does not
  /// wait long. Stages that are programs of their own can take any time.
  func isQuick(_ node: NodeID) -> Bool {
    switch self[node].work {
    case .source, .compare: true
    case .apply(let stage, _), .measure(let stage): stages[stage].sources.isEmpty
    case .allocate, .transform, .take, .publish: false
    }
  }
}

extension BuildGraph.Work {
  /// Whether the node is one of the stage executions that a build counts.
  public var isAction: Bool {
    switch self {
    case .measure, .allocate, .apply, .transform, .take: true
    case .source, .compare, .publish: false
    }
  }
}

extension BuildGraph.Node {
  public var isAction: Bool { work.isAction }
}
