/// A plugin in shell: what it does with a request that is in `$request`, its parts in `$id`, `$input` and `$output`.
public struct ShellPlugin: Sendable {
  /// Members of the description besides protocol and name.
  public var description = "\"version\":1,\"summary\":\"A test.\""
  /// What `describe` does instead.
  public var describe: String?
  public var body: String
  /// Whether it serves one request and ends.
  public var isOneShot = false

  public static let copy = "cp \"$input\" \"$output/out.safetensors\""
  /// Says that the result is in `out.safetensors`.
  public static let done = #"printf '{"type":"result","id":%s,"tensors":"out.safetensors"}\n' "$id""#

  /// Writes down, in the workspace's file `pids`, the number of the process and its group, which all that it starts is in.
  public static let note = "echo $$ >> pids"

  public init(
    _ body: String = copy + "\n" + done, description: String? = nil, describe: String? = nil, isOneShot: Bool = false
  ) {
    self.body = body
    if let description { self.description = description }
    self.describe = describe
    self.isOneShot = isOneShot
  }

  public func text(name: String) -> String {
    """
    #!/bin/sh
    if [ "$1" = describe ]; then
      \(describe ?? "echo '{\"protocol\":1,\"name\":\"\(name)\",\(description)}'")
      exit
    fi
    member() { printf '%s' "$request" | sed -n "s/.*\\"$1\\":\\"\\([^\\"]*\\)\\".*/\\1/p"; }
    \(isOneShot ? "IFS= read -r request &&" : "while IFS= read -r request; do") {
      id=$(printf '%s' "$request" | sed -n 's/^{"id":\\([0-9]*\\),.*/\\1/p')
      input=$(member input)
      output=$(member output)
    \(body)
    }\(isOneShot ? "" : "; done")
    """
  }
}
