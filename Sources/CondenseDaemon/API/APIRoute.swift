import CondenseEngine
import CondenseHTTP

/// One thing that can be asked of the API: how it is asked for, how it is described, and what answers.
///
/// Router and OpenAPI document are both made from these, so that neither knows a route that the other does not.
struct APIRoute: Sendable {
  struct Parameter: Sendable {
    enum Place: String, Sendable { case path, query, header }
    var name: String
    var place: Place
    var description: String
    var schema: JSONValue = .object([("type", .string("string"))])
  }

  /// An answer that is no error.
  struct Answer: Sendable {
    var status = 200
    var description: String
    var contentType = "application/json"
    /// The name of a schema among the document's components; nil for text.
    var schema: String?
  }

  var method: String
  /// With `{name}` for each parameter.
  var path: String
  var summary: String
  var parameters: [Parameter] = []
  /// The name of the request body's schema.
  var body: String?
  var answer: Answer
  /// Statuses of errors that it has beside those that all have.
  var errors: [Int] = []
  var handler: HTTPHandler

  /// As the router takes it: `GET /api/pipelines/:name`.
  var pattern: String {
    method + " " + path.replacing("{", with: ":").replacing("}", with: "")
  }
}
