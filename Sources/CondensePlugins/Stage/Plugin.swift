import CondenseCodecs
import CondenseStages
import CondenseTensors

/// A plugin that has described itself and can be asked.
struct Plugin: Sendable {
  var description: PluginDescription
  var location: PluginLocation
  var sources: SourceSet
  let pool: PluginPool
  let cache: PluginCache
  let folder: PluginFolder

  /// What it is asked for, apart from files.
  struct Question {
    var action: PluginRequest.Action
    var parameters: StageParameters
    /// Files that parameters name.
    var files: SourceSet
    var allocation: Allocation?
    var measurements: [Measurement]?
  }

  /// Hands tensors over, waits for the result and reads it.
  ///
  /// - Throws: ``StageError`` that names the plugin and ends with its last log lines.
  func ask<T>(
    _ question: Question, _ tensors: [NamedTensor]?, run: StageRun,
    read: (PluginResult, _ output: String) throws(PluginFailure) -> T
  ) throws(StageError) -> T {
    do {
      return try folder.withRequestFolder { (folder) throws(PluginFailure) in
        let input = folder + "/in.safetensors"
        if let tensors { try TensorFile.write(tensors, to: input) }
        let value = try pool.perform(run: run) { id in
          PluginRequest(
            id: id, action: question.action, parameters: question.parameters, input: tensors.map { _ in input },
            output: folder + "/out", allocation: question.allocation, measurements: question.measurements)
        } read: { (result) throws(PluginFailure) in
          try read(result, folder + "/out")
        }
        if let changed = sources.changedFile ?? question.files.changedFile {
          throw PluginFailure("'\(changed)' changed while it worked; build again")
        }
        return value
      }
    } catch {
      throw error.isCancellation ? .cancelled : StageError("plugin '\(description.name)' (\(location.name)): \(error)")
    }
  }

  /// The result's metrics: exactly those that the description names, all finite.
  func metrics(_ result: PluginResult) throws(PluginFailure) -> [String: Double] {
    for metric in description.metrics {
      guard let value = result.metrics[metric.name] else {
        throw PluginFailure("its result has no metric '\(metric.name)'")
      }
      guard value.isFinite else { throw PluginFailure("its metric '\(metric.name)' is not finite") }
    }
    if result.metrics.count > description.metrics.count {
      let known = description.metrics.map(\.name)
      let other = result.metrics.keys.sorted().first { !known.contains($0) } ?? ""
      throw PluginFailure(
        "its result has the metric \(JSONText.shown(other)), which is not described")
    }
    return result.metrics
  }

  /// The result's tensors, in the order of `expected`.
  func tensors(
    _ result: PluginResult, in output: String, expected: [NamedTensor]
  ) throws(PluginFailure) -> [EncodedTensor] {
    guard let name = result.tensors else { throw PluginFailure("its result names no file of tensors") }
    let found = try TensorFile.read(
      name, in: output, expected: expected.map { ($0.name, $0.tensor.dtype, $0.tensor.shape) })
    if description.isLossless {
      for (before, after) in zip(expected, found) {
        guard (try? before.tensor.expanded().bytes) == after.bytes else {
          throw PluginFailure("its result differs from its input, and it calls itself lossless")
        }
      }
    }
    return found.map { EncodedTensor(leavingOutZerosOf: $0) }
  }
}
