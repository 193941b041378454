import CondenseFiles
import CondenseTensors
import Foundation

/// One build, as the workspace's log has it.
public struct BuildLogEntry: Codable, Equatable, Sendable {
  /// Builds of a workspace are numbered from 1.
  public var build = 0
  /// Seconds since 1970.
  public var started: Double
  public var seconds: Double
  public var outcome: Outcome
  public var actions: ActionCounts
  /// Those that something was done for, or went wrong with.
  public var pipelines: [Pipeline]
  /// How many were found unchanged and passed over.
  public var unchanged: Int

  public enum Outcome: String, Codable, Sendable {
    case done
    case failed
    /// A pipeline or a model file was invalid.
    case invalid
    /// What it was made from changed meanwhile, or the process was to end.
    case withdrawn
  }

  public struct Pipeline: Codable, Equatable, Sendable {
    public var name: String
    public var file: String
    public var status: PipelineReport.Status
    public var actions: ActionCounts
    /// Of its outputs.
    public var bytes: Int
    public var error: String?
  }
}

/// The builds of a workspace, one line of JSON each, in `.condense/vN/history.jsonl`; and which pipelines the last one passed
/// over.
public struct BuildLog: Sendable {
  private let folder: String

  /// - Parameter folder: the workspace's state folder.
  public init(folder: String) { self.folder = folder }

  /// The log of a workspace; nil where it keeps no state.
  public init?(_ workspace: Workspace) {
    guard let folder = try? workspace.makeStateFolder() else { return nil }
    self.init(folder: folder)
  }

  private var path: String { folder + "/history.jsonl" }
  private var lastPath: String { folder + "/last-build" }

  /// A log longer than this loses its older half.
  private static let largest = 4 << 20

  /// Adds a build, and returns its number.
  func append(_ entry: BuildLogEntry, passedOver: [String]) throws -> Int {
    let lock = try FileLock.waiting(path + ".lock")
    defer { withExtendedLifetime(lock) {} }
    var entry = entry
    entry.build = (BuildLog.text(lastPath).map { BuildLog.number($0) } ?? 0) + 1
    try append(Bytes(Array((entry.json + "\n").utf8)))
    try replace(lastPath, with: Bytes(Array("\(entry.build)\n\(passedOver.joined(separator: "\n"))".utf8)))
    return entry.build
  }

  private func append(_ line: Bytes) throws(FileError) {
    let file = try OpenFile.updating(path)
    let size = try file.identity().byteCount
    guard size + line.count > BuildLog.largest else { return try file.write(line, at: size) }
    // From the first whole line of the newer half on.
    let half = try file.read(size / 2..<size).array
    let start = half.firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? half.count
    try replace(path, with: Bytes(half[start...] + line.array))
  }

  /// Needs the log's lock.
  private func replace(_ path: String, with bytes: Bytes) throws(FileError) {
    try FileSystem.replace(path, with: bytes, through: path + ".new")
  }

  /// The last build's number, and the names of the pipelines that it passed over; 0 where there was none.
  public var last: (build: Int, passedOver: Set<String>) {
    guard let text = BuildLog.text(lastPath) else { return (0, []) }
    return (BuildLog.number(text), Set(text.split(separator: "\n").dropFirst().map(String.init)))
  }

  /// The first line; what follows, a name for each pipeline, need not be looked at.
  private static func number(_ text: String) -> Int { Int(text.prefix { $0 != "\n" }) ?? 0 }

  /// The last builds, newest first. Lines that cannot be read are left out.
  public func entries(limit: Int) -> [BuildLogEntry] {
    guard let text = BuildLog.text(path) else { return [] }
    let decoder = JSONDecoder()
    return text.split(separator: "\n").reversed().lazy
      .compactMap { try? decoder.decode(BuildLogEntry.self, from: Data($0.utf8)) }
      .prefix(max(0, limit)).map { $0 }
  }

  private static func text(_ path: String) -> String? {
    guard let file = try? OpenFile.reading(path), let bytes = try? file.read(0..<2 * largest) else { return nil }
    return bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }
}

// Every build writes a line, also one that takes a few milliseconds, of which the first use of a JSONEncoder would be one.

extension BuildLogEntry {
  fileprivate var json: String {
    let pipelines = pipelines.map(\.json).joined(separator: ",")
    return
      "{\"actions\":\(actions.json),\"build\":\(build),\"outcome\":\"\(outcome.rawValue)\",\"pipelines\":[\(pipelines)],"
      + "\"seconds\":\(seconds),\"started\":\(started),\"unchanged\":\(unchanged)}"
  }
}

extension BuildLogEntry.Pipeline {
  fileprivate var json: String {
    "{\"actions\":\(actions.json),\"bytes\":\(bytes)," + (error.map { "\"error\":\(JSONText.quoted($0))," } ?? "")
      + "\"file\":\(JSONText.quoted(file)),\"name\":\(JSONText.quoted(name)),\"status\":\"\(status.rawValue)\"}"
  }
}

extension ActionCounts {
  fileprivate var json: String { "{\"cached\":\(cached),\"ran\":\(ran),\"total\":\(total)}" }
}
