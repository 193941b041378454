extension ClusterStage {
  static let examples: [StageExample] = [
    StageExample(
      "Four values, each the mean of the weights that it stands for", stages: "[{cluster: {bits: 2}}]",
      parameters: ["bits": .integer(2)], shape: [2, 4], input: [1, 1.5, 4, 4.5, 8, 8.5, -2, -2.5],
      output: [1.25, 1.25, 4.25, 4.25, 8.25, 8.25, -2.25, -2.25]),
    StageExample(
      "Zeros stay zero and take one of the values", stages: "[{cluster: {count: 2}}]",
      parameters: ["count": .integer(2)], shape: [1, 4], input: [0, 1, 3, 0], output: [0, 2, 2, 0]),
    StageExample(
      "Each channel has values of its own", stages: "[{cluster: {count: 2, scope: channel}}]",
      parameters: ["count": .integer(2), "scope": .string("channel")], shape: [2, 3], input: [1, 1, 7, 2, 4, 9],
      output: [1, 1, 7, 3, 3, 9]),
    StageExample(
      "Fewer values than allowed, where the bits are worth more than the error",
      stages: "[{cluster: {bits: 2, rate_distortion: 0.1}}]",
      parameters: ["bits": .integer(2), "rate_distortion": .number(0.1)], shape: [1, 6], input: [1, 1, 1, 2, 9, 9],
      output: [1.25, 1.25, 1.25, 1.25, 9, 9]),
  ]
}
