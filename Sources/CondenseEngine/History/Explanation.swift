import CondenseFiles

/// Why each action of a pipeline's last build ran or was reused.
public struct Explanation: Sendable {
  public var pipeline: String
  /// The build that it tells of.
  public var build: Int
  public var actions: [Action]
  public var outputs: [(path: String, reason: PublishingReason)]

  public struct Action: Sendable {
    /// The stage's id in the pipeline.
    public var stage: String
    public var kind: Kind
    /// Nil for a decision over the model.
    public var tensor: String?
    public var ran: Bool
    public var cause: Cause
  }

  public enum Kind: String, Sendable, Encodable { case measure, allocate, apply, transform }
}

extension Explanation {
  /// Explains the last build of the pipeline named `name`; nil where the workspace has no record of one.
  public init?(of name: String, in workspace: Workspace) {
    guard let folder = try? workspace.makeStateFolder(), let ledgers = LedgerFile(of: name, in: folder) else {
      return nil
    }
    let last = BuildLog(folder: folder).last
    let wasPassedOver = last.build > ledgers.now.build && last.passedOver.contains(name)
    self.init(
      ledgers.now, before: wasPassedOver ? ledgers.now : ledgers.before, pipeline: name,
      build: wasPassedOver ? last.build : ledgers.now.build, isRepeated: wasPassedOver)
  }

  /// - Parameter isRepeated: whether it is about a later build that found nothing changed.
  init(
    _ ledger: ActionLedger, before: ActionLedger?, pipeline: String, build: Int, isRepeated: Bool = false
  ) {
    self.pipeline = pipeline
    self.build = build
    let finder = CauseFinder(ledger, before: before)
    actions = ledger.actions.indices.map { index in
      let action = ledger.actions[index]
      let kind: Kind =
        switch action.kind {
        case .measure: .measure
        case .allocate: .allocate
        case .apply: .apply
        case .transform: .transform
        }
      return Action(
        stage: ledger.uses[action.use].id, kind: kind, tensor: action.tensor.map { ledger.tensors[$0].name },
        ran: !isRepeated && action.outcome == .ran, cause: isRepeated ? .same : finder.cause(ofAction: index))
    }
    outputs = ledger.outputs.map { ($0.path, isRepeated ? .unchanged : $0.reason) }
  }
}
