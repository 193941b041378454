import CondensedModel
import Foundation
import Testing

@testable import Digits

/// What `swift package compress-models` made; it is to have been called before.
private let built = URL(filePath: #filePath).appending(path: "../../../build").standardized

@Test("The model in the bundle has the tensors that the same pipeline gives as plain ones")
func tensors() throws {
  let model = try CondensedModel(contentsOf: Digits.file)
  let plain = try PlainTensors(contentsOf: built.appending(path: "digits-plain.safetensors"))
  #expect(Set(model.tensorNames) == Set(plain.floats.keys))
  for (name, floats) in plain.floats {
    #expect(try model.floats(of: name) == floats, "\(name)")
  }
}

@Test("The model in the bundle is the file that compress-models made")
func bytes() throws {
  #expect(try Data(contentsOf: Digits.file) == Data(contentsOf: built.appending(path: "digits.condensed")))
}

@Test("Layers have the sizes of the network")
func sizes() throws {
  let digits = try Digits()
  #expect(try (1...3).map { try digits.weights(ofLayer: $0).count } == [256 * 64, 128 * 256, 10 * 128])
}
