extension Engine {
  /// Those of the request's pipeline files that a change to any of `paths` touches: files or folders, absolute, also ones
  /// that are gone.
  ///
  /// A pipeline is touched by its own file, what it extends, the workspace's configuration, its model's files, the folders
  /// in which its models are looked for, all of that of pipelines that it starts from, and the outputs of touched ones.
  public func files(affectedBy paths: [String], in request: BuildRequest) -> [String] {
    let prepared = prepare(request)
    var touching: [String: Set<String>] = [:]
    var outputs: [String: [String]] = [:]
    for (file, record) in prepared.upToDate.records {
      touching[file] = Set(record.dependencies.map(\.path) + record.builds.flatMap { $0.models.map(\.path) })
      outputs[file] = record.builds.flatMap { $0.outputs.map(\.path) }
    }
    for file in prepared.loaded.files {
      touching[file.file, default: []].formUnion([file.file] + file.dependencies.map(\.path) + file.modelPaths)
      outputs[file.file] = file.outputPaths
    }
    for ready in prepared.loaded.ready {
      touching[ready.pipeline.file, default: []]
        .formUnion(prepared.loaded.models[ready.model].model.files.map(\.handle.path))
    }
    var affected: Set<String> = []
    var changed = Set(paths)
    while true {
      let found = touching.keys.filter { file in
        guard !affected.contains(file), let own = touching[file] else { return false }
        return changed.contains { path in AffectedPipelines.touches(path, own) }
      }
      guard !found.isEmpty else { break }
      affected.formUnion(found)
      // What is made from an output that changes changes too.
      changed = Set(found.flatMap { outputs[$0] ?? [] })
    }
    return request.files.filter { affected.contains($0) }
  }
}

private enum AffectedPipelines {
  /// Whether a change of `path` is one of `files`: it is one of them, a folder above one, or something right in one that is
  /// a folder that was searched.
  static func touches(_ path: String, _ files: Set<String>) -> Bool {
    if files.contains(path) { return true }
    if let slash = path.lastIndex(of: "/"), files.contains(String(path[..<slash])) { return true }
    return files.contains { $0.hasPrefix(path + "/") }
  }
}
