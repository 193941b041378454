import CondenseCodecs
import CondenseTensors
import Dispatch

/// Whether a stage keeps what the protocol promises for it: tried on tensors of many shapes and types, with its parameters
/// at their bounds, twice and several at a time.
///
/// `condense plugins check` runs it on plugins, tests run it on the built-in stages, and so can the tests of a package that
/// has stages of its own.
public struct StageConformance: Sendable {
  /// Something that was looked at.
  public struct Check: Sendable {
    public var name: String
    /// What is wrong; nil where nothing is.
    public var problem: String?

    public init(_ name: String, problem: String? = nil) {
      self.name = name
      self.problem = problem
    }
  }

  let stage: any Stage
  /// What is always set, such as the paths of files that the stage needs.
  let given: StageParameters

  public init(_ stage: any Stage, parameters: StageParameters = [:]) {
    self.stage = stage
    given = parameters
  }

  /// Runs all checks, in this order.
  public func checks() -> [Check] {
    var checks = [check("describes itself in words that can be used") { () throws(Problem) in try describes() }]
    let base: any ConfiguredStage
    do throws(Problem) { base = try StageSettings(stage, given: given).base() } catch {
      return checks + [Check("can be set up", problem: error.message)]
    }
    checks.append(Check("can be set up"))
    let cases = StageCases(for: base, scope: stage.description.scope)
    checks += [
      check("acts on some tensors") { () throws(Problem) in try acts(cases) },
      check("follows the source model") { () throws(Problem) in try follows(base) },
      check("keeps types and shapes, and reports what it describes") { () throws(Problem) in
        try keeps(base, cases)
      },
      check("yields the same bytes every time") { () throws(Problem) in try repeats(base, cases) },
      check("yields the same bytes when several run at a time") { () throws(Problem) in
        try runsSideBySide(base, cases)
      },
      check("takes its parameters' bounds") { () throws(Problem) in try takesBounds() },
      check("ends when nobody wants its result") { () throws(Problem) in try ends(base, cases) },
    ]
    return checks
  }

  struct Problem: Error {
    var message: String
    init(_ message: String) { self.message = message }
  }

  private func check(_ name: String, _ body: () throws(Problem) -> Void) -> Check {
    do throws(Problem) {
      try body()
      return Check(name)
    } catch {
      return Check(name, problem: error.message)
    }
  }
}

// The checks.
extension StageConformance {
  private func describes() throws(Problem) {
    let description = stage.description
    guard StageDescription.isName(description.name, separator: "-") else {
      throw Problem("'\(description.name)' is no stage's name")
    }
    guard !description.summary.isEmpty else { throw Problem("there is no summary") }
    guard Set(description.parameters.map(\.name)).count == description.parameters.count else {
      throw Problem("a parameter is there twice")
    }
    for metric in description.metrics where !StageDescription.isName(metric.name, separator: "_") {
      throw Problem("'\(metric.name)' is no metric's name")
    }
    guard Set(description.metrics.map(\.name)).count == description.metrics.count else {
      throw Problem("a metric is there twice")
    }
  }

  private func acts(_ cases: StageCases) throws(Problem) {
    guard !cases.all.isEmpty else { throw Problem("it leaves tensors of all types and shapes alone") }
  }

  private func follows(_ base: any ConfiguredStage) throws(Problem) {
    do throws(StageRefusal) { _ = try base.form(after: TensorForm()) } catch { throw Problem(error.message) }
  }

  private func keeps(_ base: any ConfiguredStage, _ cases: StageCases) throws(Problem) {
    for outcome in try outcomes(base, cases) {
      guard let results = outcome.results else { throw Problem("\(outcome.name): \(outcome.error?.description ?? "")") }
      try check(results, of: outcome)
    }
  }

  private func repeats(_ base: any ConfiguredStage, _ cases: StageCases) throws(Problem) {
    let again = try StageSettings(stage, given: given).base()
    guard again.parameters == base.parameters else { throw Problem("the same setting gives other parameters") }
    try compare(try outcomes(base, cases), try outcomes(again, cases), "the second time")
  }

  private func runsSideBySide(_ base: any ConfiguredStage, _ cases: StageCases) throws(Problem) {
    let expected = try outcomes(base, cases)
    let workers = 4
    let found = OutcomeTable(count: workers)
    // Each queue has a thread; all of them are at the same tensors at the same time.
    let group = DispatchGroup()
    for worker in 0..<workers {
      DispatchQueue(label: "conformance \(worker)").async(group: group) {
        found[worker] = (try? outcomes(base, cases)) ?? []
      }
    }
    group.wait()
    for worker in 0..<workers { try compare(expected, found[worker], "with others at work") }
  }

  private func takesBounds() throws(Problem) {
    for (name, setting) in StageSettings(stage, given: given).bounds() {
      let configured: any ConfiguredStage
      do throws(ParameterError) { configured = try stage.configure(setting) } catch {
        // Values can be fine each and not go together.
        continue
      }
      let cases = StageCases(for: configured, scope: stage.description.scope).few
      let first = try outcomes(configured, cases)
      try compare(first, try outcomes(configured, cases), "the second time, with \(name)")
      for outcome in first where outcome.results != nil {
        do throws(Problem) { try check(outcome.results ?? [], of: outcome) } catch {
          throw Problem("with \(name): \(error.message)")
        }
      }
    }
  }

