import Foundation

/// A value behind a lock.
///
/// Over `NSLock` rather than `Mutex`: the thread sanitizer sees the former's POSIX lock, while the latter's futex looks
/// to it like no lock at all.
package final class Locked<Value>: @unchecked Sendable {
  private let lock = NSLock()
  private var value: Value

  package init(_ value: sending Value) { self.value = value }

  package func withLock<T, E: Error>(_ body: (inout Value) throws(E) -> T) throws(E) -> T {
    lock.lock()
    defer { lock.unlock() }
    return try body(&value)
  }
}
