import CondenseTensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Bionic)
  import Bionic
#elseif canImport(Darwin)
  import Darwin
#endif

// Several tensors at once: each is decoded by one task, the largest first so that no long one is left to the end.
extension CondensedModel {
  /// As many tensors as there are processors.
  public static var processorCount: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

  /// Decodes all tensors.
  ///
  /// - Parameter concurrency: how many at once, at least one.
  /// - Throws: ``CondensedModelError`` for the first that cannot be decoded, or where the task is cancelled.
  public func tensors(
    concurrency: Int = CondensedModel.processorCount
  ) async throws(CondensedModelError) -> [String: Tensor] {
    try await each(of: namesBySize, concurrency) { name throws(CondensedModelError) in try tensor(named: name) }
  }

  /// Decodes tensors to memory by their names, each as ``decode(_:into:)-(_,UnsafeMutableRawBufferPointer)`` does.
  ///
  /// - Parameters:
  ///   - memory: does not overlap, and is nobody else's until this returns.
  ///   - concurrency: how many at once, at least one.
  /// - Throws: ``CondensedModelError`` for the first that cannot be decoded, or where the task is cancelled; the memory holds
  ///   anything then.
  public func decode(
    into memory: [String: UnsafeMutableRawBufferPointer], concurrency: Int = CondensedModel.processorCount
  ) async throws(CondensedModelError) {
    // Names that are in the memory alone come last, to be reported.
    let known = namesBySize.filter { memory[$0] != nil }
    let names = known + Set(memory.keys).subtracting(known).sorted()
    let targets = Targets(memory: memory)
    _ = try await each(of: names, concurrency) { name throws(CondensedModelError) in
      if let target = targets.memory[name] { try decode(name, into: target) }
    }
  }

  /// Memory that each task uses a part of.
  private struct Targets: @unchecked Sendable {
    let memory: [String: UnsafeMutableRawBufferPointer]
  }

  /// What `body` gives for each name.
  private func each<R: Sendable>(
    of names: [String], _ concurrency: Int,
    _ body: @escaping @Sendable (String) throws(CondensedModelError) -> R
  ) async throws(CondensedModelError) -> [String: R] {
    typealias Outcome = (name: String, result: Result<R, CondensedModelError>)
    let results = await withTaskGroup(of: Outcome.self) { group in
      var results: [Outcome] = []
      var waiting = names.makeIterator()
      func startNext() {
        guard let name = waiting.next() else { return }
        group.addTask {
          guard !Task.isCancelled else {
            return (name, .failure(CondensedModelError(.cancelled, "the task was cancelled", path: path)))
          }
          do throws(CondensedModelError) {
            return (name, .success(try body(name)))
          } catch {
            return (name, .failure(error))
          }
        }
      }
      for _ in 0..<max(1, concurrency) { startNext() }
      while let outcome = await group.next() {
        results.append(outcome)
        // Nothing more is begun after a failure.
        if case .failure = outcome.result { waiting = [].makeIterator() }
        startNext()
      }
      return results
    }
    var values: [String: R] = [:]
    for outcome in results { values[outcome.name] = try outcome.result.get() }
    return values
  }
}
