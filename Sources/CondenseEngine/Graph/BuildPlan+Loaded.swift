import CondenseStore

extension BuildPlan {
  /// Plans the builds of loaded pipelines over their models.
  init(_ loaded: LoadedPipelines) {
    self.init(
      pipelines: loaded.ready.map { ($0.pipeline, $0.model) },
      models: loaded.models.map { PlannedModel(tensors: $0.model.tensors) })
  }

  /// The tensors of the plan's models whose digests need no reading.
  func knownSources(_ models: [ModelSource], in store: any ArtifactStore) -> [BuildGraph.NodeID: Artifact] {
    var known: [BuildGraph.NodeID: Artifact] = [:]
    for (model, nodes) in zip(models, sources) {
      for case (let node, let artifact?) in zip(nodes, model.recordedArtifacts(in: store)) { known[node] = artifact }
    }
    return known
  }
}
