import CondenseStore
import Foundation
import Testing

@testable import CondenseDaemon

@Suite("A connection to a daemon") struct UnixSocketConnectionTests {
  @Test("One that fails closes no file that somebody else has opened meanwhile") func failing() {
    let isOver = Locked(false)
    let lost = Locked(0)
    let ended = DispatchSemaphore(value: 0)
    Thread {
      while !isOver.withLock({ $0 }) {
        let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
        if descriptor >= 0, close(descriptor) != 0 { lost.withLock { $0 += 1 } }
      }
      ended.signal()
    }.start()
    let path = FileManager.default.temporaryDirectory.path + "/nobody-\(UUID().uuidString.prefix(8))"
    for _ in 0..<20_000 {
      #expect(throws: UnixSocketConnection.Failure.self) { try UnixSocketConnection(to: path, patience: 1) }
    }
    isOver.withLock { $0 = true }
    ended.wait()
    #expect(lost.withLock { $0 } == 0)
  }
}
