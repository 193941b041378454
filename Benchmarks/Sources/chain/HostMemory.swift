/// Memory of the machine under this one.
///
/// Some hypervisors take back what has been free for a few seconds; then the first touch of a megabyte takes as long as
/// copying fifty (2.3 ms, measured). A program that is started now would be charged for it, whatever it does.
enum HostMemory {
  /// What a build of the chain needs, for itself and for the files it writes, and as much again.
  private static let byteCount = 512 << 20

  /// Has memory come back, and leaves it to whoever asks next.
  static func fetch() {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 4096)
    for page in stride(from: 0, to: memory.count, by: 4096) { memory[page] = 1 }
    memory.deallocate()
  }
}
