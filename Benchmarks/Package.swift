// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that neither users nor `swift test` build it. It sees of Condense what any app sees.
let package = Package(
  name: "benchmarks",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "condense", path: "..")],
  targets: [
    .target(name: "Benchmarking", dependencies: [.product(name: "CondenseStages", package: "condense")]),
    // The package's own source, by a link: apps do not see it. What it includes comes with CondenseStages.
    .target(
      name: "HashedBytes", dependencies: [.product(name: "CondenseStages", package: "condense")],
      path: "Sources/HashedBytes"),
    .executableTarget(name: "kernels", dependencies: ["Benchmarking", "HashedBytes"]),
    .executableTarget(name: "cluster", dependencies: ["Benchmarking"]),
    .executableTarget(name: "codecs", dependencies: ["Benchmarking"]),
    .executableTarget(name: "chain", dependencies: ["Benchmarking", "HashedBytes"]),
    .executableTarget(
      name: "loading", dependencies: ["Benchmarking", .product(name: "CondensedModel", package: "condense")]),
  ],
  swiftLanguageModes: [.v6]
)
