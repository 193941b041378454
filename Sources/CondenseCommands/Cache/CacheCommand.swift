import ArgumentParser
import CondenseReports
import CondenseEngine
import CondensePipelines
import CondenseStore
import Foundation

struct CacheCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cache", abstract: "Looks after the store, in which artifacts are kept for all workspaces.",
    subcommands: [CacheStatsCommand.self, CacheVerifyCommand.self, CacheCollectCommand.self])
}

extension Workspace {
  /// Bytes that the store may take.
  var cacheLimit: Int { configuration.cacheLimit?.value ?? LocalStore.defaultLimit }
}

struct CacheStatsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "stats", abstract: "Tells what is in the store.")

  @OptionGroup var location: WorkspaceOptions

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let console = Console()
    let workspace = try location.resolvedWorkspace()
    let store = try LocalStore.fromEnvironment(for: workspace)
    let statistics = store.statistics()
    if json {
      console.result(
        try JSONOutput.text(CacheStatsDocument(statistics, folder: store.root, limit: workspace.cacheLimit)))
    } else {
      console.result(CacheText.lines(statistics, folder: store.root, limit: workspace.cacheLimit))
    }
  }
}

struct CacheVerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Reads everything in the store, and drops what is damaged.",
    discussion: "Ends with 1 if anything was found. What is dropped is made again when it is needed.")

  @OptionGroup var location: WorkspaceOptions

  @Flag(help: "Only report; drop nothing.")
  var keep = false

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let console = Console()
    let workspace = try location.resolvedWorkspace()
    let store = try LocalStore(verifying: LocalStore.folder(for: workspace))
    let report = try store.verify(drops: !keep)
    if json {
      console.result(try JSONOutput.text(CacheVerifyDocument(report, folder: store.root)))
    } else {
      console.result(CacheText.lines(report))
    }
    if !report.problems.isEmpty { throw ExitCode.failure }
  }
}

struct CacheCollectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gc",
    abstract: "Evicts artifacts from the store, those that were used least lately first.",
    discussion: """
      Without options down to the workspace's limit: 'cache: {limit: …}' in condense.yaml, else 20 GB. What published \
      outputs of known workspaces are made of stays, and what running builds use.
      """)

  @OptionGroup var location: WorkspaceOptions

  @Option(help: ArgumentHelp("What the store may take afterwards, such as '5 GB' or 0.", valueName: "size"))
  var limit: String?

  @Option(help: ArgumentHelp("Evict what was not used for so many days.", valueName: "days"))
  var olderThan: Int?

  @Flag(help: "Only tell what would go.")
  var dryRun = false

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if let limit, bytes(limit) == nil {
      throw ValidationError("--limit is \(Quantity.expectation(.bytes)), not '\(limit)'")
    }
    if let olderThan, !(0...100_000).contains(olderThan) {
      throw ValidationError("--older-than is a number of days, not \(olderThan)")
    }
  }

  private func bytes(_ text: String) -> Int? {
    Quantity.value(text, in: .bytes).flatMap { Int(exactly: $0.rounded(.down)) }.flatMap { $0 >= 0 ? $0 : nil }
  }

  func run() throws {
    let console = Console()
    let workspace = try location.resolvedWorkspace()
    let store = try LocalStore.fromEnvironment(for: workspace)
    let limit = limit.flatMap { bytes($0) } ?? (olderThan == nil ? workspace.cacheLimit : nil)
    let report = try store.evict(EvictionRequest(limit: limit, olderThanDays: olderThan, isDryRun: dryRun))
    if json {
      console.result(
        try JSONOutput.text(CacheCollectDocument(report, folder: store.root, limit: limit, isDryRun: dryRun)))
    } else {
      console.result(CacheText.lines(report, limit: limit, isDryRun: dryRun))
    }
  }
}
