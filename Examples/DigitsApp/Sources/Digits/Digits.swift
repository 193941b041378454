import CondensedModel
import Foundation

/// The classifier of handwritten digits.
public struct Digits: Sendable {
  private let model: CondensedModel

  /// Opens what the build made from `pipelines/digits.yaml`.
  ///
  /// - Throws: what `CondensedModel.init(contentsOf:)` does.
  public init() throws {
    model = try CondensedModel(contentsOf: Digits.file)
  }

  /// The weights of a layer, 1 to 3: a row for each of its outputs.
  public func weights(ofLayer layer: Int) throws -> [Float] {
    try model.floats(of: "fc\(layer).weight")
  }

  /// The model's file, among the target's resources.
  static var file: URL {
    get throws {
      guard let url = Bundle.module.url(forResource: "digits", withExtension: "condensed") else {
        throw CocoaError(.fileNoSuchFile, userInfo: [NSFilePathErrorKey: "digits.condensed"])
      }
      return url
    }
  }
}
