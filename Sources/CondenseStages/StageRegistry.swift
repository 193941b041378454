/// The stages that a build knows by name.
public struct StageRegistry: Sendable {
  /// In the order in which they were registered.
  public private(set) var stages: [any Stage]
  /// Stages that should be there and are not, by name, with the reason in words.
  public var unavailable: [String: String] = [:]

  public init(_ stages: [any Stage]) { self.stages = stages }

  public func stage(named name: String) -> (any Stage)? {
    stages.first { $0.description.name == name }
  }

  public var names: [String] { stages.map { $0.description.name } }
}
