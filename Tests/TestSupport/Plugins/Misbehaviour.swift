/// A plugin `bad` that does something that it must not, and what is said of it.
///
/// Those that get a request get a float32 tensor of shape `[2, 3]`, under ``limits``.
public struct Misbehaviour: CustomStringConvertible, Sendable {
  public var name: String
  /// What is wrong.
  public var plugin: ShellPlugin
  /// Part of what is said of it.
  public var message: String
  /// Whether only the limit on time, of ``seconds``, finds it out.
  public var isSlow: Bool
  /// Whether the process is well, and waits for the next request.
  public var staysWell: Bool

  public var description: String { name }

  /// The limit on time: short, and yet time for a shell to start on a machine that does everything else at once.
  public static let seconds = 3

  init(
    _ name: String, _ body: String, _ message: String, description: String? = nil, isSlow: Bool = false,
    staysWell: Bool = false
  ) {
    self.init(name, ShellPlugin(body, description: description), message, isSlow: isSlow, staysWell: staysWell)
  }

  init(_ name: String, describe: String, _ message: String, isSlow: Bool = false) {
    self.init(name, ShellPlugin(describe: describe), message, isSlow: isSlow, staysWell: false)
  }

  private init(_ name: String, _ plugin: ShellPlugin, _ message: String, isSlow: Bool, staysWell: Bool) {
    (self.name, self.plugin, self.message) = (name, plugin, message)
    (self.isSlow, self.staysWell) = (isSlow, staysWell)
  }

  /// What it should do.
  public var mended: ShellPlugin {
    let metrics = plugin.description.contains("share") ? #","metrics":{"share":1}"# : ""
    let done = #"printf '{"type":"result","id":%s,"tensors":"out.safetensors"\#(metrics)}\n' "$id""#
    return ShellPlugin(ShellPlugin.copy + "\n" + done, description: plugin.description)
  }
}
