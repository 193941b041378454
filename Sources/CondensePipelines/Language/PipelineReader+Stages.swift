extension PipelineReader {
  /// Keys of a stage that are the pipeline's, not the stage's own parameters.
  private static let reserved = ["id", "from", "only", "skip", "overrides"]

  mutating func stages(_ node: Node) -> [StageUse] {
    guard let items = node.sequence else {
      report("expected a list of stages, such as [{prune: {sparsity: 0.9}}, huffman], found \(node.kind)", node.place)
      return []
    }
    if items.isEmpty { report("the list of stages is empty", node.place) }
    guard isShort(items, "stages", node.place) else { return [] }
    return items.compactMap { stage($0) }
  }

  private mutating func stage(_ node: Node) -> StageUse? {
    guard let pairs = node.mapping else {
      return string(node, "a stage's name, or one with its parameters").map {
        StageUse(id: $0, name: $0, from: nil, only: [], skip: [], parameters: [], overrides: [])
      }
    }
    guard let first = pairs.first else {
      report("expected a stage, found an empty mapping", node.place)
      return nil
    }
    if pairs.count > 1 {
      report(
        "a stage is one key with its parameters indented below it; \(Diagnostic.quoted(pairs[1].key.value)) stands beside "
          + Diagnostic.quoted(first.key.value), pairs[1].key.place)
    }
    let use = StageUse(
      id: first.key, name: first.key, from: nil, only: [], skip: [], parameters: [], overrides: [])
    // What stands beside a stage without parameters was meant to be below it.
    if first.value.isNull { return settings(Array(pairs.dropFirst()), of: use) }
    guard let settings = first.value.mapping else {
      report(
        "expected the parameters of \(Diagnostic.quoted(first.key.value)) as a mapping, found \(first.value.kind)",
        first.value.place)
      return use
    }
    return self.settings(settings, of: use)
  }

  /// A stage with the pipeline's keys and its own parameters.
  private mutating func settings(_ pairs: [Node.Pair], of stage: StageUse) -> StageUse {
    var use = stage
    for pair in pairs {
      switch pair.key.value {
      case "id": if let id = string(pair.value, "an id") { use.id = id }
      case "from": use.from = string(pair.value, "a stage's id or 'model'")
      case "only": use.only = globs(pair.value)
      case "skip": use.skip = globs(pair.value)
      case "overrides": use.overrides = overrides(pair.value)
      default: use.parameters.append(pair)
      }
    }
    return use
  }

  private mutating func globs(_ node: Node) -> [Located<Glob>] {
    if node.sequence?.isEmpty == true { report("the list of patterns is empty", node.place) }
    return (node.sequence ?? [node]).compactMap { glob($0) }
  }

  private mutating func glob(_ node: Node) -> Located<Glob>? {
    guard let text = string(node, "a pattern of tensor names such as 'fc*.weight'"), patternBudget > 0 else {
      return nil
    }
    do throws(GlobError) {
      let glob = try Glob(text.value)
      patternBudget -= glob.expandedCount
      if patternBudget <= 0 { report("the file's patterns are too many or too long", text.place) }
      return Located(glob, at: text.place)
    } catch {
      report("the pattern \(Diagnostic.quoted(text.value)) is none: \(error.message)", text.place)
      return nil
    }
  }

  private mutating func overrides(_ node: Node) -> [StageOverride] {
    guard let items = node.sequence else {
      report("expected a list such as [{match: 'fc1*', bits: 6}], found \(node.kind)", node.place)
      return []
    }
    return items.compactMap { item -> StageOverride? in
      guard let pairs = item.mapping else {
        report("expected a mapping such as {match: 'fc1*', bits: 6}, found \(item.kind)", item.place)
        return nil
      }
      var override = StageOverride(match: [], parameters: [], place: item.place)
      for pair in pairs {
        if pair.key.value == "match" {
          override.match = globs(pair.value)
        } else if PipelineReader.reserved.contains(pair.key.value) {
          report("'\(pair.key.value)' belongs to the stage, not to an override", pair.key.place)
        } else {
          override.parameters.append(pair)
        }
      }
      if !pairs.contains(where: { $0.key.value == "match" }) {
        report("the override has no 'match' to say which tensors it is for", item.place)
      }
      return override
    }
  }

  /// Ids that a message about a circle names.
  private static let longestCircle = 12

  /// That ids are unique, and that what stages and outputs are made from exists and does not go in circles.
  mutating func checkIDs(_ pipeline: Pipeline) {
    var places: [String: Place] = [:]
    for stage in pipeline.stages {
      if stage.id.value == "model" {
        report("'model' stands for the pipeline's model; choose another id", stage.id.place)
      }
      if stage.id.value.contains("/") { report("an id has no slash", stage.id.place) }
      if let first = places[stage.id.value] {
        report(
          "the id \(Diagnostic.quoted(stage.id.value)) is there twice; give one of the stages an 'id' of its own",
          stage.id.place,
          notes: [Diagnostic.Note("it is here already", at: first)])
      } else {
        places[stage.id.value] = stage.id.place
      }
    }
    let known = ["model"] + pipeline.stages.map(\.id.value)
    for from in pipeline.stages.compactMap(\.from) + pipeline.outputs.compactMap(\.from)
    where !known.contains(from.value) {
      diagnostics.append(.unknown("stage id", from, known: known))
    }
    checkCycles(pipeline)
  }

  private mutating func checkCycles(_ pipeline: Pipeline) {
    let inputs = pipeline.inputIDs
    var finished: Set<String> = []
    for stage in pipeline.stages {
      var path: [String] = []
      var next: String? = stage.id.value
      while let id = next, id != "model", !finished.contains(id) {
        if let start = path.firstIndex(of: id) {
          let ids = path[start...] + [id]
          let circle =
            ids.prefix(PipelineReader.longestCircle).joined(separator: " ← ")
            + (ids.count > PipelineReader.longestCircle ? " ← …" : "")
          let place = pipeline.stages.first { $0.id.value == id }
          report("stages are made from each other in a circle: \(circle)", (place?.from ?? place?.id ?? stage.id).place)
          break
        }
        path.append(id)
        next = inputs[id]
      }
      finished.formUnion(path)
    }
  }
}

extension Pipeline {
  /// For each stage's id, the id of what it is made from.
  public var inputIDs: [String: String] {
    var inputs: [String: String] = [:]
    var previous = "model"
    for stage in stages {
      // Of stages with one id the first counts; the other has been reported.
      if inputs[stage.id.value] == nil { inputs[stage.id.value] = stage.from?.value ?? previous }
      previous = stage.id.value
    }
    return inputs
  }
}
