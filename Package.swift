// swift-tools-version: 6.2
import PackageDescription

// Targets stand in the order in which data flows, lowest first; a target imports only targets above it in this list.
let package = Package(
  name: "condense",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "condense", targets: ["condense"]),
    .library(name: "CondensedModel", targets: ["CondensedModel"]),
    .library(name: "CondenseStages", targets: ["CondenseStages"]),
    .library(name: "CondenseCommands", targets: ["CondenseCommands"]),
    .plugin(name: "CompressModels", targets: ["CompressModels"]),
    .plugin(name: "CondenseModels", targets: ["CondenseModelsPlugin"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
  ],
  targets: [
    .target(name: "CProcessor"),
    .target(name: "CSHA256", dependencies: ["CProcessor"]),
    .target(name: "CLanes", dependencies: ["CProcessor"]),
    .target(name: "CCoders", dependencies: ["CProcessor"]),
    .target(name: "CProcesses"),
    .systemLibrary(
      name: "CLibYAML", pkgConfig: "yaml-0.1",
      providers: [.apt(["libyaml-dev"]), .brew(["libyaml"])]),

    .target(name: "CondenseTensors"),
    .target(name: "CondenseFiles", dependencies: ["CondenseTensors"]),
    .target(name: "CondenseCodecs", dependencies: ["CCoders", "CondenseTensors"]),
    .target(name: "CondensedModel", dependencies: ["CondenseCodecs"]),
    .target(name: "CondensePipelines", dependencies: ["CLibYAML"]),
    .target(name: "CondenseModels", dependencies: ["CondenseCodecs", "CondenseFiles", "CondenseTensors"]),
    .target(name: "CondenseStages", dependencies: ["CLanes", "CondenseCodecs", "CondenseTensors"]),
    .target(
      name: "CondenseStore",
      dependencies: [
        "CSHA256", "CondenseFiles", "CondenseTensors", .product(name: "GRDB", package: "GRDB.swift"),
      ]),
    .target(
      name: "CondensePlugins",
      dependencies: ["CProcesses", "CondenseFiles", "CondensePipelines", "CondenseStages", "CondenseStore"]),
    .target(
      name: "CondenseEngine",
      dependencies: ["CLanes", "CondensePipelines", "CondenseStages", "CondenseModels", "CondenseStore"]),
    .target(name: "CondenseReports", dependencies: ["CondenseEngine", "CondensePlugins"]),
    .target(name: "CondenseWatching", dependencies: ["CondenseFiles"]),
    .target(
      name: "CondenseHTTP",
      dependencies: [
        "CondenseTensors",
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ]),
    .target(
      name: "CondenseDaemon",
      dependencies: [
        "CondenseEngine", "CondensePlugins", "CondenseReports", "CondenseWatching", "CondenseHTTP",
        .product(name: "Logging", package: "swift-log"),
      ]),
    .target(
      name: "CondenseCommands",
      dependencies: [
        "CondenseDaemon", "CondenseEngine", "CondensePlugins", "CondenseReports",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(name: "condense", dependencies: ["CondenseCommands"]),
    .plugin(
      name: "CompressModels",
      capability: .command(
        intent: .custom(verb: "compress-models", description: "Builds the package's compressed models."),
        permissions: [.writeToPackageDirectory(reason: "Compressed models are written where pipelines say.")])),
    // The product is called as its users see it; a library here has the name as well.
    .plugin(
      name: "CondenseModelsPlugin", capability: .buildTool(), dependencies: ["condense"],
      path: "Plugins/CondenseModels"),

    .target(name: "TestSupport", dependencies: ["CProcessor", "CondenseCodecs"], path: "Tests/TestSupport"),
    .testTarget(name: "CondenseTensorsTests", dependencies: ["CondenseTensors", "TestSupport"]),
    .testTarget(name: "CondenseFilesTests", dependencies: ["CondenseFiles"]),
    .testTarget(name: "CondenseCodecsTests", dependencies: ["CondenseCodecs", "TestSupport"]),
    .testTarget(name: "CondensedModelTests", dependencies: ["CondensedModel", "CondenseStore", "TestSupport"]),
    .testTarget(name: "CondensePipelinesTests", dependencies: ["CondensePipelines", "TestSupport"]),
    .testTarget(name: "CondenseModelsTests", dependencies: ["CondenseModels", "TestSupport"]),
    .testTarget(name: "CondenseStagesTests", dependencies: ["CondenseStages", "TestSupport"]),
    .testTarget(
      name: "CondenseStoreTests",
      dependencies: ["CondenseStore", "CSHA256", "TestSupport", .product(name: "GRDB", package: "GRDB.swift")]),
    .testTarget(name: "CondensePluginsTests", dependencies: ["CondensePlugins", "TestSupport"]),
    .testTarget(
      name: "CondenseEngineTests",
      dependencies: ["CondenseEngine", "TestSupport", .product(name: "GRDB", package: "GRDB.swift")]),
    .testTarget(name: "CondenseWatchingTests", dependencies: ["CondenseWatching", "TestSupport"]),
    .testTarget(name: "CondenseHTTPTests", dependencies: ["CondenseHTTP", "TestSupport"]),
    .testTarget(name: "CondenseDaemonTests", dependencies: ["CondenseDaemon", "TestSupport"]),
    .testTarget(
      name: "CondenseCommandsTests",
      dependencies: ["condense", "CondenseCommands", "CondenseModels", "CondenseReports", "TestSupport"]),
  ],
  swiftLanguageModes: [.v6]
)

// Where Scripts/sanitize tests the engine and what is below it, the server and the command line need not be compiled.
if Context.environment["CONDENSE_UP_TO_ENGINE"] != nil {
  let above: Set = [
    "CondenseReports", "CondenseWatching", "CondenseHTTP", "CondenseDaemon", "CondenseCommands", "CondensePlugins",
    "condense", "CompressModels", "CondenseModelsPlugin",
  ]
  package.targets.removeAll { above.contains($0.name) || above.contains($0.name.replacing("Tests", with: "")) }
  let below: Set = ["CondensedModel", "CondenseStages"]
  package.products.removeAll { !below.contains($0.name) }
}
