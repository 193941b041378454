import CondensePipelines
import Testing

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
      ("plugins: {}", "stage plugins are not supported yet", 1, 1),
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
