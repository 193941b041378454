import CondenseCodecs

// How a pipeline's report stands in its record.

extension PipelineReport {
  func write(to writer: inout ByteWriter) {
    writer.text(name)
    writer.text(file)
    actions.write(to: &writer)
    writer.list(outputs) { $1.write(to: &$0) }
    writer.optional(metrics) { $1.write(to: &$0) }
    writer.list(checks) { $1.write(to: &$0) }
    writer.list(stages) { $1.write(to: &$0) }
    let table = tensorTable.encoded
    writer.number(table.count)
    writer.append(table)
    writer.list(outputStages) { writer, ids in writer.list(ids) { $0.text($1) } }
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    self.init(name: try reader.text(), file: try reader.text())
    status = .cached
    actions = try ActionCounts(from: &reader)
    outputs = try reader.list { (reader) throws(DecodingError) in try OutputReport(from: &reader) }
    metrics = try reader.optional { (reader) throws(DecodingError) in try OutputMetrics(from: &reader) }
    checks = try reader.list { (reader) throws(DecodingError) in try CheckReport(from: &reader) }
    stages = try reader.list { (reader) throws(DecodingError) in try StageReport(from: &reader) }
    tensorTable = TensorTable(encoded: try reader.take(try reader.number("a size")))
    outputStages = try reader.list { (reader) throws(DecodingError) in
      try reader.list { (reader) throws(DecodingError) in try reader.text() }
    }
  }
}

extension ActionCounts {
  fileprivate func write(to writer: inout ByteWriter) {
    for count in [total, ran, cached] { writer.number(count) }
  }

  fileprivate init(from reader: inout ByteReader) throws(DecodingError) {
    total = try reader.number("a count")
    ran = try reader.number("a count")
    cached = try reader.number("a count")
  }
}

extension OutputReport {
  fileprivate func write(to writer: inout ByteWriter) {
    writer.text(path)
    writer.number(bytes)
    writer.text(sha256)
    metrics.write(to: &writer)
  }

  fileprivate init(from reader: inout ByteReader) throws(DecodingError) {
    self.init(
      path: try reader.text(), bytes: try reader.number("a size"), sha256: try reader.text(),
      metrics: try OutputMetrics(from: &reader), wasWritten: false)
  }
}

extension OutputMetrics {
  fileprivate func write(to writer: inout ByteWriter) {
    writer.number(sourceBytes)
    writer.number(bytes)
    writer.double(density)
    writer.optional(sqnr) { $0.double($1) }
    writer.double(maxError)
    writer.double(cosine)
  }

  fileprivate init(from reader: inout ByteReader) throws(DecodingError) {
    self.init(
      sourceBytes: try reader.number("a size"), bytes: try reader.number("a size"), density: try reader.double(),
      sqnr: try reader.optional { (reader) throws(DecodingError) in try reader.double() },
      maxError: try reader.double(), cosine: try reader.double())
  }
}

extension CheckReport {
  fileprivate func write(to writer: inout ByteWriter) {
    writer.text(output)
    writer.text(metric)
    for bound in [value, min, max] { writer.optional(bound) { $0.double($1) } }
    writer.flag(held)
  }

  fileprivate init(from reader: inout ByteReader) throws(DecodingError) {
    func bound(_ reader: inout ByteReader) throws(DecodingError) -> Double? {
      try reader.optional { (reader) throws(DecodingError) in try reader.double() }
    }
    self.init(
      output: try reader.text(), metric: try reader.text(), value: try bound(&reader), min: try bound(&reader),
      max: try bound(&reader), held: try reader.flag())
  }
}

extension StageReport {
  fileprivate func write(to writer: inout ByteWriter) {
    writer.text(id)
    writer.text(stage)
    writer.number(tensors)
    writer.number(bytes)
    metrics.write(to: &writer)
    actions.write(to: &writer)
    StageMetricsCoding.write(values, to: &writer)
  }

  fileprivate init(from reader: inout ByteReader) throws(DecodingError) {
    self.init(
      id: try reader.text(), stage: try reader.text(), tensors: try reader.number("a count"),
      bytes: try reader.number("a size"), metrics: try OutputMetrics(from: &reader),
      actions: try ActionCounts(from: &reader), values: try StageMetricsCoding.read(from: &reader))
  }
}
