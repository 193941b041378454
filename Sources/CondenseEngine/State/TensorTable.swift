import CondenseCodecs
import CondenseTensors

/// What a report says of single tensors.
///
/// As it stands in a record it is decoded when somebody asks for it: of a thousand pipelines with nothing to do, nobody is
/// told about tensors.
struct TensorTable: Equatable, Sendable {
  private enum Form {
    case decoded([TensorReport])
    case encoded(Bytes)
  }
  private var form: Form

  init(_ tensors: [TensorReport]) { form = .decoded(tensors) }

  /// - Parameter encoded: out of a record, whose checksum was right.
  init(encoded: Bytes) { form = .encoded(encoded) }

  var tensors: [TensorReport] {
    switch form {
    case .decoded(let tensors): return tensors
    case .encoded(let bytes):
      var reader = ByteReader(bytes)
      let tensors = try? reader.list { (reader) throws(DecodingError) in try TensorReport(from: &reader) }
      return tensors ?? []
    }
  }

  var encoded: Bytes {
    switch form {
    case .encoded(let bytes): return bytes
    case .decoded(let tensors):
      var writer = ByteWriter()
      writer.list(tensors) { $1.write(to: &$0) }
      return writer.finish()
    }
  }

  static func == (left: TensorTable, right: TensorTable) -> Bool { left.tensors == right.tensors }
}

extension TensorReport {
  fileprivate func write(to writer: inout ByteWriter) {
    writer.text(name)
    writer.text(dtype)
    writer.list(shape) { $0.number($1) }
    writer.number(sourceBytes)
    writer.list(steps) { writer, step in
      writer.text(step.stage)
      writer.number(step.bytes)
      writer.double(step.density)
      writer.optional(step.sqnr) { $0.double($1) }
    }
  }

  fileprivate init(from reader: inout ByteReader) throws(DecodingError) {
    self.init(
      name: try reader.text(), dtype: try reader.text(),
      shape: try reader.list { (reader) throws(DecodingError) in try reader.number("an axis") },
      sourceBytes: try reader.number("a size"),
      steps: try reader.list { (reader) throws(DecodingError) in
        Step(
          stage: try reader.text(), bytes: try reader.number("a size"), ran: false, density: try reader.double(),
          sqnr: try reader.optional { (reader) throws(DecodingError) in try reader.double() })
      })
  }
}
