import CondenseCodecs
import CondenseFiles
import CondensePipelines
import CondenseStore
import CondenseTensors

/// The ledgers of a pipeline's last build and of the one to compare it with, in a file of its own: they are large, and
/// few ever ask why.
struct LedgerFile {
  var now: ActionLedger
  var before: ActionLedger?

  private static let magic = Array("cndledg3".utf8)

  /// Where a pipeline's ledgers are, below the workspace's state folder.
  private static func path(_ pipeline: String, in folder: String) -> String {
    "\(folder)/ledgers/\(Digest(of: Bytes(Array(pipeline.utf8))).hex.prefix(32))"
  }

  /// Nil where there is none, or it is damaged.
  init?(of pipeline: String, in folder: String) {
    guard let file = try? OpenFile.reading(LedgerFile.path(pipeline, in: folder)),
      let size = try? file.identity().byteCount, let bytes = try? file.read(0..<size), bytes.count == size, size >= 4
    else { return nil }
    let sum = bytes[size - 4..<size].withUnsafeBytes { UInt32(littleEndian: $0.loadUnaligned(as: UInt32.self)) }
    guard CRC32.checksum(bytes[0..<size - 4]) == sum else { return nil }
    var reader = ByteReader(bytes[0..<size - 4])
    do {
      guard try reader.take(8).array == LedgerFile.magic else { return nil }
      now = try ActionLedger(from: &reader)
      before = try reader.optional { (reader) throws(DecodingError) in try ActionLedger(from: &reader) }
    } catch {
      return nil
    }
  }

  /// What the next build is compared with: the last one that got to its end. What was changed before a failure is why
  /// things run after it.
  private var baseline: ActionLedger { now.isFinished ? now : before ?? now }

  /// Puts a build's ledger before what it is to be compared with.
  static func keep(_ ledger: ActionLedger, of pipeline: String, in folder: String) throws(FileError) {
    var writer = ByteWriter(capacity: 4096)
    writer.append(magic)
    ledger.write(to: &writer)
    writer.optional(LedgerFile(of: pipeline, in: folder)?.baseline) { $1.write(to: &$0) }
    writer.checksum()
    let path = path(pipeline, in: folder)
    try FileSystem.makeFolders(folder + "/ledgers")
    // Two builds of one workspace at once: the last one counts, and neither is torn.
    let temporary = "\(path).\(UInt64.random(in: 0 ... .max))"
    try FileSystem.replace(path, with: writer.finish(), through: temporary)
  }
}

extension ActionLedger {
  fileprivate func write(to writer: inout ByteWriter) {
    writer.number(build)
    writer.text(model)
    writer.list(tensors) { writer, tensor in
      writer.text(tensor.name)
      writer.text(tensor.dtype)
      writer.list(tensor.shape) { $0.number($1) }
      writer.word(tensor.digest)
    }
    writer.list(stages) { writer, stage in
      writer.text(stage.id)
      writer.text(stage.input)
    }
    writer.list(uses) { writer, use in
      writer.text(use.id)
      writer.text(use.stage)
      writer.number(use.version)
      writer.list(use.parameters.sorted { $0.key < $1.key }) { writer, parameter in
        writer.text(parameter.key)
        writer.text(parameter.value)
      }
      writer.list(use.written) { writer, parameter in
        writer.text(parameter.name)
        writer.text(parameter.value)
        writer.text(parameter.place.file)
        let range = parameter.place.range
        for number in [range.start.line, range.start.column, range.end.line, range.end.column] {
          writer.number(number)
        }
      }
      writer.list(use.sources) { writer, source in
        writer.text(source.name)
        writer.text(source.content)
      }
    }
    writer.list(actions) { writer, action in
      writer.number(action.use)
      writer.byte(action.kind.rawValue)
      writer.number(action.tensor.map { $0 + 1 } ?? 0)
      for word in [action.key, action.input, action.result] { writer.word(word) }
      writer.list(action.allocation) { $0.word(UInt64(bitPattern: Int64($1))) }
      writer.byte(action.outcome.rawValue)
    }
    writer.list(outputs) { writer, output in
      writer.text(output.path)
      writer.byte(output.reason.rawValue)
    }
  }

  fileprivate init(from reader: inout ByteReader) throws(DecodingError) {
    build = try reader.number("a build")
    model = try reader.text()
    tensors = try reader.list { (reader) throws(DecodingError) in
      TensorEntry(
        name: try reader.text(), dtype: try reader.text(),
        shape: try reader.list { (reader) throws(DecodingError) in try reader.number("an axis") },
        digest: try reader.word())
    }
    stages = try reader.list { (reader) throws(DecodingError) in
      StageEntry(id: try reader.text(), input: try reader.text())
    }
    uses = try reader.list { (reader) throws(DecodingError) in
      UseEntry(
        id: try reader.text(), stage: try reader.text(), version: try reader.number("a version"),
        parameters: Dictionary(
          try reader.list { (reader) throws(DecodingError) in (try reader.text(), try reader.text()) },
          uniquingKeysWith: { first, _ in first }),
        written: try reader.list { (reader) throws(DecodingError) in try WrittenParameter(from: &reader) },
        sources: try reader.list { (reader) throws(DecodingError) in
          SourceEntry(name: try reader.text(), content: try reader.text())
        })
    }
    let counts = (uses: uses.count, tensors: tensors.count)
    actions = try reader.list { (reader) throws(DecodingError) in
      let use = try reader.number("a use", limit: counts.uses - 1)
      let kind = Kind(rawValue: try reader.byte())
      let tensor = try reader.number("a tensor", limit: counts.tensors)
      let words = (try reader.word(), try reader.word(), try reader.word())
      let allocation = try reader.list { (reader) throws(DecodingError) in Int(Int64(bitPattern: try reader.word())) }
      guard let kind, let outcome = Outcome(rawValue: try reader.byte()) else { throw reader.error("no action") }
      return ActionEntry(
        use: use, kind: kind, tensor: tensor == 0 ? nil : tensor - 1, key: words.0, input: words.1, result: words.2,
        allocation: allocation, outcome: outcome)
    }
    outputs = try reader.list { (reader) throws(DecodingError) in
      let path = try reader.text()
      guard let reason = PublishingReason(rawValue: try reader.byte()) else { throw reader.error("no reason") }
      return OutputEntry(path: path, reason: reason)
    }
  }
}

extension WrittenParameter {
  fileprivate init(from reader: inout ByteReader) throws(DecodingError) {
    name = try reader.text()
    value = try reader.text()
    let file = try reader.text()
    func position(_ reader: inout ByteReader) throws(DecodingError) -> SourcePosition {
      SourcePosition(line: try reader.number("a line"), column: try reader.number("a column"))
    }
    place = Place(file: file, range: SourceRange(try position(&reader), try position(&reader)))
  }
}
