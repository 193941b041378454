#if os(Linux)
  import Glibc

  /// One event of inotify(7).
  struct InotifyEvent {
    var descriptor: Int32
    var mask: Mask
    /// The entry of the watched folder; nil where it is the folder itself. Not UTF-8: with replacement characters.
    var name: String?

    struct Mask: OptionSet {
      var rawValue: UInt32

      static let modified = Mask(IN_MODIFY)
      static let closed = Mask(IN_CLOSE_WRITE)
      static let created = Mask(IN_CREATE)
      static let deleted = Mask(IN_DELETE)
      static let movedHere = Mask(IN_MOVED_TO)
      static let movedAway = Mask(IN_MOVED_FROM)
      static let attributes = Mask(IN_ATTRIB)
      static let selfDeleted = Mask(IN_DELETE_SELF)
      static let selfMoved = Mask(IN_MOVE_SELF)
      static let unmounted = Mask(IN_UNMOUNT)
      static let watchGone = Mask(IN_IGNORED)
      static let overflow = Mask(IN_Q_OVERFLOW)
      static let isFolder = Mask(UInt32(IN_ISDIR))

      static let appeared: Mask = [.created, .movedHere]
      static let vanished: Mask = [.deleted, .movedAway]
      /// The path of the watched folder leads elsewhere, or nowhere.
      static let selfGone: Mask = [.selfDeleted, .selfMoved, .unmounted, .watchGone]

      init(rawValue: UInt32) { self.rawValue = rawValue }
      private init(_ value: Int32) { rawValue = UInt32(bitPattern: value) }
      private init(_ value: UInt32) { rawValue = value }

      func isAny(of other: Mask) -> Bool { !isDisjoint(with: other) }
    }
  }

  /// How much of a folder's changes is asked for. A folder on the way to something costs no wake-up by what else happens
  /// in it.
  enum WatchLevel: Int, Comparable {
    /// The folder itself or one in it goes, or who may enter it changes. The folder does not tell that it was deleted while
    /// somebody has it open or works in it; the one above does.
    case passing
    /// Also, entries appear and go.
    case names
    /// Also, files in it are written to.
    case contents

    static func < (a: WatchLevel, b: WatchLevel) -> Bool { a.rawValue < b.rawValue }

    var mask: InotifyEvent.Mask {
      switch self {
      case .passing: [.selfDeleted, .selfMoved, .attributes, .deleted]
      case .names: [WatchLevel.passing.mask, .appeared, .vanished]
      case .contents: [WatchLevel.names.mask, .modified, .closed]
      }
    }
  }
#endif
