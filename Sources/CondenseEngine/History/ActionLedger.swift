import CondenseStore

/// What each action of one build of a pipeline was made of and whether it ran: what the next build is compared with to say
/// why something ran.
struct ActionLedger: Equatable, Sendable {
  /// The build that planned it, by its number in the workspace's log.
  var build: Int
  var model: String
  var tensors: [TensorEntry]
  /// Every stage that feeds an output, in the pipeline's order.
  var stages: [StageEntry]
  /// Set-ups of stages: one a stage, and more where overrides differ.
  var uses: [UseEntry]
  var actions: [ActionEntry]
  var outputs: [OutputEntry]

  struct TensorEntry: Equatable, Sendable {
    var name: String
    var dtype: String
    var shape: [Int]
    var digest: UInt64
  }

  struct StageEntry: Equatable, Sendable {
    var id: String
    /// The id of the stage that it is made from, or `model`.
    var input: String
  }

  struct UseEntry: Equatable, Sendable {
    var id: String
    var stage: String
    var version: Int
    /// As the stage understands them, in canonical spelling.
    var parameters: [String: String]
    /// As they were written, sorted by name.
    var written: [WrittenParameter]
    /// What its code is made of besides the program.
    var sources: [SourceEntry] = []
  }

  struct SourceEntry: Equatable, Sendable {
    var name: String
    var content: String
  }

  struct ActionEntry: Equatable, Sendable {
    var use: Int
    var kind: Kind
    /// Nil for a decision over the model.
    var tensor: Int?
    /// Of its key, its input and its result the leading word; zero where it was never known.
    var key: UInt64
    var input: UInt64
    var result: UInt64
    /// The tensor's share of a decision.
    var allocation: [Int]
    var outcome: Outcome
  }

  struct OutputEntry: Equatable, Sendable {
    var path: String
    var reason: PublishingReason
  }

  enum Kind: UInt8, Sendable, Encodable {
    case measure = 0
    case allocate = 1
    case apply = 2
    case transform = 3
  }

  enum Outcome: UInt8, Sendable {
    case ran = 0
    case reused = 1
    /// The build ended before it, or it failed.
    case unfinished = 2
  }
}

extension ActionLedger {
  /// Whether the build got to the end of every action.
  var isFinished: Bool { actions.allSatisfy { $0.outcome != .unfinished } }
}

/// Why an output was written, or was not.
public enum PublishingReason: UInt8, Sendable, Codable {
  /// It was there already.
  case unchanged = 0
  case missing = 1
  /// There was a file, but none that this store knows of.
  case unknownFile = 2
  /// Other tensors or another envelope than in the file that is there.
  case newContent = 3
  /// Somebody wrote to the file since it was published.
  case edited = 4
  /// A check, or an error, kept it from being published.
  case held = 5
}
