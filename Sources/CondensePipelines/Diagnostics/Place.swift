/// A stretch of a file. What a pipeline says can come from several files: its own, and those that it extends.
public struct Place: Hashable, Sendable {
  public var file: String
  public var range: SourceRange

  public init(file: String, range: SourceRange) {
    self.file = file
    self.range = range
  }

  /// Where a file begins.
  public static func start(of file: String) -> Place { Place(file: file, range: SourceRange(line: 1, column: 1)) }
}

/// A value with the place that it was written at.
public struct Located<Value> {
  public var value: Value
  public var place: Place

  public init(_ value: Value, at place: Place) {
    self.value = value
    self.place = place
  }

  public var range: SourceRange { place.range }
}

extension Located: Sendable where Value: Sendable {}
extension Located: Equatable where Value: Equatable {}
