/// Says for each action of a build why it ran or was reused, by comparing its ledger with that of the build before.
struct CauseFinder {
  private let now: ActionLedger
  private let before: ActionLedger?
  private let nowIndex: LedgerIndex
  private let beforeIndex: LedgerIndex?
  /// For each use with a decision over the model, why that came out different: every tensor's share may ask.
  private var decisionCauses: [Int: Cause] = [:]

  init(_ now: ActionLedger, before: ActionLedger?) {
    self.now = now
    self.before = before
    nowIndex = LedgerIndex(now)
    beforeIndex = before.map { LedgerIndex($0) }
    for action in now.actions where action.kind.isOfModel {
      decisionCauses[action.use] = difference(action) ?? .otherTensors
    }
  }

  func cause(ofAction index: Int) -> Cause {
    let action = now.actions[index]
    if action.outcome == .unfinished { return .unfinished }
    let difference = difference(action)
    switch (action.outcome, difference) {
    case (.reused, nil): return .same
    case (.reused, let difference?): return .madeBefore(difference)
    case (_, nil): return .resultLost
    case (_, let difference?): return difference
    }
  }

  /// The first difference to the action in the build before; nil where there is none.
  private func difference(_ action: ActionLedger.ActionEntry) -> Cause? {
    guard let before, let beforeIndex else { return .firstBuild }
    let use = now.uses[action.use]
    let found =
      action.kind.isOfModel
      ? decisionBefore(action, before, beforeIndex)
      : beforeIndex.action(use.id, action.kind, nowIndex.name(action))
    guard let old = found else {
      if let name = nowIndex.name(action), beforeIndex.tensors[name] == nil { return .newTensor }
      return beforeIndex.stages[use.id] == nil ? .newStage : .actsNow
    }
    if old.key == action.key && action.key != 0 { return old.outcome == .unfinished ? .unfinishedBefore : nil }
    if let difference = difference(use, before.uses[old.use]) { return difference }
    if old.outcome == .unfinished { return .unfinishedBefore }
    if action.kind == .allocate { return otherDecision(action.use, old.use, before, beforeIndex) }
    if action.kind == .transform { return otherModel(use.id) }
    if old.input != action.input, let name = nowIndex.name(action) {
      return inputDifference(name, use.id)
    }
    if action.kind == .apply, nowIndex.decision(ofUse: action.use)?.kind == .transform {
      return .modelChanged(decisionCauses[action.use] ?? .otherTensors)
    }
    guard action.kind == .apply, old.allocation != action.allocation else { return .resultLost }
    return .allocation(
      from: old.allocation, to: action.allocation, decisionCauses[action.use] ?? .otherTensors)
  }

