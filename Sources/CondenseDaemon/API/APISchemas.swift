import CondenseEngine

/// The schemas that the API's description refers to.
enum APISchemas {
  static var all: JSONValue {
    [
      "Error": object(["error": object(["status": integer, "message": string])]),
      "Actions": object(["total": integer, "ran": integer, "cached": integer]),
      "Pipeline": object(
        [
          "name": string, "file": string,
          "status": ["enum": ["built", "cached", "failed", "invalid"]],
          "diagnostics": list(string), "actions": reference("Actions"),
          "outputs": list(object(["path": string, "bytes": integer, "sha256": string])),
        ], optional: ["error": string, "ratio": number, "changed": number, "build": integer]),
      "PipelineList": object(["pipelines": list(reference("Pipeline"))]),
      "Build": object(
        [
          "id": integer, "kind": ["enum": ["sweep", "request"]],
          "state": ["enum": ["waiting", "running", "done", "failed", "invalid", "withdrawn"]],
          "finished_actions": integer, "ran_actions": integer, "total_actions": integer,
        ], optional: ["started": number, "seconds": number, "number": integer]),
      "LoggedBuild": object([
        "build": integer, "started": number, "seconds": number,
        "outcome": ["enum": ["done", "failed", "invalid", "withdrawn"]], "actions": reference("Actions"),
        "pipelines": list(["type": "object"]), "unchanged": integer,
      ]),
      "BuildList": object(["daemon": list(reference("Build")), "log": list(reference("LoggedBuild"))]),
      "BuildRequest": object([:], optional: ["pipelines": list(string), "jobs": integer, "keep_going": boolean]),
      "BuildAccepted": object(["id": integer]),
      "Graph": object([
        "pipeline": object([
          "name": string, "file": string, "model": object(["path": string, "bytes": integer]),
          "actions": ["type": "object"], "stages": list(["type": "object"]), "outputs": list(["type": "object"]),
        ]),
        "activity": [
          "type": ["object", "null"],
          "additionalProperties": object([
            "waiting": integer, "running": integer, "done": integer, "failed": integer,
          ]),
        ],
      ]),
      "Explanation": object([
        "pipeline": string, "build": integer, "actions": list(["type": "object"]),
        "outputs": list(object(["path": string, "reason": string])),
      ]),
      "Status": object(
        [
          "workspace": string, "pipelines": list(reference("Pipeline")), "problems": list(string),
          "daemon": object(
            [
              "pid": integer, "started": number, "version": string, "socket": string, "token_file": string,
              "store": string, "watching": string, "watches": integer,
              "queue_depth": integer,
            ], optional: ["address": string, "degraded": string]),
        ], optional: ["building": reference("Build")]),
      "CacheStatistics": object([
        "folder": string, "limit": integer, "bytes": integer, "index_bytes": integer, "actions": integer,
        "notes": integer, "file_records": integer, "inline": ["type": "object"], "objects": ["type": "object"],
        "roots": ["type": "object"], "ages": list(["type": "object"]), "workspaces": list(["type": "object"]),
      ]),
    ]
  }

  private static let string: JSONValue = ["type": "string"]
  private static let integer: JSONValue = ["type": "integer"]
  private static let number: JSONValue = ["type": "number"]
  private static let boolean: JSONValue = ["type": "boolean"]
  private static func list(_ items: JSONValue) -> JSONValue { ["type": "array", "items": items] }
  private static func reference(_ name: String) -> JSONValue { ["$ref": .string("#/components/schemas/\(name)")] }

  private static func object(
    _ required: KeyValuePairs<String, JSONValue>, optional: KeyValuePairs<String, JSONValue> = [:]
  ) -> JSONValue {
    let all = [required, optional].flatMap { $0.map { (key: $0.key, value: $0.value) } }
    return .object([
      ("type", "object"), ("required", .array(required.map { .string($0.key) })), ("properties", .object(all)),
    ])
  }
}
