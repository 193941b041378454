import ArgumentParser
import CondenseReports
import CondenseEngine
import CondenseModels
import CondenseTensors

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Shows what is in a model: per tensor type, shape, density, bits per weight, coding.")

  @Argument(help: "A model file, compressed or not.", completion: .file())
  var file: String

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let formats = Toolbox.current.formats
    let document = try CommandFailure.reporting { try InspectDocument(formats.open(file)) }
    Console().result(json ? try JSONOutput.text(document) : text(document))
  }

  private func text(_ document: InspectDocument) -> String {
    var table = TextTable([.left, .left, .left, .right, .right, .right, .left])
    table.add("tensor", "type", "shape", "bytes", "bits/weight", "density", "coding")
    for tensor in document.tensors {
      table.add(
        tensor.name, tensor.dtype, "\(tensor.shape)", Figures.bytes(tensor.bytes),
        Figures.number(tensor.bitsPerWeight), Figures.share(tensor.density), tensor.coding)
    }
    var lines = [
      "\(document.file): \(document.format), \(document.tensors.count) tensors, \(document.weights) weights, "
        + Figures.bytes(document.bytes)
    ]
    for (key, value) in document.metadata.sorted(by: { $0.key < $1.key }) {
      lines.append("  \(key): \(value.prefix(100))\(value.count > 100 ? "…" : "")")
    }
    return (lines + [""] + table.lines()).joined(separator: "\n")
  }
}

/// What `condense inspect --json` prints.
struct InspectDocument: Encodable {
  var file: String
  var format: String
  var bytes: Int
  var weights: Int
  var metadata: [String: String]
  var tensors: [Tensor]

  struct Tensor: Encodable {
    var name: String
    var dtype: String
    var shape: [Int]
    /// In the file.
    var bytes: Int
    var bitsPerWeight: Double
    var density: Double
    var coding: String
  }

  init(_ model: any OpenModel) throws {
    file = model.path
    format = model.format
    bytes = model.byteCount
    metadata = model.envelope
    weights = model.tensors.reduce(0) { $0 + $1.shape.elementCount }
    tensors = []
    for (index, tensor) in model.tensors.enumerated() {
      let coding = try model.coding(index)
      let values = try model.read(index).expanded()
      let metrics = TensorMetrics(source: values, result: values)
      let count = tensor.shape.elementCount
      tensors.append(
        Tensor(
          name: tensor.name, dtype: tensor.dtype.rawValue, shape: tensor.shape.dimensions, bytes: coding.byteCount,
          bitsPerWeight: count == 0 ? 0 : Double(coding.byteCount) * 8 / Double(count), density: metrics.density,
          coding: coding.text))
    }
  }
}
