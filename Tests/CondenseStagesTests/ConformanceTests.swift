import CondenseCodecs
import CondenseStages
import CondenseTensors
import Dispatch
import Foundation
import Testing

@Suite("Stages keep what the protocol promises")
struct ConformanceTests {
  @Test("Every built-in stage passes", arguments: StageRegistry.builtIn.names)
  func builtIn(name: String) throws {
    let stage = try #require(StageRegistry.builtIn.stage(named: name))
    let checks = StageConformance(stage).checks()
    #expect(checks.count == 9)
    for check in checks { #expect(check.problem == nil, "\(check.name): \(check.problem ?? "")") }
  }

  @Test("Prune passes over the whole model, and with each pattern", arguments: ["2:4", "channel"])
  func prune(pattern: String) throws {
    let stage = try #require(StageRegistry.builtIn.stage(named: "prune"))
    for parameters in [
      ["sparsity": .number(0.5), "scope": .string("model")], ["pattern": .string(pattern)],
    ] as [StageParameters] {
      let problems = StageConformance(stage, parameters: parameters).checks().compactMap(\.problem)
      #expect(problems.isEmpty, "\(problems)")
    }
  }

  @Test("What breaks a promise is found out", arguments: BrokenStage.Fault.allCases)
  func broken(fault: BrokenStage.Fault) {
    let failed = StageConformance(BrokenStage(fault: fault)).checks().filter { $0.problem != nil }
    #expect(failed.contains { $0.name == fault.check }, "\(failed)")
  }
}

/// A stage with something wrong.
struct BrokenStage: Stage, ConfiguredStage {
  enum Fault: CaseIterable, Sendable {
    case name, setUp, nothing, refuses, shape, infinite, metrics, random, racy, cancel

    var check: String {
      switch self {
      case .name: "describes itself in words that can be used"
      case .setUp: "can be set up"
      case .nothing: "acts on some tensors"
      case .refuses: "follows the source model"
      case .shape, .infinite, .metrics: "keeps types and shapes, and reports what it describes"
      case .random: "yields the same bytes every time"
      case .racy: "yields the same bytes when several run at a time"
      case .cancel: "ends when nobody wants its result"
      }
    }
  }

  var fault: Fault
  private let count = Count()

  init(fault: Fault) { self.fault = fault }

  var description: StageDescription {
    StageDescription(
      name: fault == .name ? "Broken" : "broken", version: 1, summary: "Is broken.",
      metrics: fault == .metrics ? [MetricDescription("share", "")] : [])
  }

  var parameters: StageParameters { [:] }

  func configure(_ parameters: StageParameters) throws(ParameterError) -> any ConfiguredStage {
    if fault == .setUp { throw ParameterError(nil, "never") }
    return self
  }

  func form(after input: TensorForm) throws(StageRefusal) -> TensorForm {
    if fault == .refuses { throw StageRefusal("never") }
    return input
  }

  func accepts(_ tensor: TensorDescription) -> Bool { fault != .nothing && tensor.shape.rank == 2 }

  func apply(_ input: EncodedTensor, allocation: Allocation?, run: StageRun) throws(StageError) -> StageResult {
    if fault == .cancel, run.isCancelled() { throw StageError("stopped") }
    var result = input
    func fill(_ value: Float) {
      let values = Array(repeating: value, count: input.shape.elementCount)
      result.payload = .elements(.plain(input.dtype.bytes(values) ?? Bytes()))
    }
    switch fault {
    case .shape: result.shape = Shape(vector: input.shape.elementCount)
    case .infinite: fill(.infinity)
    case .random: fill(Float(count.next()))
    case .racy: fill(count.isShared() ? 1 : 0)
    default: break
    }
    return StageResult(result)
  }

  /// Counts calls, and tells whether several run at a time.
  final class Count: @unchecked Sendable {
    private let queue = DispatchQueue(label: "count")
    private var calls = 0
    private var running: Set<String> = []

    func next() -> Int {
      queue.sync {
        calls += 1; return calls % 7
      }
    }

    /// Whether another thread than the first has come.
    func isShared() -> Bool {
      let thread = "\(Unmanaged.passUnretained(Thread.current).toOpaque())"
      return queue.sync {
        running.insert(thread); return running.count > 1
      }
    }
  }
}
