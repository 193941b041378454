import CondenseFiles
import CondenseStore
import CondenseTensors
import Foundation
import TestSupport
import Testing

@testable import CondenseEngine

@Suite("The workspace's state")
final class WorkspaceStateTests {
  private let folder = FileManager.default.temporaryDirectory.path + "/condense-\(UUID().uuidString)"
  private let program = Digest(of: Bytes("this program".utf8))
  private var path: String { folder + "/" + WorkspaceState.fileName }

  init() throws { try FileSystem.makeFolders(folder) }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// A record of a pipeline file that is there; `mark` tells it from others of the same file.
  private func record(_ name: String, mark: Int = 0) throws -> PipelineRecord {
    let file = "\(folder)/\(name).yaml"
    if !FileSystem.exists(file) { try FileSystem.replace(file, with: Bytes(), through: file + ".new") }
    let build = BuildRecord(
      name: "\(name) \(mark)", models: [], outputs: [], actionKeys: [UInt64(mark)],
      report: PipelineReport(name: "\(name) \(mark)", file: file).asCached)
    return PipelineRecord(file: file, dependencies: [], builds: [build])
  }

  private func state(_ program: Digest? = nil) -> WorkspaceState {
    WorkspaceState(in: folder, program: program ?? self.program)
  }

  private func keep(_ records: PipelineRecord..., known: WorkspaceState = WorkspaceState()) throws {
    let changes = records.map { ($0.file, $0 as PipelineRecord?) }
    try WorkspaceState.update(
      in: folder, program: program, Dictionary(changes) { $1 }, known: known)
  }

  private func remove(_ record: PipelineRecord) throws {
    try WorkspaceState.update(in: folder, program: program, [record.file: nil])
  }

