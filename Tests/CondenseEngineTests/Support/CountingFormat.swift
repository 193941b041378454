import CondenseCodecs
import CondenseFiles
import CondenseModels
import CondenseStore

/// safetensors that tells which tensors were read.
final class CountingFormat: ModelFormat {
  private let format = SafetensorsFormat()
  private let names = Locked<[String]>([])
  private let opens = Locked(0)

  /// How often a model has been opened.
  var openCount: Int { opens.withLock { $0 } }

  /// What was read since the last call, sorted.
  func takeRead() -> [String] {
    names.withLock { names in
      defer { names = [] }
      return names.sorted()
    }
  }

  var name: String { format.name }
  var extensions: [String] { format.extensions }
  func open(_ path: String) throws(ModelError) -> any OpenModel {
    opens.withLock { $0 += 1 }
    return CountingModel(try format.open(path), self)
  }
  func write(_ contents: ModelContents, to file: NewFile) throws { try format.write(contents, to: file) }

  private struct CountingModel: OpenModel {
    let model: any OpenModel
    let counter: CountingFormat

    init(_ model: any OpenModel, _ counter: CountingFormat) {
      self.model = model
      self.counter = counter
    }

    var path: String { model.path }
    var format: String { model.format }
    var tensors: [ModelTensor] { model.tensors }
    var envelope: [String: String] { model.envelope }
    var files: [ModelFile] { model.files }
    var tensorsByFile: [[Int]] { model.tensorsByFile }
    func read(_ index: Int) throws(ModelError) -> EncodedTensor {
      counter.names.withLock { $0.append(tensors[index].name) }
      return try model.read(index)
    }
    func coding(_ index: Int) throws(ModelError) -> TensorCoding { try model.coding(index) }
  }
}
