extension PruneStage {
  static let examples: [StageExample] = [
    StageExample(
      "Half of the weights become zero, the smallest ones", stages: "[{prune: {sparsity: 0.5}}]",
      parameters: ["sparsity": .number(0.5)], shape: [2, 3], input: [3, -1, 0.5, -4, 2, 1],
      output: [3, 0, 0, -4, 2, 0]),
    StageExample(
      "Of equal weights the first stay", stages: "[{prune: {sparsity: 0.5}}]",
      parameters: ["sparsity": .number(0.5)], shape: [2, 2], input: [1, -1, 1, 1], output: [1, -1, 0, 0]),
    StageExample(
      "Weights below a bound become zero", stages: "[{prune: {threshold: 1}}]",
      parameters: ["threshold": .integer(1)], shape: [1, 4], input: [0.99, 1, -1.5, -0.5], output: [0, 1, -1.5, 0]),
    StageExample(
      "Two of every four stay, as sparse tensor cores like it", stages: "[{prune: {pattern: \"2:4\"}}]",
      parameters: ["pattern": .string("2:4")], shape: [1, 8], input: [1, 2, 3, 4, -9, 0, 8, 7],
      output: [0, 0, 3, 4, -9, 0, 8, 0]),
    StageExample(
      "Whole channels go, those with the smallest sum", stages: "[{prune: {sparsity: 0.5, pattern: channel}}]",
      parameters: ["sparsity": .number(0.5), "pattern": .string("channel")], shape: [2, 2], input: [1, 1, 5, 0.5],
      output: [0, 0, 5, 0.5]),
    StageExample(
      "Blocks of one row and two columns go", stages: "[{prune: {sparsity: 0.5, pattern: {block: [1, 2]}}}]",
      parameters: ["sparsity": .number(0.5), "pattern": .map(["block": .list([.integer(1), .integer(2)])])],
      shape: [2, 4], input: [1, 2, 9, 1, 4, 4, 0, 3], output: [0, 0, 9, 1, 4, 4, 0, 0]),
  ]
}
