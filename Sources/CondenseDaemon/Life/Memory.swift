import Foundation

// malloc_trim(3) and mallopt(3) are glibc's own, and not in its module; another C library need not have them.

/// What builds free and the allocator still holds: a daemon builds for seconds and waits for hours.
enum Memory {
  /// Lets all threads share two arenas. Each that a thread of a build had for itself would stay as large as the build was.
  static func share() {
    #if os(Linux)
      guard let symbol = dlsym(nil, "mallopt") else { return }
      let set = unsafeBitCast(symbol, to: (@convention(c) (Int32, Int32) -> Int32).self)
      let mostArenas: Int32 = -8
      _ = set(mostArenas, 2)
    #endif
  }

  /// Gives what is free back to the system.
  static func giveBack() {
    #if os(Linux)
      guard let symbol = dlsym(nil, "malloc_trim") else { return }
      let trim = unsafeBitCast(symbol, to: (@convention(c) (Int) -> Int32).self)
      _ = trim(0)
    #endif
  }
}
