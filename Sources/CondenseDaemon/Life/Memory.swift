import CondenseStore
import Dispatch
import Foundation

// malloc_trim(3) and mallopt(3) are glibc's own, and not in its module; another C library need not have them.

/// What the daemon frees and the allocator still holds: it builds and answers for moments, and waits for hours.
final class Memory: Sendable {
  private let isDue = Locked(false)

  /// Lets all threads share two arenas. Each that a thread of a build had for itself would stay as large as the build was.
  init() {
    #if os(Linux)
      guard let symbol = dlsym(nil, "mallopt") else { return }
      let set = unsafeBitCast(symbol, to: (@convention(c) (Int32, Int32) -> Int32).self)
      let mostArenas: Int32 = -8
      _ = set(mostArenas, 2)
    #endif
  }

  /// Something was done. A second later what is free then goes back to the system, once for all that was done meanwhile.
  func used() {
    let isFirst = isDue.withLock { isDue in
      defer { isDue = true }
      return !isDue
    }
    guard isFirst else { return }
    DispatchQueue.global(qos: .utility).asyncAfter(deadline: .now() + 1) { [isDue] in
      isDue.withLock { $0 = false }
      Memory.giveBack()
    }
  }

  private static func giveBack() {
    #if os(Linux)
      guard let symbol = dlsym(nil, "malloc_trim") else { return }
      let trim = unsafeBitCast(symbol, to: (@convention(c) (Int) -> Int32).self)
      _ = trim(0)
    #endif
  }
}
