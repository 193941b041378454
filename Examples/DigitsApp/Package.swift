// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "DigitsApp",
  platforms: [.macOS(.v15)],
  // A package of yours has: .package(url: "https://…/condense", from: "…")
  dependencies: [.package(name: "condense", path: "../..")],
  targets: [
    .target(
      name: "Digits",
      dependencies: [.product(name: "CondensedModel", package: "condense")],
      exclude: ["pipelines"],
      plugins: [.plugin(name: "CondenseModels", package: "condense")]),
    .testTarget(
      name: "DigitsTests", dependencies: ["Digits", .product(name: "CondensedModel", package: "condense")]),
  ]
)
