import CondenseEngine

/// What `condense status --json` prints.
package struct StatusDocument: Encodable {
  package var workspace: String
  package var builds: [BuildLogEntry]

  package init(workspace: String, builds: [BuildLogEntry]) {
    self.workspace = workspace
    self.builds = builds
  }
}
