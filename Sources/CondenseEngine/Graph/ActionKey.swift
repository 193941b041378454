import CondenseStages
import CondenseStore

/// How actions are named in the action cache.
///
/// A key covers the key format, what is done, the stage's name and version, what else its code is made of, its parameters as
/// resolved for the tensor, and the digests of its inputs by role: no path, no time, no machine, and a tensor's name only
/// where the stage sees it. Every field is written with its length or has a fixed one.
enum ActionKey {
  /// Raise it when the meaning of keys changes; old entries then never match.
  private static let format: UInt64 = 1

  static func prefix(
    stage: String, version: Int, parameters: StageParameters, sources: [StageSource] = []
  ) -> SHA256 {
    var hasher = SHA256()
    hasher.updateField("condense action")
    hasher.updateField(format)
    hasher.updateField(stage)
    hasher.updateField(UInt64(bitPattern: Int64(version)))
    hasher.updateField(ParameterValue.map(parameters).canonical)
    // Built-in stages have none, and keep the keys that they had.
    if !sources.isEmpty {
      hasher.updateField(UInt64(sources.count))
      for source in sources { hasher.updateField(source.content) }
    }
    return hasher
  }

  static func measure(_ stage: BuildGraph.ConfiguredUse, input: Digest) -> Digest {
    var hasher = stage.keyPrefix
    hasher.updateField("measure")
    hasher.updateField(input)
    return hasher.finish()
  }

  static func allocate(_ stage: BuildGraph.ConfiguredUse, measurements: [Digest]) -> Digest {
    var hasher = stage.keyPrefix
    hasher.updateField("allocate")
    hasher.updateField(UInt64(measurements.count))
    for measurement in measurements { hasher.updateField(measurement) }
    return hasher.finish()
  }

  /// The tensor's own allocation is in the key, not the digest of the allocation for the whole model: a tensor whose
  /// share did not move does not run again.
  static func apply(_ stage: BuildGraph.ConfiguredUse, input: Digest, allocation: Allocation?) -> Digest {
    var hasher = stage.keyPrefix
    hasher.updateField("apply")
    hasher.updateField(input)
    if let allocation {
      hasher.updateField(UInt64(allocation.values.count))
      for value in allocation.values { hasher.updateField(UInt64(bitPattern: Int64(value))) }
    }
    return hasher.finish()
  }

  static func transform(
    _ stage: BuildGraph.ConfiguredUse, names: [String], inputs: [Digest]
  ) -> Digest {
    var hasher = stage.keyPrefix
    hasher.updateField("transform")
    hasher.updateField(UInt64(inputs.count))
    for (name, input) in zip(names, inputs) {
      hasher.updateField(name)
      hasher.updateField(input)
    }
    return hasher.finish()
  }

  /// By what was made of the tensor: one that came out the same is taken again without being looked at.
  static func take(_ stage: BuildGraph.ConfiguredUse, result: Digest) -> Digest {
    var hasher = stage.keyPrefix
    hasher.updateField("take")
    hasher.updateField(result)
    return hasher.finish()
  }

  /// Of the numbers that an action reported.
  static func metrics(of action: Digest) -> Digest {
    var hasher = SHA256()
    hasher.updateField("condense action's metrics")
    hasher.updateField(action)
    return hasher.finish()
  }

  static func compare(source: Digest, result: Digest) -> Digest {
    var hasher = SHA256()
    hasher.updateField("condense metrics")
    hasher.updateField(TensorMetrics.version)
    hasher.updateField(source)
    hasher.updateField(result)
    return hasher.finish()
  }
}
