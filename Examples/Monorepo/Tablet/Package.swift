// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "Tablet",
  platforms: [.macOS(.v15)],
  dependencies: [
    // For its command compress-models.
    .package(name: "condense", path: "../../.."),
    .package(path: "../Weights"),
  ],
  targets: [.executableTarget(name: "Tablet", dependencies: [.product(name: "Weights", package: "Weights")])]
)
