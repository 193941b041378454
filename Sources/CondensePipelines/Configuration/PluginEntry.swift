/// An entry of a configuration's `plugins`: a folder of stage plugins, or a command that is one.
public struct PluginEntry: Equatable, Sendable {
  public enum Source: Equatable, Sendable {
    /// A folder, relative to the file.
    case folder(String)
    /// A program and its arguments. Nothing in them is expanded: no shell is run.
    case command([String])
    /// What was written as one text: a folder if there is one of that name, else these words.
    case folderOrCommand(String, words: [String])
  }

  public var source: Source
  /// How long one request may take.
  public var seconds: Double?
  /// Bytes of memory that each of the plugin's processes may take.
  public var memory: Int?
  /// Where the folder or the command stands.
  public var place: Place

  public init(_ source: Source, seconds: Double? = nil, memory: Int? = nil, at place: Place) {
    self.source = source
    self.seconds = seconds
    self.memory = memory
    self.place = place
  }
}

/// Words of a command line as a simple shell splits them: by spaces, with quotes and backslashes that keep spaces in a
/// word. Nothing else has a meaning.
enum CommandWords {
  /// Nil where a quote does not end, or nothing follows a backslash.
  static func split(_ text: String) -> [String]? {
    var words: [String] = []
    var word: String?
    var quote: Character?
    var isEscaped = false
    for character in text {
      if isEscaped {
        // In double quotes a backslash is one itself, except before these.
        if quote == "\"", character != "\"", character != "\\" { word = (word ?? "") + "\\" }
        word = (word ?? "") + String(character)
        isEscaped = false
      } else if character == "\\", quote != "'" {
        isEscaped = true
      } else if let open = quote {
        if character == open { quote = nil } else { word = (word ?? "") + String(character) }
      } else if character == "'" || character == "\"" {
        quote = character
        word = word ?? ""
      } else if character == " " || character == "\t" {
        if let ended = word { words.append(ended) }
        word = nil
      } else {
        word = (word ?? "") + String(character)
      }
    }
    if let word { words.append(word) }
    return quote == nil && !isEscaped ? words : nil
  }
}
