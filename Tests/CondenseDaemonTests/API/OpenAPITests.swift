import CondenseEngine
import Foundation
import Testing

@testable import CondenseDaemon

@Suite("The API's description") struct OpenAPITests {
  @Test("Names the routes that there are, and no others") func routes() async throws {
    try await withDaemon(DaemonWorkspace()) { daemon in
      let answer = try daemon.request("GET /api/openapi.json")
      #expect(answer.status == 200)
      let paths = try #require(answer.json?["paths"] as? [String: [String: Any]])
      let described = Set(paths.flatMap { path, methods in methods.keys.map { "\($0.uppercased()) \(path)" } })
      let served = Set(
        daemon.daemon.api.router().table.map { route in
          route.split(separator: "/", omittingEmptySubsequences: false)
            .map { $0.hasPrefix(":") ? "{\($0.dropFirst())}" : String($0) }.joined(separator: "/")
        })
      // The description itself, and what commands use, are not of the API.
      #expect(served == described.union(["GET /api/openapi.json", "POST /control/build"]))
    }
  }

  @Test("Each route answers as it says, with what there is and without it") func answers() async throws {
    let workspace = try DaemonWorkspace()
    try workspace.writePipeline("digits")
    try await withDaemon(workspace) { daemon in
      let token = try daemon.token()
      let build = try #require(daemon.service.builds.last).id
      for route in daemon.daemon.api.routes where route.path != "/api/events" {
        let there = route.path.replacing("{name}", with: "digits").replacing("{id}", with: "\(build)")
        let nowhere = route.path.replacing("{name}", with: "nothing").replacing("{id}", with: "99999")
        let method = route.method
        let answer = try daemon.request("\(method) \(there)", token: token)
        if route.path.hasSuffix("cancel") {
          // A sweep is nobody's to cancel.
          #expect(answer.status == 404)
        } else {
          #expect(answer.status == route.answer.status, "\(route.pattern): \(answer.body)")
          if let schema = route.answer.schema {
            let problems = SchemaCheck.problems(of: answer.body, as: schema)
            #expect(problems == [], "\(route.pattern)")
          }
        }
        guard nowhere != there else { continue }
        let missing = try daemon.request("\(method) \(nowhere)", token: token)
        #expect(missing.status == 404 && route.errors.contains(404), "\(route.pattern)")
        #expect(SchemaCheck.problems(of: missing.body, as: "Error") == [])
      }
    }
  }

  @Test("A build that was asked for can be followed by the id that was given, and cancelled by either of its ids")
  func following() async throws {
    let gate = Gate()
    let workspace = try DaemonWorkspace(stages: .withGate(gate))
    try await withDaemon(workspace) { daemon in
      let token = try daemon.token()
      try workspace.write(
        "model: ../model.safetensors\nstages: [{gate: {}}]\noutputs: [../build/slow.condensed]\n", to: "more/slow.yaml")
      func ask() throws -> Int {
        let answer = try daemon.request("POST /api/builds", token: token, body: "{\"pipelines\": [\"more/slow.yaml\"]}")
        #expect(answer.status == 202)
        return try #require(answer.json?["id"] as? Int)
      }
      func state(_ id: Int) throws -> String? {
        let answer = try daemon.request("GET /api/builds/\(id)")
        #expect(SchemaCheck.problems(of: answer.body, as: "Build") == [])
        return answer.json?["state"] as? String
      }
      let first = try ask()
      try daemon.wait(for: "the stage to run") { gate.arrivalCount > 0 }
      let second = try ask()
      let third = try ask()
      #expect(try state(first) == "running")
      #expect(try state(second) == "waiting")
      #expect(try daemon.request("GET /api/builds/\(second)/log").status == 200)
      #expect(try daemon.request("POST /api/builds/\(second)/cancel", token: token).status == 202)
      #expect(try daemon.request("GET /api/builds/\(second)").status == 404)
      let listed = try #require(daemon.request("GET /api/builds").json?["daemon"] as? [[String: Any]])
      let running = try #require(listed.first { $0["state"] as? String == "running" }?["id"] as? Int)
      #expect(try daemon.request("POST /api/builds/\(running)/cancel", token: token).status == 202)
      #expect(daemon.service.current?.withdrawal.isWithdrawn == true)
      gate.open()
      try daemon.wait(for: "the third") { try state(third) == "done" }
      #expect(try state(first) == "withdrawn")
      #expect(FileManager.default.fileExists(atPath: workspace.path("build/slow.condensed")))
    }
  }

  @Test("Who listens is told of what comes and goes") func events() async throws {
    try await withDaemon(DaemonWorkspace()) { daemon in
      let client = try RawClient(unixSocket: daemon.daemon.record.socket)
      client.send("GET /api/events HTTP/1.1\r\nHost: condense\r\n\r\n")
      // The stream has begun when the id of its beginning has come.
      _ = client.read { String(decoding: $0, as: UTF8.self).contains("id: ") }
      try daemon.workspace.writePipeline("digits")
      try daemon.waitUntilWell("digits")
      try daemon.workspace.remove("pipelines/digits.yaml")
      let text = String(
        decoding: client.read { String(decoding: $0, as: UTF8.self).contains("pipeline_removed") }, as: UTF8.self)
      #expect(text.contains("event: pipeline\n"))
      #expect(text.contains("\"name\":\"digits\""))
      #expect(text.contains("event: build_finished\n"))
    }
  }
}

/// Holds documents to the schemas of the API's description.
enum SchemaCheck {
  static func problems(of text: String, as name: String) -> [String] {
    guard let value = try? JSONSerialization.jsonObject(with: Data(text.utf8)),
      let schemas = try? JSONSerialization.jsonObject(with: Data(APISchemas.all.text.utf8)) as? [String: [String: Any]],
      let schema = schemas[name]
    else { return ["no JSON, or no schema '\(name)'"] }
    return check(value, schema, schemas, "")
  }

  private static func check(
    _ value: Any, _ schema: [String: Any], _ schemas: [String: [String: Any]], _ place: String
  ) -> [String] {
    if let reference = schema["$ref"] as? String {
      let name = reference.split(separator: "/").last.map(String.init) ?? ""
      guard let target = schemas[name] else { return ["\(place): there is no schema '\(name)'"] }
      return check(value, target, schemas, place)
    }
    if let allowed = schema["enum"] as? [String] {
      return (value as? String).map(allowed.contains) ?? false ? [] : ["\(place): \(value) is none of \(allowed)"]
    }
    let types = schema["type"] as? [String] ?? (schema["type"] as? String).map { [$0] } ?? []
    guard types.contains(where: { isType(value, $0) }) else { return ["\(place): \(value) is no \(types)"] }
    if let object = value as? [String: Any] {
      let required = schema["required"] as? [String] ?? []
      let properties = schema["properties"] as? [String: [String: Any]] ?? [:]
      var problems = required.filter { object[$0] == nil }.map { "\(place): '\($0)' is missing" }
      for (key, inner) in object where !(inner is NSNull) {
        if let property = properties[key] { problems += check(inner, property, schemas, "\(place).\(key)") }
      }
      return problems
    }
    if let list = value as? [Any], let items = schema["items"] as? [String: Any] {
      return list.enumerated().flatMap { check($1, items, schemas, "\(place)[\($0)]") }
    }
    return []
  }

  private static func isType(_ value: Any, _ type: String) -> Bool {
    switch type {
    case "object": value is [String: Any]
    case "array": value is [Any]
    case "string": value is String
    case "boolean": value is Bool
    case "integer": value is Int
    case "number": value is Double || value is Int
    case "null": value is NSNull
    default: false
    }
  }
}
