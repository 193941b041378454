// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that neither users nor `swift test` build it. It sees of Condense what any app sees.
let package = Package(
  name: "benchmarks",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "condense", path: "..")],
  targets: [
    .target(name: "Benchmarking", dependencies: [.product(name: "CondenseStages", package: "condense")]),
    .executableTarget(name: "kernels", dependencies: ["Benchmarking"]),
    .executableTarget(name: "codecs", dependencies: ["Benchmarking"]),
  ],
  swiftLanguageModes: [.v6]
)
