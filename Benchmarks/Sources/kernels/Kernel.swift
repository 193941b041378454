import Benchmarking
import CondenseCodecs
import CondenseStages
import CondenseTensors

/// What is measured: a stage with settings, through its public interface, or a function.
struct Kernel: Sendable {
  enum Call: Sendable {
    case apply
    /// A summary for a decision over the model: scores, and what is counted of them.
    case measure
  }

  var name: String
  /// The least ratio to memcpy.
  var target: Double?
  /// What the peers script calls the same job.
  var peer: String?
  /// What a measured call runs on a tensor.
  var work: @Sendable (Tensor) throws -> () -> Void

  init(name: String, target: Double? = nil, work: @escaping @Sendable (Tensor) throws -> () -> Void) {
    self.name = name
    self.target = target
    self.work = work
  }

  init(
    name: String, stage: String, parameters: StageParameters, target: Double? = nil, call: Call = .apply,
    peer: String? = nil
  ) {
    self.init(name: name, target: target) { tensor in
      guard let stage = StageRegistry.builtIn.stage(named: stage) else { throw KernelError("no stage \(stage)") }
      let configured = try stage.configure(parameters)
      let input = EncodedTensor(tensor)
      // Once outside the measurement, so that what fails fails loudly.
      switch call {
      case .apply:
        _ = try configured.apply(input, allocation: nil)
        return { _ = try? configured.apply(input, allocation: nil) }
      case .measure:
        _ = try configured.measure(input)
        return { _ = try? configured.measure(input) }
      }
    }
    self.peer = peer
  }
}

struct KernelError: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}
