import CondenseCodecs
import CondenseStages
import CondenseTensors
import MergeBatchNorm
import Testing

@Suite("merge-batchnorm")
struct MergeBatchNormTests {
  @Test("It keeps what the protocol promises for stages")
  func conformance() {
    for check in StageConformance(MergeBatchNormStage()).checks() {
      #expect(check.problem == nil, "\(check.name): \(check.problem ?? "")")
    }
  }

  @Test("Weights and normalisation together do the same as before")
  func same() throws {
    let model = [
      NamedTensor(name: "conv.weight", tensor: EncodedTensor(try Tensor([1, 2, -3, 4], shape: [2, 2]))),
      NamedTensor(name: "bn.weight", tensor: EncodedTensor(try Tensor([4, 0.5]))),
      NamedTensor(name: "bn.bias", tensor: EncodedTensor(try Tensor([1, -1]))),
      NamedTensor(name: "bn.running_mean", tensor: EncodedTensor(try Tensor([1, 3]))),
      NamedTensor(name: "bn.running_var", tensor: EncodedTensor(try Tensor([4, 0.25]))),
    ]
    let stage = try MergeBatchNormStage().configure(["epsilon": .number(0)])
    let result = try stage.transform(model, run: StageRun())
    #expect(result.metrics == ["merged": 1])
    let values = try result.tensors.map { try $0.expanded().floats }
    #expect(values == [[2, 4, -3, 4], [1, 1], [-1, -4], [0, 0], [1, 1]])
  }
}
