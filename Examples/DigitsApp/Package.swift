// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "DigitsApp",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "condense", path: "../..")],
  targets: [
    .target(name: "Digits", dependencies: [.product(name: "CondensedModel", package: "condense")])
  ]
)
