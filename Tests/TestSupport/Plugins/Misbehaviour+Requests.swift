extension Misbehaviour {
  private static let zeros = String(repeating: #"\0"#, count: 24)
  private static let described = "\"version\":1,\"summary\":\"A test.\",\"metrics\":[{\"name\":\"share\"}]"

  /// A result with a metric, as JSON.
  private static func metric(_ json: String) -> String {
    ShellPlugin.copy
      + "\nprintf '{\"type\":\"result\",\"id\":%s,\"tensors\":\"out.safetensors\",\"metrics\":\(json)}\\n' \"$id\""
  }

  /// A result in a file of this name.
  private static func file(_ name: String) -> String {
    "printf '{\"type\":\"result\",\"id\":%s,\"tensors\":\"\(name)\"}\\n' \"$id\""
  }

  /// Writes a safetensors file of one float32 tensor: its name, shape, and bytes as `printf` has them.
  private static func tensor(
    _ name: String = "tensor", dtype: String = "F32", shape: String = "2,3", end: Int = 24, bytes: String
  ) -> String {
    let json = "{\"\(name)\":{\"dtype\":\"\(dtype)\",\"shape\":[\(shape)],\"data_offsets\":[0,\(end)]}}"
    let length = String(json.utf8.count, radix: 8)
    return
      "printf '\\\(length)\\0\\0\\0\\0\\0\\0\\0\(json)\(bytes)' > \"$output/out.safetensors\"\n" + ShellPlugin.done
  }

  /// What they do with a request.
  public static let requests = [
    Self("hangs", "sleep 1000", "it gave no result within \(seconds) s, its time limit", isSlow: true),
    Self(
      "hangs and will not be asked to end", "trap '' TERM\nwhile :; do sleep 1; done", "no result within \(seconds) s",
      isSlow: true),
    Self("spins", "while :; do :; done", "no result within \(seconds) s", isSlow: true),
    Self("forks, lingers and ends", "sleep 1000 & exit 0", "ended with exit code 0 without a result"),
    Self("forks and hangs", "sleep 1000 &\nsleep 1000", "no result within \(seconds) s", isSlow: true),
    Self(
      "writes no end of lines", "while :; do echo '{\"type\":\"progress\",\"share\":0.5}'; done",
      "it wrote more than 262144 bytes"),
    Self(
      "writes a line without end", "while :; do printf 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'; done",
      "a line of its reply is longer than 65536 bytes"),
    Self("writes no end of log", "while :; do echo log >&2; done", "no result within \(seconds) s", isSlow: true),
    Self("says nothing that is JSON", "echo hello", "its reply is no JSON: expected a value, found 'h'"),
    Self("writes half a reply and ends", "printf '{\"type\":\"resu'; exit 0", "its reply is no JSON"),
    Self("writes bytes that are no UTF-8", #"printf '{"type":"\377"}\n'"#, "a string is not valid UTF-8"),
    Self("replies with a list", "echo '[1]'", "its reply is no object with a type"),
    Self("replies with an unknown type", "echo '{\"type\":\"done\"}'", "of the unknown type \"done\""),
    Self(
      "replies with an unknown field", "echo '{\"type\":\"result\",\"id\":1,\"tensor\":\"x\"}'",
      "its result has the unknown field \"tensor\""),
    Self("replies too deeply", "printf '{\"type\":%01000d' 0 | tr 0 '['; echo", "values are nested too deeply"),
    Self(
      "answers another request", "printf '{\"type\":\"result\",\"id\":999}\\n'", "its result is for request 999, not"),
    Self(
      "answers twice",
      ShellPlugin.copy + "\n"
        + #"printf '{"type":"result","id":%s,"tensors":"out.safetensors"}\n{"type":"result","id":%s}\n' "$id" "$id""#,
      "it wrote more after its result"),
    Self(
      "writes after its result",
      ShellPlugin.copy + "\n" + #"printf '{"type":"result","id":%s,"tensors":"out.safetensors"}\nbye' "$id""#,
      "it wrote more after its result"),
    Self("closes its output and goes on", "exec >&-; sleep 1000", "it closed its standard output without a result"),
    Self(
      "ends with an error", "echo 'no such layer' >&2; exit 1",
      "it ended with exit code 1; the last of its log:\n    no such layer"),
    Self("ends with nothing", "exit 0", "it ended with exit code 0 without a result"),
    Self("is killed", "kill -9 $$", "it was killed by signal 9"),
    Self("crashes", "kill -SEGV $$", "it was killed by signal 11"),
    Self("gives up", #"echo '{"type":"error","message":"out of paper"}'"#, "out of paper", staysWell: true),
    Self(
      "gives up without a word", #"echo '{"type":"error","message":""}'"#, "it gave up without a message",
      staysWell: true),
    Self(
      "gives another request up", #"echo '{"type":"error","id":999,"message":"out of paper"}'"#,
      "its error is for request 999, not"),
    Self("names no file", #"printf '{"type":"result","id":%s}\n' "$id""#, "its result names no file of tensors"),
    Self("names a file that is not there", file("none.safetensors"), "its result 'none.safetensors' is not there"),
    Self(
      "names a file outside its folder", file("../in.safetensors"), "expected the name of a file in the output folder"),
    Self("names an absolute path", file("/etc/passwd"), "expected the name of a file in the output folder"),
    Self("names the folder itself", file("."), "expected the name of a file in the output folder"),
    Self(
      "links to a file outside", "ln -s \"$input\" \"$output/out.safetensors\"\n" + ShellPlugin.done,
      "'out.safetensors' is a symbolic link"),
    Self(
      "makes a folder of its result", "mkdir \"$output/out.safetensors\"\n" + ShellPlugin.done,
      "'out.safetensors' is no regular file"),
    Self(
      "makes a pipe of its result", "mkfifo \"$output/out.safetensors\"\n" + ShellPlugin.done,
      "'out.safetensors' is no regular file"),
    Self(
      "makes ten gigabytes", "truncate -s 10G \"$output/out.safetensors\"\n" + ShellPlugin.done,
      "has 10737418240 bytes; the tensors take 24"),
    Self(
      "makes an empty file", ": > \"$output/out.safetensors\"\n" + ShellPlugin.done,
      "the file is too short for a safetensors header"),
    Self(
      "makes half a file", "head -c 40 \"$input\" > \"$output/out.safetensors\"\n" + ShellPlugin.done,
      "its result 'out.safetensors' cannot be read"),
    Self(
      "makes another shape", tensor(shape: "3,2", bytes: zeros),
      "holds F32 [3, 2] for the tensor \"tensor\", which is F32 [2, 3]"),
    Self("makes another dtype", tensor(dtype: "I32", bytes: zeros), "holds I32 [2, 3] for the tensor"),
    Self("makes another tensor", tensor("other", bytes: zeros), "holds the tensor \"other\", which nobody asked for"),
    Self(
      "makes no tensor", #"printf '\2\0\0\0\0\0\0\0{}' > "$output/out.safetensors""# + "\n" + ShellPlugin.done,
      "holds no tensor \"tensor\""),
    Self(
      "makes a not-a-number", tensor(bytes: #"\0\0\0\0\0\0\300\177"# + String(repeating: #"\0"#, count: 16)),
      "is not finite at element 1"),
    Self(
      "makes an infinity", tensor(bytes: String(repeating: #"\0"#, count: 20) + #"\0\0\200\377"#),
      "is not finite at element 5"),
    Self("reports a metric too many", metric(#"{"share":1}"#), "has the metric \"share\", which is not described"),
    Self(
      "reports a metric too few", ShellPlugin.copy + "\n" + ShellPlugin.done, "has no metric 'share'",
      description: described),
    Self(
      "reports a metric that is no number", metric(#"{"share":"much"}"#), "the metric \"share\" is no number: \"much\"",
      description: described),
    Self(
      "reports a metric that is not a number", metric(#"{"share":NaN}"#), "its reply is no JSON", description: described
    ),
    Self(
      "reports a metric beyond all numbers", metric(#"{"share":1e999}"#), "the number 1e999 is too large",
      description: described),
    Self(
      "calls a change lossless", tensor(bytes: zeros), "it calls itself lossless",
      description: "\"version\":1,\"summary\":\"A test.\",\"lossless\":true"),
  ]
}
