// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "Phone",
  platforms: [.macOS(.v15)],
  dependencies: [
    // For its command compress-models.
    .package(name: "condense", path: "../../.."),
    .package(path: "../Weights"),
  ],
  targets: [.executableTarget(name: "Phone", dependencies: [.product(name: "Weights", package: "Weights")])]
)
