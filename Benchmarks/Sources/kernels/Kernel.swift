import Benchmarking
import CondenseCodecs
import CondenseStages
import CondenseTensors

/// A stage with settings, measured through its public interface.
struct Kernel: Sendable {
  enum Call: Sendable {
    case apply
    /// A summary for a decision over the model: scores, and what is counted of them.
    case measure
  }

  var name: String
  var stage: String
  var parameters: StageParameters
  /// The least ratio to memcpy.
  var target: Double?
  var call = Call.apply
  /// What the peers script calls the same job.
  var peer: String?

  /// What a measured call runs.
  func work(on tensor: Tensor) throws -> () -> Void {
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
}

struct KernelError: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}
