import CondenseTensors

/// Collects the bytes of a stream, and hands them over without a copy.
package struct ByteWriter: ~Copyable {
  private var unfinished: UnfinishedBytes
  private var memory: UnsafeMutableRawBufferPointer { unfinished.memory }
  package private(set) var count = 0

  package init(capacity: Int = 64) { unfinished = UnfinishedBytes(capacity: max(capacity, 64)) }

  /// Makes room for `more` bytes.
  package mutating func reserve(_ more: Int) {
    guard more > memory.count - count else { return }
    let grown = UnfinishedBytes(capacity: max(count + more, memory.count + memory.count / 2))
    grown.memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[..<count]))
    unfinished = grown
  }

  package mutating func byte(_ byte: UInt8) {
    reserve(1)
    memory[count] = byte
    count += 1
  }

  package mutating func append(_ more: UnsafeRawBufferPointer) {
    reserve(more.count)
    UnsafeMutableRawBufferPointer(rebasing: memory[count..<count + more.count]).copyMemory(from: more)
    count += more.count
  }

  package mutating func append(_ more: Bytes) { more.withUnsafeBytes { append($0) } }
  package mutating func append(_ more: [UInt8]) { more.withUnsafeBytes { append($0) } }

  package mutating func number(_ value: Int) {
    var rest = UInt64(value)
    while rest >= 0x80 {
      byte(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    byte(UInt8(rest))
  }

  /// Appends what `body` writes into room for `capacity` bytes; it returns how many they are.
  package mutating func append(capacity: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) {
    reserve(capacity)
    let written = body(UnsafeMutableRawBufferPointer(rebasing: memory[count..<count + capacity]))
    precondition((0...capacity).contains(written), "wrote past the capacity")
    count += written
  }

  /// Appends the CRC-32 of everything so far.
  package mutating func checksum() {
    let checksum = CRC32.checksum(UnsafeRawBufferPointer(rebasing: memory[..<count]))
    withUnsafeBytes(of: checksum.littleEndian) { append($0) }
  }

  /// What is written so far.
  package func withWritten(_ body: (UnsafeRawBufferPointer) -> Void) {
    body(UnsafeRawBufferPointer(rebasing: memory[..<count]))
  }

  /// The bytes.
  package consuming func finish() -> Bytes {
    let written = count
    return unfinished.finish(count: written)
  }
}
