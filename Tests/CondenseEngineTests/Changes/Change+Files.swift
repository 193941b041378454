import Foundation

extension Change {
  private static let matrices: Set = ["a", "b", "c"]
  private static let chain: [String: Set<String>] = [
    "prune": matrices, "cluster": matrices, "quantize": matrices, "huffman": ["a", "b", "c", "bias"],
  ]

  /// Pipeline files, outputs and the store.
  static let files = [
    Change(
      name: "the first build", before: [], edit: start, ran: chain,
      why: ["*": "first_build: the first build of this pipeline"], outputs: [.missing]),
    Change(
      name: "nothing", before: [start], edit: { _ in }, ran: [:], outputs: [.unchanged]),
    Change(
      name: "a comment", before: [start], edit: replacing("stages:", "# What to do\nstages:"), ran: [:],
      outputs: [.unchanged]),
    Change(
      name: "the order of keys", before: [start],
      edit: all(
        replacing("outputs: ['../build/${name}.condensed']\n", ""),
        replacing("model:", "outputs: ['../build/${name}.condensed']\nmodel:")),
      ran: [:], outputs: [.unchanged]),
    Change(
      name: "a pipeline that is touched", before: [start],
      edit: { try $0.setModificationTime(of: "pipelines/p.yaml", secondsFromNow: 60) }, ran: [:], outputs: [.unchanged]),
    Change(
      name: "a renamed pipeline", pipeline: "q", before: [start],
      edit: { try $0.move("pipelines/p.yaml", to: "pipelines/q.yaml") }, ran: [:], reused: ["made_before"],
      outputs: [.missing]),
    Change(
      name: "a check", before: [start], edit: replacing("stages:", "checks: {ratio: {min: 0.01}}\nstages:"), ran: [:],
      outputs: [.unchanged]),
    Change(
      name: "an output that is deleted", before: [start], edit: { try $0.remove("build/p.condensed") }, ran: [:],
      outputs: [.missing]),
    Change(
      name: "an output that is edited", before: [start],
      edit: { workspace in
        var data = try workspace.data("build/p.condensed")
        data[data.count - 1] ^= 1
        try data.write(to: URL(fileURLWithPath: workspace.path("build/p.condensed")))
      }, ran: [:], outputs: [.edited]),
    Change(
      name: "an output's path", before: [start], edit: replacing("${name}", "new"), ran: [:], outputs: [.missing]),
    Change(
      name: "an output's format", before: [start], edit: replacing("${name}.condensed", "${name}.safetensors"),
      ran: [:], outputs: [.missing]),
    Change(
      name: "an object that is gone from the store, and the output with it",
      before: [all(model { $0.shapes["b"] = [150, 160] }, write(pipeline(["huffman"])))],
      edit: {
        try $0.remove("build/p.condensed")
        try $0.removeObjects()
      }, ran: ["huffman": ["b"]],
      why: ["*": "result_lost: its result was not in the store any more"], outputs: [.missing]),
    Change(
      name: "an object that is gone from the store, and nobody needs",
      before: [
        all(model { $0.shapes["b"] = [150, 160] }, write(pipeline(["huffman"])))
      ], edit: { try $0.removeObjects() }, ran: [:], outputs: [.unchanged]),
    Change(
      name: "a store that is gone", before: [start],
      edit: {
        try $0.useEmptyStore()
        try $0.remove("build/p.condensed")
      }, ran: chain, why: ["*": "result_lost: its result was not in the store any more"], outputs: [.missing]),
  ]
}

extension TemporaryWorkspace {
  func remove(_ names: String...) throws {
    for name in names { try FileManager.default.removeItem(atPath: path(name)) }
  }

  /// Deletes every artifact that is a file of its own.
  func removeObjects() throws {
    let folder = store.root + "/objects"
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
      try FileManager.default.removeItem(atPath: folder + "/" + name)
    }
  }

  func move(_ name: String, to other: String) throws {
    try FileManager.default.moveItem(atPath: path(name), toPath: path(other))
  }

  func setModificationTime(of name: String, secondsFromNow seconds: Double) throws {
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: seconds)], ofItemAtPath: path(name))
  }
}
