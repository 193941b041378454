import CondensePipelines

/// A diagnostic as `--json` prints it.
package struct DiagnosticDocument: Encodable {
  package var severity: String
  package var message: String
  package var file: String
  package var line: Nullable<Int>
  package var column: Nullable<Int>

  package init(_ diagnostic: Diagnostic) {
    severity = diagnostic.severity.rawValue
    message = diagnostic.message
    file = diagnostic.file
    line = Nullable(diagnostic.range?.start.line)
    column = Nullable(diagnostic.range?.start.column)
  }
}