  private func bytes() throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }
  private func write(_ bytes: some Sequence<UInt8>) throws {
    // In place, as a process that is killed leaves it: the file is the same one still.
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try handle.truncate(atOffset: 0)
    try handle.write(contentsOf: Data(bytes))
    try handle.close()
  }

  @Test("What was recorded last of a file counts, and what was removed is gone")
  func lastCounts() throws {
    let (a, b) = (try record("a"), try record("b"))
    try keep(a, b)
    let newer = try record("a", mark: 1)
    try keep(newer)
    #expect(state()[a.file] == newer && state()[b.file] == b)
    try remove(b)
    #expect(state()[a.file] == newer && state()[b.file] == nil)
    try keep(b)
    #expect(state()[b.file] == b)
  }

  @Test("A change adds to the file and leaves what is there as it is")
  func appends() throws {
    try keep(record("a"), record("b"))
    let before = try bytes()
    try keep(record("b", mark: 1))
    let after = try bytes()
    #expect(after.count > before.count && Array(after.prefix(before.count)) == before)
  }

  @Test("Removing what is not there writes nothing")
  func removesNothing() throws {
    try keep(record("a"))
    let before = try bytes()
    try remove(record("b"))
    #expect(try bytes() == before)
  }

  @Test("Of a file that ends anywhere, all whole records are found, and the next update is not lost behind the rest")
  func tornTails() throws {
    let (a, b, c) = (try record("a"), try record("b"), try record("c"))
    try keep(a)
    let whole = try bytes()
    try keep(b)
    let longer = try bytes()
    for count in whole.count...longer.count {
      try write(longer.prefix(count))
      let known = state()
      #expect(known[a.file] == a && (known[b.file] != nil) == (count == longer.count), "\(count) bytes")
      try keep(c, known: known)
      #expect(state()[a.file] == a && state()[c.file] == c, "\(count) bytes")
      try FileSystem.remove(path)
      try Data(whole).write(to: URL(fileURLWithPath: path))
    }
  }

  @Test("A flipped bit costs the record that it is in, or those after it; the next update heals the file")
  func flippedBits() throws {
    let records = try (0..<4).map { try record("p\($0)") }
    for record in records { try keep(record) }
    let intact = try bytes()
    var random = SeededGenerator(seed: 5)
    for round in 0..<200 {
      var damaged = intact
      let place = Int.random(in: 0..<damaged.count, using: &random)
      damaged[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      try Data(damaged).write(to: URL(fileURLWithPath: path))
      let known = state()
      for record in records { #expect([nil, record].contains(known[record.file]), "round \(round), seed 5") }
      let newer = try record("p2", mark: round + 1)
      try keep(newer, known: known)
      let healed = state()
      #expect(healed[newer.file] == newer, "round \(round), seed 5")
      for record in records where record.file != newer.file {
        #expect(healed[record.file] == known[record.file], "round \(round), seed 5")
      }
    }
  }

  @Test("Another program's state, one of another version and a file of something else count as none, and are replaced")
  func strangers() throws {
    let a = try record("a")
    try keep(a)
    let ours = try bytes()
    #expect(state(Digest(of: Bytes("another".utf8)))[a.file] == nil)
    var older = ours
    older[7] = UInt8(ascii: "1")
    for stranger in [older, [], Array(ours.prefix(20)), Array("something else".utf8)] {
      try Data(stranger).write(to: URL(fileURLWithPath: path))
      #expect(state()[a.file] == nil)
      let b = try record("b")
      try keep(b)
      #expect(state()[b.file] == b && state()[a.file] == nil)
    }
  }

  @Test("Who has read the state reads only on, and is told what others did meanwhile")
  func known() throws {
    let (a, b, c) = (try record("a"), try record("b"), try record("c"))
    try keep(a)
    let known = state()
    try keep(b)
    try remove(a)
    let now = try WorkspaceState.update(in: folder, program: program, [c.file: c], known: known)
    #expect(now[a.file] == nil && now[b.file] == b && now[c.file] == c)
    #expect(known[a.file] == a)
  }

  @Test("Who has read a file that was replaced meanwhile reads the new one")
  func knownButReplaced() throws {
    let (a, b, c) = (try record("a"), try record("b"), try record("c"))
    try keep(a)
    let known = state()
    try FileSystem.remove(path)
    try keep(b)
    let now = try WorkspaceState.update(in: folder, program: program, [c.file: c], known: known)
    #expect(now[a.file] == nil && now[b.file] == b && now[c.file] == c)
    #expect(state()[b.file] == b && state()[a.file] == nil)
  }

  @Test("The file stays in proportion to what it holds, however often its records change or their files are others")
  func compaction() throws {
    let steady = try record("steady")
    try keep(steady)
    var known = state()
    var sizes: [Int] = []
    for mark in 0..<3000 {
      let changing = try record("changing", mark: mark)
      let passing = try record("passing \(mark)")
      known = try WorkspaceState.update(
        in: folder, program: program, [changing.file: changing, passing.file: passing], known: known)
      try FileSystem.remove(passing.file)
      #expect(known[changing.file] == changing && known[steady.file] == steady)
      sizes.append(try FileIdentity(of: path).byteCount)
    }
    #expect(sizes.max() ?? 0 < 200_000, "64 KiB, and twice what three records take")
    #expect(zip(sizes, sizes.dropFirst()).filter { $0 > $1 }.count > 3, "it was written anew")
    #expect(state()[steady.file] == steady)
    #expect(state()[folder + "/passing 0.yaml"] == nil)
  }

  @Test("Writers at the same time lose nothing of each other", arguments: [4])
  func concurrent(writers: Int) async throws {
    let (folder, program) = (folder, program)
    // With names long enough that the file is written anew time and again.
    let records = try (0..<writers).map { writer in
      try (0..<60).map { try record("\(writer) \($0) " + String(repeating: "x", count: 200), mark: $0) }
    }
    try await withThrowingTaskGroup { group in
      for mine in records {
        group.addTask {
          var known = WorkspaceState(in: folder, program: program)
          for (index, record) in mine.enumerated() {
            let now = try WorkspaceState.update(in: folder, program: program, [record.file: record], known: known)
            // Some go on from what they know, some from what they read without a lock while others write.
            known = index.isMultiple(of: 3) ? WorkspaceState(in: folder, program: program) : now
          }
        }
      }
      try await group.waitForAll()
    }
    let state = state()
    for record in records.joined() { #expect(state[record.file] == record) }
  }
}
