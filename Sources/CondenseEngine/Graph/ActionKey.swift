import CondenseStages
import CondenseStore

/// How actions are named in the action cache.
///
/// A key covers the key format, what is done, the stage's name and version, its parameters as resolved for the tensor,
/// and the digests of its inputs by role: no path, no tensor name, no time, no machine. Every field is written with its
/// length or has a fixed one.
enum ActionKey {
  /// Raise it when the meaning of keys changes; old entries then never match.
  private static let format: UInt64 = 1

  static func prefix(stage: String, version: Int, parameters: StageParameters) -> SHA256 {
    var hasher = SHA256()
    hasher.updateField("condense action")
    hasher.updateField(format)
    hasher.updateField(stage)
    hasher.updateField(UInt64(bitPattern: Int64(version)))
    hasher.updateField(ParameterValue.map(parameters).canonical)
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

  static func compare(source: Digest, result: Digest) -> Digest {
    var hasher = SHA256()
    hasher.updateField("condense metrics")
    hasher.updateField(TensorMetrics.version)
    hasher.updateField(source)
    hasher.updateField(result)
    return hasher.finish()
  }
}
