import CondenseFiles
import CondenseTensors

/// Streams on their way into a file whose header comes first and is known last: in memory as long as they are small, as
/// compressed models are, and in a file without a name beyond that.
struct StreamSpool {
  private(set) var byteCount = 0
  private let file: NewFile
  private var inMemory: [Bytes] = []
  private var inMemoryByteCount = 0
  /// What is left of `inMemory` follows what is in here.
  private var spool: OpenFile?

  /// More than this is not held in memory.
  private let memoryLimit: Int
  private static let chunk = 1 << 20

  init(beside file: NewFile, memoryLimit: Int) {
    self.file = file
    self.memoryLimit = memoryLimit
  }

  mutating func append(_ stream: Bytes) throws(FileError) {
    inMemory.append(stream)
    inMemoryByteCount += stream.count
    byteCount += stream.count
    guard inMemoryByteCount > memoryLimit else { return }
    let spool: OpenFile
    if let known = self.spool { spool = known } else { spool = try file.makeSpool() }
    self.spool = spool
    try spool.write(inMemory, at: byteCount - inMemoryByteCount)
    inMemory = []
    inMemoryByteCount = 0
  }

  /// All streams' bytes in their order, in pieces.
  func forEach(_ body: (Bytes) throws -> Void) throws {
    var offset = 0
    let spooled = byteCount - inMemoryByteCount
    while let spool, offset < spooled {
      let chunk = try spool.read(offset..<min(spooled, offset + StreamSpool.chunk))
      guard !chunk.isEmpty else { throw ModelError(file.path, "the streams' file ended early") }
      try body(chunk)
      offset += chunk.count
    }
    for stream in inMemory { try body(stream) }
  }
}
