// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "Weights",
  platforms: [.macOS(.v15)],
  products: [.library(name: "Weights", targets: ["Weights"])],
  dependencies: [.package(name: "condense", path: "../../..")],
  targets: [.target(name: "Weights", dependencies: [.product(name: "CondensedModel", package: "condense")])]
)
