// swift-tools-version: 6.2
import PackageDescription

// A `condense` with a stage more. In a repository of its own, the path becomes the package's URL and a version.
let package = Package(
  name: "condense-with-batchnorm",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "condense", path: "../../..")],
  targets: [
    .target(name: "MergeBatchNorm", dependencies: [.product(name: "CondenseStages", package: "condense")]),
    .executableTarget(
      name: "condense-with-batchnorm",
      dependencies: ["MergeBatchNorm", .product(name: "CondenseCommands", package: "condense")]),
    .testTarget(name: "MergeBatchNormTests", dependencies: ["MergeBatchNorm"]),
  ],
  swiftLanguageModes: [.v6]
)
