enum ClusterKernels {
  static let all: [Kernel] = [
    Kernel(name: "cluster k=256", stage: "cluster", parameters: ["bits": .integer(8)], target: 0.2),
    Kernel(name: "cluster k=16", stage: "cluster", parameters: ["bits": .integer(4)], target: 0.2),
  ]
}
