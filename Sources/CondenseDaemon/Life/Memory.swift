import Foundation

/// What a build freed and the allocator still holds.
enum Memory {
  /// Gives it back to the system: a daemon builds for seconds and waits for hours.
  static func giveBack() {
    #if os(Linux)
      // malloc_trim(3) is glibc's own, and not in the module; another C library need not have it.
      guard let symbol = dlsym(nil, "malloc_trim") else { return }
      let trim = unsafeBitCast(symbol, to: (@convention(c) (Int) -> Int32).self)
      _ = trim(0)
    #endif
  }
}
