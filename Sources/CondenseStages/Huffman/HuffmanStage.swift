import CondenseCodecs

/// Packs every tensor losslessly with Huffman codes, whatever earlier stages made of it.
public struct HuffmanStage: Stage {
  public init() {}

  public var description: StageDescription {
    StageDescription(
      name: "huffman", version: 3,
      summary: "Packs every tensor losslessly: indices and codes by frequency, other numbers byte plane by byte plane.",
      isLossless: true,
      parameters: [
        ParameterDescription(
          "layout", .word(StreamLayout.allCases.map(\.rawValue)), default: .string(StreamLayout.auto.rawValue),
          "Whether zeros are coded in their places (dense), left out (sparse), or whichever is smaller.")
      ],
      examples: [
        StageExample(
          "Every bit comes back", stages: "[huffman]", shape: [2, 2], input: [1, 0, -2.5, 0.125],
          output: [1, 0, -2.5, 0.125]),
        StageExample(
          "Zeros are left out and counted instead", stages: "[{huffman: {layout: sparse}}]",
          parameters: ["layout": .string("sparse")], shape: [1, 6], input: [0, 0, 3, 0, 0, 1],
          output: [0, 0, 3, 0, 0, 1]),
      ])
  }

  public func configure(_ parameters: StageParameters) throws(ParameterError) -> any ConfiguredStage {
    guard let layout = StreamLayout(rawValue: parameters["layout"]?.string ?? StreamLayout.auto.rawValue) else {
      throw ParameterError("layout", "expected auto, dense or sparse")
    }
    return LosslessPacking(
      name: "huffman", parameters: ["layout": .string(layout.rawValue)], layout: layout, coding: .huffman)
  }
}
