extension QuantizeStage {
  static let examples: [StageExample] = [
    StageExample(
      "127 steps on either side of zero", stages: "[{quantize: {dtype: int8}}]", parameters: ["dtype": .string("int8")],
      shape: [1, 4], input: [127, -64.4, 0.3, 1], output: [127, -64, 0, 1]),
    StageExample(
      "After pruning, small weights take the nearest step instead of becoming zero",
      stages: "[{prune: {threshold: 0.1}}, {quantize: {dtype: int4}}]", parameters: ["dtype": .string("int4")],
      shape: [1, 4], input: [7, -0.2, 0, 3.4], output: [7, -1, 0, 3]),
    StageExample(
      "A zero point puts the steps where the weights are", stages: "[{quantize: {dtype: uint8, symmetric: false}}]",
      parameters: ["dtype": .string("uint8"), "symmetric": .bool(false)], shape: [1, 3], input: [-5, 0, 250],
      output: [-5, 0, 250]),
    StageExample(
      "Each channel has a scale of its own", stages: "[{quantize: {dtype: int4, granularity: channel}}]",
      parameters: ["dtype": .string("int4"), "granularity": .string("channel")], shape: [2, 2],
      input: [7, 3, 700, 300], output: [7, 3, 700, 300]),
    StageExample(
      "A weight gives way where its bits are worth more than the error",
      stages: "[{quantize: {dtype: int8, rate_distortion: 0.0002}}]",
      parameters: ["dtype": .string("int8"), "rate_distortion": .number(0.0002)], shape: [2, 4],
      input: [127, 1, 0, 0, 0, 0, 0, 0], output: [127, 0, 0, 0, 0, 0, 0, 0]),
  ]
}
