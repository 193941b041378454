import CondenseStore

// Of all processes that share a store, one runs an action at a time; the others take its result.
extension ActionRunner {
  /// What came of a node.
  enum Answer: Sendable {
    case ran(Outcome)
    /// Another process ran it meanwhile.
    case found(Outcome)
  }

  /// Runs nodes, and puts what they made into the store.
  ///
  /// Those that another process is running come last, one at a time and with no other claimed: so nobody waits for
  /// someone who waits for him.
  func perform(_ jobs: [Job]) -> [Result<Answer, any Error>] {
    var results: [Result<Answer, any Error>?] = jobs.map { _ in nil }
    let keyed = jobs.indices.filter { jobs[$0].key != nil }
    let claims = store.claim(keyed.compactMap { jobs[$0].key })
    let busy = Set(zip(keyed, claims.isHeld).filter { !$1 }.map(\.0))
    finish(jobs.indices.filter { !busy.contains($0) }, of: jobs, &results)
    claims.release()
    for place in busy.sorted() {
      guard let key = jobs[place].key else { continue }
      let claim = store.claim(waitingFor: key)
      finish([place], of: jobs, &results)
      claim.release()
    }
    return results.map { result in
      guard let result else { preconditionFailure("every job is finished") }
      return result
    }
  }

  /// Looks jobs up again that are claimed now, and runs those that nobody has finished since.
  private func finish(_ places: [Int], of jobs: [Job], _ results: inout [Result<Answer, any Error>?]) {
    let lookups = places.compactMap { place in
      jobs[place].key.map { (place: place, lookup: Scheduler.Lookup(node: jobs[place].node, key: $0)) }
    }
    if !lookups.isEmpty {
      for (lookup, answer) in zip(lookups, lookUp(lookups.map(\.lookup))) {
        guard let outcome = answer.outcome, isThere(outcome, jobs[lookup.place]) else { continue }
        results[lookup.place] = .success(.found(outcome))
      }
    }
    let left = places.filter { results[$0] == nil }
    guard !left.isEmpty else { return }
    let made = run(left.map { jobs[$0] })
    // Nothing counts as done before the store has it.
    let products = zip(left, made).compactMap { place, result in
      (try? result.get()).map { (jobs[place].key, $0) }
    }
    var failure: StoreError?
    do { try keep(products) } catch { failure = error }
    for (place, result) in zip(left, made) {
      results[place] = result.flatMap { product in
        failure.map { .failure($0) } ?? .success(.ran(product.outcome))
      }
    }
  }

  /// Whether what was found can be used: a node is made again because the store no longer had what it made, though it still
  /// says that it was made.
  private func isThere(_ outcome: Outcome, _ job: Job) -> Bool {
    guard job.isMadeAgain, let artifact = outcome.artifact else { return true }
    if case .transformed(_, let tensors, _) = outcome, !tensors.allSatisfy({ store.load($0) != nil }) { return false }
    return store.load(artifact) != nil
  }
}
