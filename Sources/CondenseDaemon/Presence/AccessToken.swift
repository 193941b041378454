import CondenseFiles
import CondenseTensors
import Foundation

/// What a request that changes something has to show: whoever can read the file is the workspace's user.
package struct AccessToken: Sendable {
  /// 64 hexadecimal digits. It is never logged.
  package let text: String

  /// Reads a workspace's token.
  package init(in folder: DaemonFolder) throws(FileError) {
    let bytes = try OpenFile.reading(folder.tokenPath).read(0..<AccessToken.length + 1).array
    let text = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    guard text.utf8.count == AccessToken.length, text.utf8.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit })
    else { throw FileError("understand", folder.tokenPath, code: EINVAL) }
    self.text = text
  }

  private static let length = 64

  /// Reads the workspace's token, or makes one: it outlives the daemon, so that scripts may keep it.
  ///
  /// One that others could have read or written is replaced.
  static func make(in folder: DaemonFolder) throws(FileError) -> AccessToken {
    var status = stat()
    if lstat(folder.tokenPath, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_mode & 0o077 == 0,
      let token = try? AccessToken(in: folder)
    {
      return token
    }
    try FileSystem.remove(folder.tokenPath)
    let digits = Array("0123456789abcdef")
    var generator = SystemRandomNumberGenerator()
    let text = String((0..<length).map { _ in digits[Int(generator.next(upperBound: UInt(16)))] })
    let file = try OpenFile.creating(folder.tokenPath)
    guard chmod(folder.tokenPath, 0o600) == 0 else { throw FileError("protect", folder.tokenPath, code: errno) }
    try file.write(Bytes(Array((text + "\n").utf8)), at: 0)
    return try AccessToken(in: folder)
  }
}
