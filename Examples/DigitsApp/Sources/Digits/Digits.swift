import CondensedModel
import Foundation

/// The classifier of handwritten digits.
public struct Digits: Sendable {
  private let model: CondensedModel

  /// Opens what `swift package compress-models` made from `pipelines/digits.yaml`.
  ///
  /// - Throws: what `CondensedModel.init(contentsOf:)` does.
  public init(contentsOf file: URL) throws {
    model = try CondensedModel(contentsOf: file)
  }

  /// The weights of a layer, 1 to 3: a row for each of its outputs.
  public func weights(ofLayer layer: Int) throws -> [Float] {
    try model.floats(of: "fc\(layer).weight")
  }
}
