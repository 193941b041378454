import CondenseCodecs
import CondenseTensors

/// Tensors to try a stage on: those of many that it acts on.
struct StageCases: Sendable {
  private(set) var all: [NamedTensor] = []

  private static let shapes = [
    [], [0], [1], [7], [1, 1], [3, 5], [0, 4], [4, 0], [16, 16], [2, 3, 4], [2, 3, 2, 2], [8, 1, 3, 3],
  ]

  private enum Filling: String, CaseIterable {
    case mixed = "mixed values"
    case equal = "equal values"
    case zeros = "zeros"
    case signed = "zeros of both signs"
  }

  init(for stage: any ConfiguredStage, scope: StageScope) {
    for dtype in [DType.f32, .f16, .bf16, .f64] {
      for dimensions in StageCases.shapes {
        guard let shape = try? Shape(dimensions),
          stage.accepts(TensorDescription(dtype: dtype, shape: shape))
        else { continue }
        for filling in Filling.allCases {
          // The fillings are tried on one shape of each type; the mixed one on all.
          guard filling == .mixed || dimensions == [3, 5] || dimensions == [7] else { continue }
          let values = StageCases.values(filling, count: shape.elementCount)
          guard let bytes = dtype.bytes(values), let tensor = try? Tensor(dtype: dtype, shape: shape, bytes: bytes)
          else { continue }
          all.append(
            NamedTensor(name: "\(dtype.rawValue) \(shape) of \(filling.rawValue)", tensor: EncodedTensor(tensor)))
        }
      }
    }
    guard all.isEmpty else { return }
    // A stage for whole numbers.
    for dtype in [DType.u8, .i8, .i16, .i32, .i64] {
      for dimensions in StageCases.shapes {
        guard let shape = try? Shape(dimensions), stage.accepts(TensorDescription(dtype: dtype, shape: shape))
        else { continue }
        let bytes = Bytes((0..<shape.elementCount * dtype.byteWidth).map { UInt8(truncatingIfNeeded: $0 * 37) })
        guard let tensor = try? Tensor(dtype: dtype, shape: shape, bytes: bytes) else { continue }
        all.append(NamedTensor(name: "\(dtype.rawValue) \(shape)", tensor: EncodedTensor(tensor)))
      }
    }
  }

  /// Two of them: a small one, and one with something in it.
  var few: StageCases {
    var few = self
    let full = all.first { $0.tensor.shape.elementCount > 1 }
    few.all = [all.first, full].compactMap { $0 }
    return few
  }

  /// Numbers that all floating-point types hold, the same on every machine.
  private static func values(_ filling: Filling, count: Int) -> [Float] {
    (0..<count).map { index in
      switch filling {
      case .mixed: Float((index * 37 + 11) % 64 - 32) / 16
      case .equal: 0.5
      case .zeros: 0
      case .signed: index % 2 == 0 ? -0.0 : 0
      }
    }
  }
}
