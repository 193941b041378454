import Foundation

/// What makes a service manager run the daemon of a workspace.
package enum ServiceFile: String, CaseIterable, Sendable {
  case systemd, launchd

  /// The manager of this platform.
  package static var usual: ServiceFile {
    #if os(macOS)
      .launchd
    #else
      .systemd
    #endif
  }

  /// A unit or property list, with how to install it at its head.
  ///
  /// - Parameters:
  ///   - program: the path of `condense`.
  ///   - workspace: the workspace's root.
  ///   - environment: variables that the daemon is to have, such as where the store is.
  package func text(program: String, workspace: String, environment: [String: String]) -> String {
    switch self {
    case .systemd: systemd(program, workspace, environment)
    case .launchd: launchd(program, workspace, environment)
    }
  }

  private func systemd(_ program: String, _ workspace: String, _ environment: [String: String]) -> String {
    // systemd.syntax(7): `%` begins a specifier, `$` a variable; quotes and backslashes are escaped within quotes.
    func quoted(_ text: String) -> String {
      let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("%", with: "%%")
      return "\"\(escaped)\""
    }
    func argument(_ text: String) -> String { quoted(text.replacing("$", with: "$$")) }
    let variables = environment.sorted { $0.key < $1.key }.map { "Environment=\(quoted("\($0.key)=\($0.value)"))\n" }
    return """
      # ~/.config/systemd/user/condense.service
      # systemctl --user daemon-reload && systemctl --user enable --now condense
      [Unit]
      Description=Condense daemon of \(workspace.replacing("%", with: "%%"))

      [Service]
      Type=notify
      ExecStart=\(argument(program)) daemon --workspace \(argument(workspace))
      ExecReload=/bin/kill -HUP $MAINPID
      \(variables.joined())Restart=on-failure
      TimeoutStopSec=10

      [Install]
      WantedBy=default.target
      """
  }

  private func launchd(_ program: String, _ workspace: String, _ environment: [String: String]) -> String {
    func escaped(_ text: String) -> String {
      text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
    let arguments = [program, "daemon", "--workspace", workspace].map { "    <string>\(escaped($0))</string>" }
    let variables = environment.sorted { $0.key < $1.key }.flatMap {
      ["    <key>\(escaped($0.key))</key>", "    <string>\(escaped($0.value))</string>"]
    }
    let dictionary =
      variables.isEmpty
      ? "" : "  <key>EnvironmentVariables</key>\n  <dict>\n\(variables.joined(separator: "\n"))\n  </dict>\n"
    return """
      <?xml version="1.0" encoding="UTF-8"?>
      <!-- ~/Library/LaunchAgents/condense.plist; launchctl bootstrap gui/$UID ~/Library/LaunchAgents/condense.plist -->
      <!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
      <plist version="1.0">
      <dict>
        <key>Label</key>
        <string>condense</string>
        <key>ProgramArguments</key>
        <array>
      \(arguments.joined(separator: "\n"))
        </array>
      \(dictionary)  <key>RunAtLoad</key>
        <true/>
        <key>KeepAlive</key>
        <dict>
          <key>SuccessfulExit</key>
          <false/>
        </dict>
        <key>ExitTimeOut</key>
        <integer>10</integer>
      </dict>
      </plist>
      """
  }
}
