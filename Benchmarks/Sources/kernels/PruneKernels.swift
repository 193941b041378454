import CondenseStages
import CondenseTensors

enum PruneKernels {
  /// - Parameter bound: the magnitude that 90 % of the weights are below.
  static func all(bound: Double) -> [Kernel] {
    [
      Kernel(
        name: "prune 90 %", stage: "prune", parameters: ["sparsity": .number(0.9)], target: 0.5, peer: "prune 90 %"),
      Kernel(
        name: "prune 50 %", stage: "prune", parameters: ["sparsity": .number(0.5)]),
      Kernel(
        name: "threshold (90 %)", stage: "prune", parameters: ["threshold": .number(bound)], target: 0.95,
        peer: "threshold"),
      Kernel(name: "2:4", stage: "prune", parameters: ["pattern": .string("2:4")], target: 0.85, peer: "2:4"),
      Kernel(name: "4:8", stage: "prune", parameters: ["pattern": .string("4:8")]),
      Kernel(
        name: "channel scores", stage: "prune",
        parameters: ["sparsity": .number(0.5), "pattern": .string("channel"), "scope": .string("model")], target: 1.7,
        call: .measure, peer: "row L1"),
      Kernel(
        name: "4×4 block scores", stage: "prune",
        parameters: [
          "sparsity": .number(0.5), "pattern": .map(["block": .list([.integer(4), .integer(4)])]),
          "scope": .string("model"),
        ], target: 0.8, call: .measure),
      Kernel(
        name: "prune channels 50 %", stage: "prune",
        parameters: ["sparsity": .number(0.5), "pattern": .string("channel")]),
      Kernel(
        name: "scores over the model", stage: "prune",
        parameters: ["sparsity": .number(0.9), "scope": .string("model")], call: .measure),
    ]
  }
}
