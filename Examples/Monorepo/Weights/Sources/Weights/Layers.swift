import CondensedModel
import Foundation

/// The layers of a classifier, from whatever file an app ships.
public struct Layers: Sendable {
  private let model: CondensedModel

  /// - Throws: what `CondensedModel.init(contentsOf:)` does.
  public init(contentsOf url: URL) throws { model = try CondensedModel(contentsOf: url) }

  /// The weights of a layer, 1 to 3: a row for each of its outputs.
  public func weights(ofLayer layer: Int) throws -> [Float] { try model.floats(of: "fc\(layer).weight") }
}
