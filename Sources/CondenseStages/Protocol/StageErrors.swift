/// Why a stage failed on one tensor; whoever runs it adds the tensor's name.
public struct StageError: Error, Hashable, Sendable, CustomStringConvertible {
  public var message: String
  /// The element (row-major) at fault, where there is one.
  public var elementIndex: Int?

  public init(_ message: String, elementIndex: Int? = nil) {
    self.message = message
    self.elementIndex = elementIndex
  }

  /// What a stage throws that stopped because nobody wants its result any more.
  public static let cancelled = StageError("cancelled")

  public var description: String {
    elementIndex.map { "\(message) at element \($0)" } ?? message
  }
}

/// Why a stage cannot follow the stages before it.
public struct StageRefusal: Error, Hashable, Sendable, CustomStringConvertible {
  public var message: String
  public init(_ message: String) { self.message = message }
  public var description: String { message }
}

/// Why parameters do not make a stage; `key` tells where in the pipeline file to point.
public struct ParameterError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The parameter at fault; nil where it is the stage as a whole, such as a missing parameter.
  public var key: String?
  public var message: String

  public init(_ key: String?, _ message: String) {
    self.key = key
    self.message = message
  }

  public var description: String { key.map { "\($0): \(message)" } ?? message }
}
