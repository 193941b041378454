extension ConfigurationReader {
  private static let pluginKeys = ["folder", "command", "seconds", "memory"]

  /// A week: what takes longer is taken to hang.
  private static let mostSeconds = 604_800.0

  /// Reads the list of plugins; one alone is a list of one.
  mutating func pluginEntries(_ node: Node) -> [PluginEntry] {
    let items = node.sequence ?? [node]
    guard values.isShort(items, "entries", node.place) else { return [] }
    return items.compactMap { item in
      item.mapping.map { plugin($0, at: item.place) } ?? plugin(item)
    }
  }

  private mutating func plugin(_ node: Node) -> PluginEntry? {
    guard let text = values.string(node, "a folder of plugins such as stages/, or a command") else { return nil }
    if text.value.hasSuffix("/") { return PluginEntry(.folder(text.value), at: text.place) }
    return words(text).map { PluginEntry(.folderOrCommand(text.value, words: $0), at: text.place) }
  }

  private mutating func words(_ text: Located<String>) -> [String]? {
    guard let words = CommandWords.split(text.value) else {
      values.report("a quote in the command does not end", text.place)
      return nil
    }
    guard words.first?.isEmpty == false else {
      values.report("the command names no program", text.place)
      return nil
    }
    return words
  }

  private mutating func plugin(_ pairs: [Node.Pair], at place: Place) -> PluginEntry? {
    var source: Located<PluginEntry.Source>?
    var isWrong = false
    var seconds: Double?
    var memory: Int?
    for pair in pairs {
      switch pair.key.value {
      case "folder", "command":
        guard source == nil else {
          values.report("a plugin is a folder or a command, not both", pair.key.place)
          isWrong = true
          continue
        }
        let read = pair.key.value == "folder" ? folder(pair.value) : command(pair.value)
        source = read.map { Located($0, at: pair.value.place) }
        isWrong = isWrong || read == nil
      case "seconds": seconds = self.seconds(pair.value)
      case "memory": memory = size(pair.value)?.value
      default: values.diagnostics.append(.unknown("key", pair.key, known: ConfigurationReader.pluginKeys))
      }
    }
    guard let source else {
      if !isWrong { values.report("a plugin has a folder or a command", place) }
      return nil
    }
    return PluginEntry(source.value, seconds: seconds, memory: memory, at: source.place)
  }

  private mutating func folder(_ node: Node) -> PluginEntry.Source? {
    values.string(node, "a folder of plugins").map { .folder($0.value) }
  }

  private mutating func command(_ node: Node) -> PluginEntry.Source? {
    let expected = "a command such as python3 stages/finetune.py, or a list of its words"
    guard let items = node.sequence else {
      return values.string(node, expected).flatMap { self.words($0) }.map { .command($0) }
    }
    guard !items.isEmpty else {
      values.report("expected \(expected), found an empty list", node.place)
      return nil
    }
    guard values.isShort(items, "words", node.place) else { return nil }
    let words = items.compactMap { values.string($0, "a word of the command") }
    return words.count == items.count ? PluginEntry.Source.command(words.map(\.value)) : nil
  }

  private mutating func seconds(_ node: Node) -> Double? {
    guard let seconds = node.number, seconds > 0, seconds <= ConfigurationReader.mostSeconds else {
      values.report(
        "expected a number of seconds over 0 and at most \(Int(ConfigurationReader.mostSeconds)), found \(node.kind)",
        node.place)
      return nil
    }
    return seconds
  }
}
