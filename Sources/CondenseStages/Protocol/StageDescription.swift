/// What a stage is, for people, keys and checks.
public struct StageDescription: Sendable {
  /// The name in pipelines: lower case, digits and hyphens.
  public var name: String
  /// Part of every action's key: raise it whenever the same input could yield other bytes.
  public var version: Int
  /// One sentence.
  public var summary: String
  /// Whether decoding gives back the input bit for bit, so that metrics do not change.
  public var isLossless: Bool
  public var scope: StageScope
  /// The numbers that the stage reports besides what is measured of every stage; checks may bound them.
  public var metrics: [MetricDescription]
  /// What besides the version decides what comes out: see ``ConfiguredStage/sources``. Empty where the code is the program's.
  public var sources: [StageSource]
  public var parameters: [ParameterDescription]
  /// Shown by `condense stages NAME` and run as tests.
  public var examples: [StageExample]

  public init(
    name: String, version: Int, summary: String, isLossless: Bool = false, scope: StageScope = .tensor,
    metrics: [MetricDescription] = [], sources: [StageSource] = [], parameters: [ParameterDescription] = [],
    examples: [StageExample] = []
  ) {
    self.name = name
    self.version = version
    self.summary = summary
    self.isLossless = isLossless
    self.scope = scope
    self.metrics = metrics
    self.sources = sources
    self.parameters = parameters
    self.examples = examples
  }
}

extension StageDescription {
  /// Whether a text is a name as stages (with hyphens) and metrics (with underscores) have: lower-case letters and digits, a
  /// letter first.
  public static func isName(_ text: String, separator: Unicode.Scalar) -> Bool {
    guard let first = text.unicodeScalars.first, ("a"..."z").contains(first) else { return false }
    return text.unicodeScalars.allSatisfy { ("a"..."z").contains($0) || ("0"..."9").contains($0) || $0 == separator }
  }
}

/// What a stage sees at a time.
public enum StageScope: String, Sendable {
  case tensor
  /// All tensors that it acts on, with their names.
  case model
  /// All of them too, but it leaves them as they are and only reports numbers.
  case evaluation
}

/// A number that a stage reports.
public struct MetricDescription: Hashable, Sendable {
  /// How the numbers of several tensors make one of the stage.
  public enum Total: String, CaseIterable, Sendable { case mean, sum, min, max }

  /// As checks name it: lower case, digits and underscores.
  public var name: String
  public var summary: String
  public var total: Total

  public init(_ name: String, total: Total = .mean, _ summary: String) {
    self.name = name
    self.total = total
    self.summary = summary
  }
}

/// Something whose content decides what a stage does: a program, a script that it reads, a variable of the environment.
public struct StageSource: Hashable, Sendable {
  /// As people know it: a path relative to the workspace, `$NAME`. Not part of keys.
  public var name: String
  /// A digest of its content, or the content where that is short.
  public var content: String
  /// The file, absolute, where it is one: a build is not up to date any more when it changes.
  public var path: String?

  public init(_ name: String, content: String, path: String? = nil) {
    self.name = name
    self.content = content
    self.path = path
  }
}

/// One parameter of a stage.
public struct ParameterDescription: Sendable {
  public var name: String
  public var summary: String
  public var type: ParameterType
  /// Shown as the default; nil where there is none.
  public var defaultValue: ParameterValue?

  public init(_ name: String, _ type: ParameterType, default defaultValue: ParameterValue? = nil, _ summary: String) {
    self.name = name
    self.summary = summary
    self.type = type
    self.defaultValue = defaultValue
  }
}

/// What a parameter may be; enough to check a pipeline file and to print a JSON Schema.
public indirect enum ParameterType: Sendable {
  case integer(ClosedRange<Int>)
  /// A number between bounds, both allowed; in a pipeline file also a share such as `90%`.
  case number(ClosedRange<Double>)
  case boolean
  /// One of these words.
  case word([String])
  /// A string that the stage itself reads, such as `2:4`; the text says what is expected.
  case text(String)
  /// A file; a pipeline's is relative to the pipeline file, and reaches the stage absolute.
  case path
  case list(of: ParameterType, count: Int)
  /// A mapping with exactly one of these keys.
  case choice([(key: String, type: ParameterType)])
  /// Any one of several types.
  case either([ParameterType])
}

/// A stage on a small tensor: documentation, and a test.
public struct StageExample: Sendable {
  public var title: String
  /// The stages as a pipeline's `stages` list would hold them, in flow style, for example `[{prune: {sparsity: 0.5}}]`.
  public var stages: String
  public var parameters: StageParameters
  public var shape: [Int]
  public var input: [Float]
  /// What the stage's result decodes to.
  public var output: [Float]

  public init(
    _ title: String, stages: String, parameters: StageParameters = [:], shape: [Int], input: [Float], output: [Float]
  ) {
    self.title = title
    self.stages = stages
    self.parameters = parameters
    self.shape = shape
    self.input = input
    self.output = output
  }
}
