extension EntropyStage {
  static let examples = [
    StageExample(
      "Every bit comes back", stages: "[entropy]", shape: [2, 2], input: [1, 0, -2.5, 0.125],
      output: [1, 0, -2.5, 0.125]),
    StageExample(
      "The smallest, whatever it takes to decode", stages: "[{entropy: {prefer: size}}]",
      parameters: ["prefer": .string("size")], shape: [2, 4], input: [0, 3, 0, 0, 0, 1, 0, 0],
      output: [0, 3, 0, 0, 0, 1, 0, 0]),
    StageExample(
      "Zeros from their neighbours, in the row and in the column",
      stages: "[{entropy: {coder: range, layout: sparse}}]",
      parameters: ["coder": .string("range"), "layout": .string("sparse")], shape: [2, 4],
      input: [0, 3, 0, 0, 0, 1, 0, 0], output: [0, 3, 0, 0, 0, 1, 0, 0]),
  ]
}
