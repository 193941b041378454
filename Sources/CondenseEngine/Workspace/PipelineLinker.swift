import CondensePipelines

/// Checks builds in an order in which those that others have as model come first.
struct PipelineLinker {
  let checker: PipelineChecker
  let displayPath: (String) -> String
  /// Reads the workspace's other pipelines; asked for once, and only where a name is not among those at hand.
  let others: () -> [LoadedFile]

  /// A build by its file and its place there.
  struct BuildID: Hashable {
    var file: Int
    var build: Int
  }

  var files: [LoadedFile]
  /// How many of the files were asked for; those that follow are there because builds have theirs as model.
  let requestedCount: Int
  private var builds: [String: BuildID] = [:]
  private var bases: Set<String> = []
  private var hasOthers = false
  private var results: [BuildID: CheckedPipeline?] = [:]
  /// How many builds start from each other, up to and with this one.
  private var depths: [BuildID: Int] = [:]

  private static let longestChain = 32
  /// Steps that a message about a circle names.
  private static let longestCircle = 12

  init(
    _ files: [LoadedFile], checker: PipelineChecker, displayPath: @escaping (String) -> String,
    others: @escaping () -> [LoadedFile]
  ) {
    self.files = files
    self.checker = checker
    self.displayPath = displayPath
    self.others = others
    requestedCount = files.count
    for index in files.indices { register(index) }
  }

  private mutating func register(_ index: Int) {
    let parsed = files[index].parsed
    guard !parsed.isBase else {
      if let name = parsed.name { bases.insert(name) }
      return
    }
    for (build, pipeline) in parsed.builds.enumerated() where builds[pipeline.name.value] == nil {
      builds[pipeline.name.value] = BuildID(file: index, build: build)
    }
  }

  /// Checks the builds of all files that were asked for, and of those that they need.
  mutating func checkAll() {
    for file in 0..<requestedCount {
      for build in files[file].parsed.builds.indices where !files[file].diagnostics.isFull {
        check(BuildID(file: file, build: build))
      }
      files[file].checked = files[file].parsed.builds.indices.compactMap {
        results[BuildID(file: file, build: $0)] ?? nil
      }
    }
  }

  /// Reports builds whose model is of an invalid file, until nothing changes: their files are invalid too.
  mutating func reportInvalidUpstreams() {
    var hasChanged = true
    while hasChanged {
      hasChanged = false
      for file in files.indices where files[file].isValid {
        for reference in files[file].parsed.builds.compactMap(\.upstream) {
          guard let id = builds[reference.pipeline.value], !files[id.file].isValid else { continue }
          hasChanged =
            files[file].diagnostics.insert(
              Diagnostic(
                "the pipeline \(Diagnostic.quoted(reference.pipeline.value)) has errors", at: reference.pipeline.place))
            || hasChanged
        }
      }
    }
  }

  /// The files, by index, that builds of a file have as models, also through others.
  func upstreams(of file: Int) -> Set<Int> {
    var reached: Set<Int> = []
    var next = [file]
    while let file = next.popLast() {
      for case let id? in files[file].parsed.builds.compactMap(\.upstream).map({ builds[$0.pipeline.value] })
      where reached.insert(id.file).inserted {
        next.append(id.file)
      }
    }
    return reached
  }

  private func pipeline(_ id: BuildID) -> Pipeline { files[id.file].parsed.builds[id.build] }

  private mutating func find(_ name: String) -> BuildID? {
    if let known = builds[name] { return known }
    guard !hasOthers else { return nil }
    hasOthers = true
    let known = Set(files.map(\.file))
    for other in others() where !known.contains(other.file) {
      files.append(other)
      register(files.count - 1)
    }
    return builds[name]
  }

  /// Checks a build after those that it starts from, one after the other rather than in each other: chains can be long.
  private mutating func check(_ id: BuildID) {
    var chain = [id]
    while let last = chain.last, results[last] == nil, let reference = pipeline(last).upstream {
      guard let next = find(reference.pipeline.value) else {
        reportUnknown(reference, of: last)
        break
      }
      if let start = chain.firstIndex(of: next) {
        reportCircle(Array(chain[start...]))
        break
      }
      chain.append(next)
    }
    for id in chain.reversed() where results[id] == nil { checkOne(id) }
  }

  /// Checks a build whose upstream has been checked.
  private mutating func checkOne(_ id: BuildID) {
    let pipeline = pipeline(id)
    var upstream: Upstream?
    if let reference = pipeline.upstream {
      // Whatever is wrong with it has been reported, or will be where all of it is known.
      guard let other = builds[reference.pipeline.value], case .some(.some(let checked)) = results[other] else {
        results[id] = .some(nil)
        return
      }
      let depth = (depths[other] ?? 1) + 1
      depths[id] = depth
      guard depth <= PipelineLinker.longestChain else {
        fail(
          id,
          Diagnostic(
            "more than \(PipelineLinker.longestChain) pipelines start from each other", at: reference.pipeline.place))
        return
      }
      do {
        upstream = try Upstream(checked, stage: reference.stage)
      } catch {
        fail(id, pipeline.annotated(error))
        return
      }
    }
    let (checked, diagnostics) = checker.check(pipeline, after: upstream, hasErrors: !files[id.file].isValid)
    files[id.file].diagnostics.formUnion(diagnostics)
    let isWrong = diagnostics.contains { $0.severity == .error }
    results[id] = .some(isWrong ? nil : checked)
  }

  private mutating func fail(_ id: BuildID, _ diagnostic: Diagnostic) {
    files[id.file].diagnostics.insert(diagnostic)
    results[id] = .some(nil)
  }

  private mutating func reportUnknown(_ reference: Pipeline.UpstreamReference, of id: BuildID) {
    let name = reference.pipeline
    let diagnostic =
      bases.contains(name.value)
      ? Diagnostic(
        "\(Diagnostic.quoted(name.value)) is a base: it has no outputs, so nothing is built of it", at: name.place)
      : .unknown("pipeline", name, known: builds.keys.sorted())
    fail(id, pipeline(id).annotated(diagnostic))
  }

  /// Told from the first of the places by file and line, so that it is one error, whichever of the builds is checked.
  private mutating func reportCircle(_ circle: [BuildID]) {
    let steps = circle.compactMap { id in pipeline(id).upstream.map { (id, $0.pipeline.place) } }
    let start =
      steps.indices.min { a, b in
        let (first, second) = (steps[a].1, steps[b].1)
        return first.file == second.file
          ? first.range.start < second.range.start : first.file.utf8.lexicographicallyPrecedes(second.file.utf8)
      } ?? 0
    let turned = Array(steps[start...] + steps[..<start])
    func step(_ place: Place) -> String { "\(displayPath(place.file)):\(place.range.start.line)" }
    let shown =
      turned.prefix(PipelineLinker.longestCircle).map { step($0.1) }
      + (turned.count > PipelineLinker.longestCircle ? ["…"] : [])
    let diagnostic = Diagnostic(
      "pipelines are made from each other in a circle: \((shown + [step(turned[0].1)]).joined(separator: " → "))",
      at: turned[0].1, notes: turned.dropFirst().map { Diagnostic.Note("which is made from", at: $0.1) })
    for (id, _) in turned { fail(id, diagnostic) }
  }
}
