import CondenseEngine

/// The API's description in OpenAPI 3.1, made from its routes.
struct OpenAPIDocument {
  let json: JSONValue

  init(_ routes: [APIRoute], version: String) {
    var paths: [(key: String, value: JSONValue)] = []
    for route in routes {
      let operation = (key: route.method.lowercased(), value: OpenAPIDocument.operation(route))
      if let known = paths.firstIndex(where: { $0.key == route.path }), case .object(let others) = paths[known].value {
        paths[known].value = .object(others + [operation])
      } else {
        paths.append((route.path, .object([operation])))
      }
    }
    json = [
      "openapi": "3.1.0",
      "info": [
        "title": "Condense daemon", "version": .string(version),
        "description":
          "Served on the loopback and on a Unix socket. What changes something needs the workspace's token, which its user finds in .condense/daemon/token.",
      ],
      "paths": .object(paths),
      "components": [
        "securitySchemes": ["token": ["type": "http", "scheme": "bearer"]],
        "schemas": APISchemas.all,
      ],
    ]
  }

  private static func operation(_ route: APIRoute) -> JSONValue {
    var fields: [(key: String, value: JSONValue)] = [("summary", .string(route.summary))]
    if !route.parameters.isEmpty {
      fields.append(
        (
          "parameters",
          .array(
            route.parameters.map { parameter in
              [
                "name": .string(parameter.name), "in": .string(parameter.place.rawValue),
                "required": .bool(parameter.place == .path), "description": .string(parameter.description),
                "schema": parameter.schema,
              ]
            })
        ))
    }
    if let body = route.body {
      fields.append(("requestBody", ["content": ["application/json": ["schema": reference(body)]]]))
    }
    let answer = route.answer
    let schema: JSONValue = answer.schema.map { reference($0) } ?? ["type": "string"]
    let content = JSONValue.object([(answer.contentType, ["schema": schema])])
    var responses: [(key: String, value: JSONValue)] = [
      ("\(answer.status)", ["description": .string(answer.description), "content": content])
    ]
    for status in route.errors {
      responses.append(
        (
          "\(status)",
          [
            "description": "An error in words.",
            "content": ["application/json": ["schema": reference("Error")]],
          ]
        ))
    }
    fields.append(("responses", .object(responses)))
    if route.method != "GET" { fields.append(("security", .array([.object([("token", .array([]))])]))) }
    return .object(fields)
  }

  private static func reference(_ name: String) -> JSONValue { ["$ref": .string("#/components/schemas/\(name)")] }
}
