import CondenseStore

/// Pipelines ready to be planned, and those that need not be.
struct PreparedBuild {
  /// Stands for this program in the workspace's state.
  var program: Digest
  /// Nil where the workspace can keep no state; it is built all the same.
  var stateFolder: String?
  /// As it was read; empty where it was not looked at.
  var state = WorkspaceState()
  var upToDate = UpToDatePipelines()
  /// The pipelines that are not up to date.
  var loaded = LoadedPipelines()

  /// Whether one of these files is the model of a pipeline, also where it was not there.
  func hasModel(among paths: Set<String>) -> Bool {
    loaded.files.contains { $0.modelPaths.contains { paths.contains($0) } }
      || loaded.models.contains { $0.model.files.contains { paths.contains($0.handle.path) } }
      || upToDate.records.values.contains { record in
        record.builds.contains { $0.models.contains { paths.contains($0.path) } }
      }
  }

  /// See ``BuildResult/inputs``.
  var inputs: [String: Set<String>] {
    var inputs: [String: Set<String>] = [:]
    for file in loaded.files {
      inputs[file.file, default: [file.file]].formUnion(file.dependencies.map(\.path) + file.modelPaths)
      inputs[file.file]?.formUnion(file.unreadableModels)
    }
    for ready in loaded.ready {
      inputs[ready.pipeline.file, default: []].formUnion(loaded.models[ready.model].model.files.map(\.handle.path))
    }
    for (file, record) in upToDate.records {
      inputs[file, default: [file]].formUnion(record.dependencies.map(\.path))
      for build in record.builds { inputs[file, default: []].formUnion(build.models.map(\.path)) }
    }
    return inputs
  }
}

extension Engine {
  /// Passes over what has not changed, and loads the rest.
  ///
  /// - Parameter onRest: called when it is known that there is a rest, which can be long before all is looked at.
  func prepare(_ request: BuildRequest, onRest: () -> Void = {}) -> PreparedBuild {
    var prepared = PreparedBuild(program: recorder)
    prepared.stateFolder = try? request.makeStateFolder()
    if request.usesRecords, let folder = prepared.stateFolder {
      prepared.state =
        warmState?.state(in: folder, program: prepared.program)
        ?? WorkspaceState(in: folder, program: prepared.program)
      prepared.upToDate = UpToDatePipelines(request.files, in: prepared.state, onOther: onRest)
      if let output = request.output { prepared.upToDate.drop { !$0.isOf(output) } }
    }
    let loader = PipelineLoader(stages: stages, formats: formats, workspace: request.workspace)
    func load() {
      // What is passed over can still be what another pipeline is made from.
      let passedOver = request.files.filter { prepared.upToDate.records[$0] != nil }
      prepared.loaded = loader.load(
        request.files.filter { prepared.upToDate.records[$0] == nil }, others: passedOver)
    }
    var isSettled = false
    while !isSettled {
      load()
      let inConflict = prepared.upToDate.drop(names: prepared.loaded.names, outputs: prepared.loaded.outputPaths)
      let invalid = Set(prepared.loaded.files.filter { !$0.isValid }.map(\.file))
      isSettled = !prepared.upToDate.drop(restingOn: invalid) && !inConflict
    }
    if let output = request.output { prepared.publish(to: output, formats: formats) }
    return prepared
  }
}
