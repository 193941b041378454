import Foundation

/// What the system says of a file that changes whenever the file's content does.
///
/// Size and modification time alone can be put back after an edit; the change time and the inode cannot.
public struct FileIdentity: Hashable, Sendable {
  public var device: UInt64
  public var inode: UInt64
  public var byteCount: Int
  /// Nanoseconds since 1970.
  public var modificationTime: Int64
  /// Nanoseconds since 1970; set by the system at every change to the file or its attributes.
  public var changeTime: Int64

  public init(device: UInt64, inode: UInt64, byteCount: Int, modificationTime: Int64, changeTime: Int64) {
    self.device = device
    self.inode = inode
    self.byteCount = byteCount
    self.modificationTime = modificationTime
    self.changeTime = changeTime
  }

  /// The identity of the file at `path`, symbolic links followed.
  public init(of path: String) throws(FileError) {
    var status = stat()
    guard stat(path, &status) == 0 else { throw FileError("look at", path, code: errno) }
    self.init(status)
  }

  init(_ status: stat) {
    #if canImport(Darwin)
      let modified = status.st_mtimespec
      let changed = status.st_ctimespec
    #else
      let modified = status.st_mtim
      let changed = status.st_ctim
    #endif
    self.init(
      device: UInt64(truncatingIfNeeded: status.st_dev), inode: UInt64(truncatingIfNeeded: status.st_ino),
      byteCount: Int(status.st_size), modificationTime: nanoseconds(modified), changeTime: nanoseconds(changed))
  }
}

extension FileIdentity {
  /// Whether a write after `moment` is sure to show as another identity.
  ///
  /// File times move in ticks, so an edit in the tick of the last one leaves no trace. A record of such a young file must
  /// not be trusted. A time in the future (a clock set back) is not trusted either.
  public func isSettled(at moment: Int64) -> Bool { moment - latestTime > tick }

  /// Nanoseconds from `moment` until the file is settled; nil where that is no short wait.
  public func settles(after moment: Int64) -> Int64? {
    let wait = latestTime + tick + 1 - moment
    return wait <= FileIdentity.longestTick && latestTime <= moment ? max(0, wait) : nil
  }

  private var latestTime: Int64 { max(modificationTime, changeTime) }

  /// At most 10 ms on Linux; file systems that keep no fractions of a second tick in one or two.
  private var tick: Int64 {
    let hasFractions = modificationTime % 1_000_000_000 != 0 || changeTime % 1_000_000_000 != 0
    return hasFractions ? FileIdentity.longestTick : 2_000_000_000
  }

  private static let longestTick: Int64 = 50_000_000

  /// Nanoseconds since 1970 by the system's clock.
  public static var now: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return nanoseconds(time)
  }
}

private func nanoseconds(_ time: timespec) -> Int64 { Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec) }
