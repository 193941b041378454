import CondenseFiles

/// The databases that a store's index has had: `index.sqlite`, after damage `index-1.sqlite`, and so on. The one with the
/// highest number counts.
///
/// A damaged database is neither renamed nor replaced: SQLite removes the log of a database by its name when the last
/// process closes it, and would remove the log of the one that took the name.
struct IndexFiles: Sendable {
  let folder: String

  private static let suffix = ".sqlite"

  func path(_ number: Int) -> String { "\(folder)/\(IndexFiles.stem(number))\(IndexFiles.suffix)" }

  /// For processes that make a database or start anew.
  var lockPath: String { folder + "/index.lock" }

  /// The number of the database that counts; 0 where there is none yet.
  var latest: Int {
    let names = (try? FileSystem.names(in: folder)) ?? []
    return names.compactMap { IndexFiles.number($0) }.max() ?? 0
  }

  /// Removes databases from before `number`. The one that was damaged last stays, for whoever wants to look.
  func removeAll(before number: Int) {
    for name in (try? FileSystem.names(in: folder)) ?? [] {
      // A log's name is that of its database and a word more.
      let database = name.range(of: IndexFiles.suffix).map { String(name[..<$0.upperBound]) } ?? name
      if let found = IndexFiles.number(database), found < number { try? FileSystem.remove(folder + "/" + name) }
    }
  }

  private static func stem(_ number: Int) -> String { number == 0 ? "index" : "index-\(number)" }

  private static func number(_ name: String) -> Int? {
    guard name.hasPrefix("index"), name.hasSuffix(suffix) else { return nil }
    let middle = name.dropFirst("index".count).dropLast(suffix.count)
    if middle.isEmpty { return 0 }
    guard let number = Int(middle.dropFirst()), number > 0, name == stem(number) + suffix else { return nil }
    return number
  }
}
