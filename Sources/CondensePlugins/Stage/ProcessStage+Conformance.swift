import CondenseCodecs
import CondenseStages
import CondenseTensors

extension ProcessStage {
  /// What ``StageConformance`` looks at, and what only plugins can do wrong.
  public func conformance(parameters: StageParameters = [:]) -> [StageConformance.Check] {
    [describesTheSame()] + StageConformance(self, parameters: parameters).checks() + [keepsExamples(parameters)]
  }

  private func describesTheSame() -> StageConformance.Check {
    let name = "describes itself the same every time"
    do throws(PluginFailure) {
      let text = try PluginDescriber.ask(plugin.location.command, limits: plugin.pool.limits)
      // What was remembered may be from before a variable changed that the description does not name.
      let described = try PluginDescription(text)
      guard described.name == plugin.description.name, described.version == plugin.description.version else {
        return StageConformance.Check(
          name, problem: "it is '\(described.name)' version \(described.version) now, though no file of it changed")
      }
      return StageConformance.Check(name)
    } catch {
      return StageConformance.Check(name, problem: error.message)
    }
  }

  private func keepsExamples(_ parameters: StageParameters) -> StageConformance.Check {
    let name = "does what its examples show"
    for example in plugin.description.examples where plugin.description.scope == .tensor {
      do {
        let stage = try configure(parameters.merging(example.parameters) { _, new in new })
        let input = EncodedTensor(try Tensor(example.input, shape: example.shape))
        guard stage.accepts(TensorDescription(dtype: input.dtype, shape: input.shape)) else {
          return StageConformance.Check(name, problem: "\(example.title): it leaves such a tensor alone")
        }
        let result = try stage.apply(input, allocation: nil, run: StageRun()).tensor.expanded().floats ?? []
        guard result == example.output else {
          return StageConformance.Check(name, problem: "\(example.title): it yields \(result)")
        }
      } catch {
        return StageConformance.Check(name, problem: "\(example.title): \(error)")
      }
    }
    return StageConformance.Check(name)
  }
}