  private func ends(_ base: any ConfiguredStage, _ cases: StageCases) throws(Problem) {
    let run = StageRun(isCancelled: { true })
    for outcome in try outcomes(base, cases.few, run: run) {
      guard let error = outcome.error, error != .cancelled else { continue }
      throw Problem("\(outcome.name): it fails with '\(error)' instead of 'cancelled'")
    }
  }
}

// What a stage made, and what is to be held of it.
extension StageConformance {
  private func compare(_ first: [StageOutcome], _ second: [StageOutcome], _ when: String) throws(Problem) {
    guard first.count == second.count else { throw Problem("it cannot be tried \(when)") }
    for (one, other) in zip(first, second) {
      guard (one.results == nil) == (other.results == nil) else {
        throw Problem("\(one.name): \(when) it fails differently: \(one.error ?? other.error ?? .cancelled)")
      }
      guard one.blobs == other.blobs else { throw Problem("\(one.name): the bytes differ \(when)") }
      guard one.metrics == other.metrics else { throw Problem("\(one.name): the metrics differ \(when)") }
    }
  }

  private func check(_ results: [EncodedTensor], of outcome: StageOutcome) throws(Problem) {
    let expected = stage.description.scope == .evaluation ? [] : outcome.inputs
    guard results.count == expected.count else {
      throw Problem("\(outcome.name): \(results.count) tensors came of \(expected.count)")
    }
    for (input, result) in zip(expected, results) {
      guard result.dtype == input.dtype, result.shape == input.shape else {
        throw Problem("\(outcome.name): it yields \(result.dtype.rawValue) \(result.shape)")
      }
      let tensor: Tensor
      do throws(DecodingError) { tensor = try result.expanded() } catch {
        throw Problem("\(outcome.name): the result cannot be decoded: \(error)")
      }
      if let index = tensor.floats?.firstIndex(where: { !$0.isFinite }) {
        throw Problem("\(outcome.name): element \(index) of the result is not finite")
      }
      if stage.description.isLossless, (try? input.expanded()) != tensor {
        throw Problem("\(outcome.name): it calls itself lossless, and the result differs")
      }
    }
    let described = stage.description.metrics.map(\.name)
    guard Set(outcome.metrics.keys) == Set(described) else {
      throw Problem(
        "\(outcome.name): it reports \(list(outcome.metrics.keys.sorted())) and describes \(list(described.sorted()))")
    }
    if let wrong = outcome.metrics.sorted(by: { $0.key < $1.key }).first(where: { !$0.value.isFinite }) {
      throw Problem("\(outcome.name): the metric '\(wrong.key)' is not finite")
    }
  }

  private func list(_ names: [String]) -> String { names.isEmpty ? "nothing" : names.joined(separator: ", ") }

  /// Runs the stage as a build does, on each case.
  private func outcomes(
    _ configured: any ConfiguredStage, _ cases: StageCases, run: StageRun = StageRun()
  ) throws(Problem) -> [StageOutcome] {
    if stage.description.scope != .tensor { return [StageOutcome(configured, model: cases.all, run: run)] }
    guard configured.spansModel else {
      return cases.all.map { StageOutcome(configured, $0, allocation: nil, run: run) }
    }
    let allocations: [Allocation]
    do throws(StageError) {
      var measurements: [Measurement] = []
      for one in cases.all { measurements.append(try configured.measure(one.tensor, run: run)) }
      allocations = try configured.allocate(measurements, run: run)
    } catch {
      return [StageOutcome(name: "measure and allocate", inputs: [], error: error)]
    }
    guard allocations.count == cases.all.count else {
      throw Problem("it allocates to \(allocations.count) of \(cases.all.count) tensors")
    }
    return zip(cases.all, allocations).map { StageOutcome(configured, $0, allocation: $1, run: run) }
  }
}

/// What came of one case.
struct StageOutcome: Sendable {
  var name: String
  var inputs: [EncodedTensor]
  var results: [EncodedTensor]?
  var metrics: [String: Double] = [:]
  var error: StageError?

  init(name: String, inputs: [EncodedTensor], error: StageError) {
    (self.name, self.inputs, self.error) = (name, inputs, error)
  }

  init(_ stage: any ConfiguredStage, _ one: NamedTensor, allocation: Allocation?, run: StageRun) {
    name = one.name
    inputs = [one.tensor]
    do throws(StageError) {
      let result = try stage.apply(one.tensor, allocation: allocation, run: run)
      (results, metrics) = ([result.tensor], result.metrics)
    } catch {
      self.error = error
    }
  }

  init(_ stage: any ConfiguredStage, model: [NamedTensor], run: StageRun) {
    name = "a model of \(model.count) tensors"
    inputs = model.map(\.tensor)
    do throws(StageError) {
      let result = try stage.transform(model, run: run)
      (results, metrics) = (result.tensors, result.metrics)
    } catch {
      self.error = error
    }
  }

  /// The results as the store would hold them.
  var blobs: [[Bytes]] { (results ?? []).map { $0.blobParts() } }
}

/// Outcomes that threads put in places of their own.
private final class OutcomeTable: @unchecked Sendable {
  private let queue = DispatchQueue(label: "outcomes")
  private var rows: [[StageOutcome]]

  init(count: Int) { rows = Array(repeating: [], count: count) }

  subscript(index: Int) -> [StageOutcome] {
    get { queue.sync { rows[index] } }
    set { queue.sync { rows[index] = newValue } }
  }
}
