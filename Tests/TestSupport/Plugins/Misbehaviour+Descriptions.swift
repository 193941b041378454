extension Misbehaviour {
  /// A description with these members besides protocol, name, version and summary.
  private static func described(_ members: String) -> String {
    #"echo '{"protocol":1,"name":"bad","version":1,"summary":"S",\#(members)}'"#
  }

  /// What they do when they are to describe themselves.
  public static let descriptions = [
    Self("hangs describing itself", describe: "sleep 1000", "describe: it did not end within", isSlow: true),
    Self("cannot describe itself", describe: "exit 3", "describe: it ended with exit code 3"),
    Self("is killed describing itself", describe: "kill -9 $$", "describe: it was killed by signal 9"),
    Self("forks, lingers and describes half", describe: "sleep 1000 & echo '{'", "no JSON"),
    Self(
      "says why it cannot describe itself", describe: "echo hello >&2; exit 1",
      "ended with exit code 1; the last of its log:\n    hello"),
    Self("describes itself without end", describe: "yes", "it printed more than 1048576 bytes"),
    Self("describes nothing", describe: ":", "no JSON: expected a value, found the end"),
    Self("describes itself as a list", describe: "echo '[]'", "describe printed an array, not an object"),
    Self(
      "describes itself differently each time",
      describe: #"echo "{\"protocol\":1,\"name\":\"bad\",\"version\":1,\"summary\":\"Process $$.\"}""#,
      "describe: it prints another description the second time"),
    Self("names no protocol", describe: #"echo '{"name":"bad"}'"#, "the description has no protocol"),
    Self(
      "speaks another version", describe: #"echo '{"protocol":2}'"#,
      "the plugin speaks version 2 of the protocol; this condense speaks 1"),
    Self(
      "calls itself otherwise", describe: #"echo '{"protocol":1,"name":"other","version":1,"summary":"S"}'"#,
      "it calls itself 'other', but its file's name says 'bad'"),
    Self(
      "has no good name", describe: #"echo '{"protocol":1,"name":"Bad","version":1,"summary":"S"}'"#,
      "\"Bad\" is no stage's name"),
    Self(
      "has a version below zero", describe: #"echo '{"protocol":1,"name":"bad","version":-1,"summary":"S"}'"#,
      "version of the description is the number -1"),
    Self("has an unknown field", describe: described(#""enviroment":[]"#), "the unknown field \"enviroment\""),
    Self("has an unknown scope", describe: described(#""scope":"layer""#), "none of tensor, model, evaluation"),
    Self(
      "bounds a parameter by what is not read",
      describe: described(#""parameters":{"properties":{"a":{"type":"string","pattern":"x"}}}"#),
      "parameter 'a' has the unknown field \"pattern\""),
    Self(
      "has a default beyond its bounds",
      describe: described(#""parameters":{"properties":{"a":{"type":"integer","maximum":3,"default":4}}}"#),
      "the default of parameter 'a' is the number 4, which its type does not allow"),
    Self(
      "requires an unknown parameter", describe: described(#""parameters":{"required":["b"]}"#),
      "the required parameter \"b\" is not described"),
    Self(
      "has a metric without a good name", describe: described(#""metrics":[{"name":"a b"}]"#),
      "\"a b\" is no metric's name"),
  ]
}
