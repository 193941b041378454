import Testing

@testable import CondensePipelines

@Suite("The configuration of a workspace")
struct ConfigurationTests {
  private static func read(_ text: String) -> Configuration {
    Configuration(SourceText(file: "/w/condense.yaml", text: text))
  }

  @Test("A whole configuration is read")
  func whole() {
    let configuration = Self.read(
      """
      pipelines: [pipelines, apps/*/pipelines]
      ignore: [old, "*.bak"]
      cache: {folder: ../cache, limit: 20 GB}
      jobs: 3
      defaults:
        checks: {ratio: {min: 4}}
        stages: [{prune: {sparsity: "${s}"}}]
      """)
    #expect(configuration.diagnostics.isEmpty)
    #expect(configuration.pipelines?.map(\.value) == ["pipelines", "apps/*/pipelines"])
    #expect(configuration.ignore.count == 2)
    #expect(configuration.cacheFolder?.absolutePath == "/cache")
    #expect(configuration.cacheLimit?.value == 20_000_000_000)
    #expect(configuration.jobs?.value == 3)
    #expect(configuration.defaults?.mapping?.map(\.key.value) == ["checks", "stages"])
  }

  @Test("Plugins are folders and commands, with limits")
  func plugins() {
    let configuration = Self.read(
      """
      plugins:
        - stages/
        - python3 "my stages/a b.py" --fast 'x y'
        - {command: [python3, a b.py], seconds: 1.5, memory: 4 GB}
        - folder: more
          seconds: 60
        - command: ./tool
      """)
    #expect(configuration.diagnostics.isEmpty, "\(configuration.diagnostics.map(\.message))")
    #expect(
      configuration.plugins.map(\.source) == [
        .folder("stages/"),
        .folderOrCommand(
          "python3 \"my stages/a b.py\" --fast 'x y'", words: ["python3", "my stages/a b.py", "--fast", "x y"]),
        .command(["python3", "a b.py"]), .folder("more"), .command(["./tool"]),
      ])
    #expect(configuration.plugins.map(\.seconds) == [nil, nil, 1.5, 60, nil])
    #expect(configuration.plugins.map(\.memory) == [nil, nil, 4_000_000_000, nil, nil])
    #expect(configuration.plugins[2].place.range.start == SourcePosition(line: 4, column: 15))
  }

  @Test(
    "A command is split into words as a simple shell does it",
    arguments: [
      ("a b  c", ["a", "b", "c"]), (#"a\ b "c d" 'e"f' ''"#, ["a b", "c d", "e\"f", ""]),
      (#""a\"b\\c\d""#, [#"a"b\c\d"#]), ("a$HOME *", ["a$HOME", "*"]), ("", []),
    ])
  func words(text: String, words: [String]) { #expect(CommandWords.split(text) == words) }

  @Test("A command whose quote does not end is none", arguments: ["'a", "\"a", "a\\"])
  func openQuotes(text: String) { #expect(CommandWords.split(text) == nil) }

  @Test("One that is empty says nothing", arguments: ["", "# nothing\n", "~\n"])
  func empty(text: String) {
    let configuration = Self.read(text)
    #expect(configuration.diagnostics.isEmpty && configuration.pipelines == nil && configuration.jobs == nil)
    #expect(configuration.source != nil)
  }

  @Test(
    "What is wrong is reported at its place",
    arguments: [
      ("- a", "a configuration is a mapping with keys such as pipelines and cache, not a list", 1, 1),
      ("pipeline: x", "unknown key 'pipeline'; did you mean 'pipelines'?", 1, 1),
      ("jobs: 0", "expected a whole number from 1 to 1024, found the number 0", 1, 7),
      ("jobs: many", "expected a whole number from 1 to 1024, found 'many'", 1, 7),
      ("cache: 20 GB", "expected a mapping such as {limit: 20 GB}, found '20 GB'", 1, 8),
      ("cache: {limit: 20 gb}", "expected a size such as 20 GB, found '20 gb'; did you mean '20 GB'?", 1, 16),
      ("cache: {limit: -1}", "expected a size such as 20 GB, found the number -1", 1, 16),
      ("cache: {limit: 1e300}", "expected a size such as 20 GB", 1, 16),
      ("cache: {size: 1}", "unknown key 'size'; expected one of folder, limit", 1, 9),
      ("cache: {folder: [a]}", "expected a folder to keep artifacts in, found a list", 1, 17),
      ("pipelines: []", "the list of folders is empty", 1, 12),
      ("pipelines: ['[']", "the pattern '[' is none: a '[' does not close", 1, 13),
      ("ignore: [{a: b}]", "expected a pattern of names or paths, found a mapping", 1, 10),
      ("ignore: ['{a']", "the pattern '{a' is none: a '{' does not close", 1, 10),
      ("plugins: {}", "a plugin has a folder or a command", 1, 10),
      ("plugins: [3, [a]]", "expected a folder of plugins such as stages/, or a command, found a list", 1, 14),
      ("plugins: [python3 'a]", "a quote in the command does not end", 1, 11),
      ("plugins: ['\"\" a']", "the command names no program", 1, 11),
      ("plugins: [{folder: a, command: b}]", "a plugin is a folder or a command, not both", 1, 23),
      ("plugins: [{command: []}]", "expected a command such as python3 stages/finetune.py", 1, 21),
      ("plugins: [{command: [a, {}]}]", "expected a word of the command, found a mapping", 1, 25),
      ("plugins: [{folder: a, seconds: 0}]", "expected a number of seconds over 0", 1, 32),
      ("plugins: [{folder: a, memory: 4 gb}]", "did you mean '4 GB'?", 1, 31),
      ("plugins: [{folder: a, secs: 1}]", "unknown key 'secs'", 1, 23),
      ("defaults: 3", "expected a mapping such as {checks: {ratio: {min: 4}}}, found the number 3", 1, 11),
      (
        "defaults: {outputs: [a]}", "'outputs' has no default: a file without outputs is a base, and would be none", 1,
        12
      ),
      ("defaults: {name: a}", "'name' has no default", 1, 12),
      ("defaults: {modle: a}", "unknown key 'modle'; did you mean 'model'?", 1, 12),
      ("jobs: 1\njobs: 2", "the key 'jobs' is there twice", 2, 1), ("a: [", "expected a value", 1, 5),
    ])
  func malformed(text: String, message: String, line: Int, column: Int) {
    let diagnostics = Self.read(text).diagnostics
    #expect(diagnostics.count == 1, "\(diagnostics.map(\.message))")
    #expect(diagnostics.first?.message.contains(message) == true, "\(diagnostics.map(\.message))")
    #expect(diagnostics.first?.range?.start == SourcePosition(line: line, column: column))
  }
}
