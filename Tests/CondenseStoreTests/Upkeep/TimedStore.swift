import CondenseFiles
import CondenseStore
import CondenseTensors
import Foundation
import GRDB

/// A store in a folder of its own, whose clock goes as tests say.
final class TimedStore {
  let folder = FileManager.default.temporaryDirectory.path + "/condense-upkeep-\(UUID().uuidString)"
  let clock = Clock()
  let store: LocalStore

  /// Hours since 1970.
  final class Clock: Sendable {
    private let value = Locked(500_000)
    var hour: Int { value.withLock { $0 } }
    func advance(hours: Int) { value.withLock { $0 += hours } }
  }

  init() throws { store = try TimedStore.open(folder, clock) }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// The same folder, as another process would open it.
  func reopened() throws -> LocalStore { try TimedStore.open(folder, clock) }

  private static func open(_ folder: String, _ clock: Clock) throws -> LocalStore {
    try LocalStore(folder: folder, hour: { clock.hour }, removesAbandoned: true)
  }

  static func key(_ number: Int) -> Digest { Digest(of: Bytes("key \(number)".utf8)) }

  /// Content that is an object where it is large.
  static func content(_ number: Int, count: Int = 1000) -> ArtifactContent {
    let head = [UInt8(truncatingIfNeeded: number), UInt8(truncatingIfNeeded: number >> 8)]
    return ArtifactContent([Bytes(head), Bytes([UInt8](repeating: 7, count: count - 2))])
  }

  /// Keeps `content(number)` as what action `number` made.
  @discardableResult
  func keep(_ number: Int, count: Int = 1000) throws -> Artifact {
    let content = TimedStore.content(number, count: count)
    try store.keep([content], for: [ActionRecord(key: TimedStore.key(number), artifact: content.artifact)])
    return content.artifact
  }

  /// Which of the actions are there, with what they made.
  func present(_ numbers: Range<Int>) -> [Int] {
    numbers.filter { number in store.actions([TimedStore.key(number)])[0].flatMap { store.load($0) } != nil }
  }

  /// Changes the index behind the store's back.
  func execute(_ sql: String, _ arguments: StatementArguments = []) throws {
    let queue = try DatabaseQueue(path: store.root + "/index.sqlite")
    try queue.writeWithoutTransaction { try $0.execute(sql: sql, arguments: arguments) }
  }
}
