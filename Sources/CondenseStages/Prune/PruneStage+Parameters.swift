/// What `prune` is asked to do.
struct PruneParameters: Equatable {
  enum Amount: Equatable {
    /// The share of elements that become zero.
    case sparsity(Double)
    /// Elements of a smaller magnitude become zero.
    case threshold(Double)
    /// The pattern says it.
    case pattern
  }

  enum Pattern: Equatable {
    case unstructured
    /// Of each M neighbours along the last axis, the N largest stay.
    case nOfM(Int, Int)
    /// Rectangles of the matrix [axis 0, all other axes] stay or go as a whole.
    case block(Int, Int)
    /// Rows of that matrix stay or go as a whole.
    case channel
  }

  var amount: Amount
  var scopeIsModel: Bool
  var pattern: Pattern

  /// A threshold is the same for all tensors whatever the scope, so it needs no decision over the model.
  var spansModel: Bool {
    if case .sparsity = amount { scopeIsModel } else { false }
  }

  static let descriptions: [ParameterDescription] = [
    ParameterDescription("sparsity", .number(0...1), "The share of weights to set to zero; exact to one element."),
    ParameterDescription(
      "threshold", .number(0...Double.greatestFiniteMagnitude), "Sets weights of a smaller magnitude to zero."),
    ParameterDescription(
      "scope", .word(["tensor", "model"]), default: .string("tensor"),
      "Whether each tensor gets the sparsity, or all together with one bar for the model."),
    ParameterDescription(
      "pattern",
      .either([
        .word(["unstructured", "channel"]), .text("N:M such as \"2:4\""),
        .choice([(key: "block", type: .list(of: .integer(1...Int.max), count: 2))]),
      ]), default: .string("unstructured"),
      "What stays or goes together: single weights, the N largest of each M, blocks of [rows, columns], channels."),
  ]

  init(_ parameters: StageParameters) throws(ParameterError) {
    let scope = parameters["scope"]?.string ?? "tensor"
    guard ["tensor", "model"].contains(scope) else { throw ParameterError("scope", "expected tensor or model") }
    scopeIsModel = scope == "model"
    pattern = try PruneParameters.pattern(parameters["pattern"] ?? .string("unstructured"))
    switch (parameters["sparsity"]?.double, parameters["threshold"]?.double) {
    case (.some, .some): throw ParameterError("threshold", "give a sparsity or a threshold, not both")
    case (let sparsity?, nil):
      guard (0...1).contains(sparsity) else { throw ParameterError("sparsity", "expected a share from 0 to 1") }
      amount = .sparsity(sparsity)
    case (nil, let threshold?):
      guard threshold >= 0, threshold.isFinite else { throw ParameterError("threshold", "expected a number from 0") }
      amount = .threshold(threshold)
    case (nil, nil): amount = .pattern
    }
    if case .nOfM(let n, let m) = pattern {
      guard amount == .pattern else {
        let key = parameters["sparsity"] == nil ? "threshold" : "sparsity"
        throw ParameterError(key, "the pattern \(n):\(m) says how many weights stay; leave this out")
      }
      if scopeIsModel { throw ParameterError("scope", "the pattern \(n):\(m) is the same in every tensor") }
    } else if amount == .pattern {
      throw ParameterError(nil, "prune needs a sparsity or a threshold, such as {sparsity: 0.9}")
    }
  }

  private static func pattern(_ value: ParameterValue) throws(ParameterError) -> Pattern {
    if let block = value.map?["block"]?.list?.compactMap(\.int) {
      guard block.count == 2, block.allSatisfy({ $0 >= 1 }) else {
        throw ParameterError("pattern", "expected {block: [rows, columns]}, both from 1")
      }
      return .block(block[0], block[1])
    }
    switch value.string {
    case "unstructured": return .unstructured
    case "channel": return .channel
    case let text?:
      let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
      guard parts.count == 2, let n = parts[0], let m = parts[1], n >= 1, n < m, m <= 1024 else { break }
      return .nOfM(n, m)
    default: break
    }
    throw ParameterError(
      "pattern", "expected unstructured, channel, N:M with 1 ≤ N < M ≤ 1024 in quotes, or {block: [rows, columns]}")
  }

  /// Only what has an effect, spelled one way.
  var canonical: StageParameters {
    var parameters: StageParameters = [:]
    switch pattern {
    case .unstructured: parameters["pattern"] = .string("unstructured")
    case .channel: parameters["pattern"] = .string("channel")
    case .nOfM(let n, let m): parameters["pattern"] = .string("\(n):\(m)")
    case .block(let rows, let columns):
      parameters["pattern"] = .map(["block": .list([.integer(rows), .integer(columns)])])
    }
    switch amount {
    case .sparsity(let share): parameters["sparsity"] = .number(share)
    case .threshold(let bound): parameters["threshold"] = .number(bound)
    case .pattern: break
    }
    if spansModel { parameters["scope"] = .string("model") }
    return parameters
  }

  /// How many of a tensor's units a sparsity leaves.
  func survivorCount(of unitCount: Int) -> Int {
    guard case .sparsity(let share) = amount else { return unitCount }
    return SurvivorCount.survivors(of: unitCount, sparsity: share)
  }
}

/// The rule for how many of a number of weights a sparsity leaves.
enum SurvivorCount {
  /// `count` − round(`count` · `sparsity`), halves away from zero.
  static func survivors(of count: Int, sparsity: Double) -> Int {
    count - min(count, Int((Double(count) * sparsity).rounded(.toNearestOrAwayFromZero)))
  }
}