  private func difference(_ now: ActionLedger.UseEntry, _ before: ActionLedger.UseEntry) -> Cause? {
    if now.stage != before.stage { return .stageReplaced(from: before.stage, to: now.stage) }
    if now.version != before.version { return .stageVersion(from: before.version, to: now.version) }
    let sources = Dictionary(before.sources.map { ($0.name, $0.content) }, uniquingKeysWith: { first, _ in first })
    for source in now.sources where sources[source.name] != source.content { return .stageSource(name: source.name) }
    if let gone = before.sources.first(where: { old in !now.sources.contains { $0.name == old.name } }) {
      return .stageSource(name: gone.name)
    }
    // What people wrote says more than what the stage makes of it, as long as the two agree that something changed.
    guard now.parameters != before.parameters else { return nil }
    let written = Dictionary(now.written.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    let old = Dictionary(before.written.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    for name in Set(written.keys).union(old.keys).sorted() where written[name]?.value != old[name]?.value {
      return .parameter(name: name, from: old[name]?.value, to: written[name]?.value, written[name]?.place)
    }
    for name in Set(now.parameters.keys).union(before.parameters.keys).sorted()
    where now.parameters[name] != before.parameters[name] {
      return .parameter(name: name, from: before.parameters[name], to: now.parameters[name])
    }
    return nil
  }

  /// The decision that was made for the tensors of a decision, or the transformation of them. Where overrides have made it
  /// several, the one that was set up alike.
  private func decisionBefore(
    _ action: ActionLedger.ActionEntry, _ before: ActionLedger, _ beforeIndex: LedgerIndex
  ) -> ActionLedger.ActionEntry? {
    let use = action.use
    guard action.kind == .allocate else {
      let candidates = before.actions.filter { $0.kind == .transform && before.uses[$0.use].id == now.uses[use].id }
      return candidates.first { difference(now.uses[use], before.uses[$0.use]) == nil } ?? candidates.first
    }
    let candidates = nowIndex.members(of: use).compactMap { measurement in
      beforeIndex.action(now.uses[use].id, .measure, nowIndex.name(measurement))
        .flatMap { beforeIndex.decision(ofUse: $0.use) }
    }
    return candidates.first { difference(now.uses[use], before.uses[$0.use]) == nil } ?? candidates.first
  }

  /// Why the measurements that a decision is made from are others: one of them is, one has come, or one has gone to
  /// another decision.
  private func otherDecision(
    _ use: Int, _ useBefore: Int, _ before: ActionLedger, _ beforeIndex: LedgerIndex
  ) -> Cause {
    let id = now.uses[use].id
    let gone = beforeIndex.members(of: useBefore).compactMap { measurement in
      nowIndex.action(id, .measure, beforeIndex.name(measurement))
    }.filter { $0.use != use }
    for measurement in nowIndex.members(of: use) + gone {
      if let cause = difference(measurement), cause != .resultLost {
        return .inputChanged(stage: nowIndex.name(measurement) ?? id, cause)
      }
    }
    return .otherTensors
  }

  /// Why what a stage is given of all tensors is not what it was: the first tensor that is another.
  private func otherModel(_ stage: String) -> Cause {
    guard let before, let beforeIndex else { return .firstBuild }
    for tensor in now.tensors {
      guard let old = beforeIndex.tensors[tensor.name].map({ before.tensors[$0] }) else {
        return .inputChanged(stage: tensor.name, .newTensor)
      }
      let producer = nowIndex.producer(of: tensor.name, from: nowIndex.stages[stage] ?? "model")
      let oldProducer = beforeIndex.producer(of: tensor.name, from: beforeIndex.stages[stage] ?? "model")
      guard producer?.result ?? tensor.digest != oldProducer?.result ?? old.digest else { continue }
      return .inputChanged(stage: tensor.name, inputDifference(tensor.name, stage))
    }
    return .otherTensors
  }

  /// Why what a stage is given of a tensor is not what it was: the tensor itself, or what an earlier stage made of it.
  private func inputDifference(_ tensor: String, _ stage: String) -> Cause {
    guard let beforeIndex, let before else { return .firstBuild }
    let producer = nowIndex.producer(of: tensor, from: nowIndex.stages[stage] ?? "model")
    let oldProducer = beforeIndex.producer(of: tensor, from: beforeIndex.stages[stage] ?? "model")
    // Stages in between that leave the tensor alone have no part in it.
    let id = producer.map { now.uses[$0.use].id } ?? "model"
    let oldID = oldProducer.map { before.uses[$0.use].id } ?? "model"
    guard oldID == id else { return .inputMoved(from: oldID, to: id) }
    guard let producer else { return tensorDifference(tensor, before, beforeIndex) }
    // Two results under one key would mean that a stage is not pure; then nothing better can be said.
    return .inputChanged(stage: id, difference(producer) ?? .resultLost)
  }

  private func tensorDifference(_ tensor: String, _ before: ActionLedger, _ beforeIndex: LedgerIndex) -> Cause {
    guard let new = nowIndex.tensors[tensor].map({ now.tensors[$0] }),
      let old = beforeIndex.tensors[tensor].map({ before.tensors[$0] })
    else { return .newTensor }
    if now.model != before.model && old.digest != new.digest {
      return .modelMoved(from: before.model, to: now.model)
    }
    if (old.dtype, old.shape) != (new.dtype, new.shape) {
      return .tensorChanged(
        model: now.model, from: "\(old.dtype) \(old.shape)", to: "\(new.dtype) \(new.shape)")
    }
    return .tensorChanged(model: now.model, from: nil, to: nil)
  }
}

/// A ledger's entries by what they are called.
private struct LedgerIndex {
  let ledger: ActionLedger
  /// For each stage's id its input's.
  let stages: [String: String]
  let tensors: [String: Int]
  private let actions: [Name: Int]
  /// For each use that decides over the model, its decision, and its measurements in model order.
  private let decisions: [Int: Int]
  private let measurements: [Int: [ActionLedger.ActionEntry]]

  private struct Name: Hashable {
    var stage: String
    var kind: ActionLedger.Kind
    var tensor: String?
  }

  init(_ ledger: ActionLedger) {
    self.ledger = ledger
    stages = Dictionary(ledger.stages.map { ($0.id, $0.input) }, uniquingKeysWith: { first, _ in first })
    tensors = Dictionary(
      ledger.tensors.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    actions = Dictionary(
      ledger.actions.enumerated().map { index, action in
        (
          Name(
            stage: ledger.uses[action.use].id, kind: action.kind,
            tensor: action.tensor.map { ledger.tensors[$0].name }), index
        )
      }, uniquingKeysWith: { first, _ in first })
    decisions = Dictionary(
      ledger.actions.enumerated().filter { $1.kind.isOfModel }.map { ($1.use, $0) },
      uniquingKeysWith: { first, _ in first })
    measurements = Dictionary(grouping: ledger.actions.filter { $0.kind == .measure }, by: \.use)
  }

  func decision(ofUse use: Int) -> ActionLedger.ActionEntry? { decisions[use].map { ledger.actions[$0] } }

  func members(of use: Int) -> [ActionLedger.ActionEntry] { measurements[use] ?? [] }

  func name(_ action: ActionLedger.ActionEntry) -> String? { action.tensor.map { ledger.tensors[$0].name } }

  func action(_ stage: String, _ kind: ActionLedger.Kind, _ tensor: String?) -> ActionLedger.ActionEntry? {
    actions[Name(stage: stage, kind: kind, tensor: tensor)].map { ledger.actions[$0] }
  }

  /// The action that makes of a tensor what stage `id` hands on; nil where that is the model's own tensor.
  func producer(of tensor: String, from id: String) -> ActionLedger.ActionEntry? {
    var next = id
    // Stages are in an order in which inputs come first, so this ends; a damaged ledger must not go in circles.
    for _ in 0...ledger.stages.count {
      if let action = action(next, .apply, tensor) { return action }
      guard let input = stages[next] else { return nil }
      next = input
    }
    return nil
  }
}

extension ActionLedger.Kind {
  /// Whether it is for all tensors at once.
  fileprivate var isOfModel: Bool { self == .allocate || self == .transform }
}
