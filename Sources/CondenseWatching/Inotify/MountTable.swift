#if os(Linux)
  import Foundation

  /// What is mounted where: tells the file systems that others change too, without this machine's kernel being told.
  struct MountTable: Sendable {
    private var typesByPoint: [String: String] = [:]

    init(typesByPoint: [String: String]) { self.typesByPoint = typesByPoint }

    /// Reads the lines of proc_pid_mountinfo(5). Of mounts on one folder, the last is seen.
    init(_ lines: String) {
      for line in lines.split(separator: "\n") {
        let fields = line.split(separator: " ")
        guard fields.count > 6, let dash = fields[6...].firstIndex(of: "-"), dash + 1 < fields.count else { continue }
        typesByPoint[MountTable.unescaped(fields[4])] = String(fields[dash + 1])
      }
    }

    /// Of this process; empty where the system does not tell.
    static var current: MountTable {
      let bytes = FileManager.default.contents(atPath: "/proc/self/mountinfo") ?? Data()
      return MountTable(String(decoding: bytes, as: UTF8.self))
    }

    /// The type of the network file system that a path without links lies in; nil for a local one.
    func networkType(at path: String) -> String? {
      var folder = path[...]
      while !folder.isEmpty {
        if let type = typesByPoint[String(folder)] { return MountTable.isNetwork(type) ? type : nil }
        guard let slash = folder.lastIndex(of: "/") else { break }
        folder = folder[..<slash]
      }
      return typesByPoint["/"].flatMap { MountTable.isNetwork($0) ? $0 : nil }
    }

    private static func isNetwork(_ type: String) -> Bool {
      if local.contains(type) { return false }
      return network.contains(type) || type.hasPrefix("fuse.") || type.hasPrefix("nfs") || type.hasPrefix("smb")
    }

    private static let network: Set<String> = [
      "cifs", "fuse", "9p", "virtiofs", "afs", "coda", "ceph", "ncpfs", "lustre", "gpfs", "gfs2", "ocfs2", "vboxsf",
      "prl_fs", "panfs", "beegfs", "glusterfs", "pvfs2", "vmhgfs",
    ]

    private static let local: Set<String> = ["fuse.fuse-overlayfs"]

    /// Spaces and the like are three octal digits after a backslash.
    private static func unescaped(_ field: Substring) -> String {
      var bytes: [UInt8] = []
      var rest = Array(field.utf8)[...]
      while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "\\"), rest.count >= 3,
          let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
        {
          bytes.append(code)
          rest = rest.dropFirst(3)
        } else {
          bytes.append(byte)
        }
      }
      return String(decoding: bytes, as: UTF8.self)
    }
  }
#endif
