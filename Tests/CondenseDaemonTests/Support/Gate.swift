import CondenseCodecs
import CondenseStages
import Foundation
import TestSupport
import Testing

/// Something that a stage of a test waits at.
final class Gate: @unchecked Sendable {
  private let condition = NSCondition()
  private var isOpen = false
  private var arrivals = 0

  /// How many have come so far.
  var arrivalCount: Int {
    condition.lock()
    defer { condition.unlock() }
    return arrivals
  }

  func open() {
    condition.lock()
    isOpen = true
    condition.broadcast()
    condition.unlock()
  }

  func pass() {
    condition.lock()
    arrivals += 1
    let deadline = Date() + Double(longestWait)
    // A broken test goes on, and fails by what comes of it.
    while !isOpen, condition.wait(until: deadline) {}
    condition.unlock()
  }
}

/// A stage that changes nothing, but waits at a gate.
struct GateStage: Stage {
  let gate: Gate

  var description: StageDescription {
    StageDescription(
      name: "gate", version: 1, summary: "Waits.",
      parameters: [ParameterDescription("level", .integer(0...100), default: .integer(0), "Which gate.")])
  }

  func configure(_ parameters: StageParameters) throws(ParameterError) -> any ConfiguredStage {
    Waiting(gate: gate, parameters: parameters)
  }

  struct Waiting: ConfiguredStage {
    let gate: Gate
    let parameters: StageParameters
    func form(after input: TensorForm) -> TensorForm { input }
    func apply(_ input: EncodedTensor, allocation: Allocation?) -> EncodedTensor {
      gate.pass()
      return input
    }
  }
}

extension StageRegistry {
  static func withGate(_ gate: Gate) -> StageRegistry {
    StageRegistry(StageRegistry.builtIn.stages + [GateStage(gate: gate)])
  }
}
