/// What stands at the front of a safetensors file: names, types, shapes and places of its tensors.
///
/// The file is an 8-byte little-endian length, that many bytes of JSON, and the data section.
/// Source: https://huggingface.co/docs/safetensors, "Format".
public struct SafetensorsHeader: Equatable, Sendable {
  public struct Entry: Equatable, Sendable {
    public var name: String
    public var dtype: DType
    public var shape: Shape
    /// Where the bytes are in the data section.
    public var range: Range<Int>

    public init(name: String, dtype: DType, shape: Shape, range: Range<Int>) {
      self.name = name
      self.dtype = dtype
      self.shape = shape
      self.range = range
    }
  }

  /// In the order of their data.
  public var entries: [Entry]
  public var metadata: [String: String]

  public init(entries: [Entry], metadata: [String: String] = [:]) {
    self.entries = entries
    self.metadata = metadata
  }

  /// A header for tensors that follow each other in this order.
  ///
  /// - Throws: ``SafetensorsError`` where their bytes are too many for a file.
  public static func laidOut(
    _ tensors: [(name: String, dtype: DType, shape: Shape)], metadata: [String: String] = [:]
  ) throws(SafetensorsError) -> SafetensorsHeader {
    var entries: [Entry] = []
    entries.reserveCapacity(tensors.count)
    var end = 0
    for (name, dtype, shape) in tensors {
      let start = end
      let (size, overflow) = shape.elementCount.multipliedReportingOverflow(by: dtype.byteWidth)
      let (sum, overflowAgain) = end.addingReportingOverflow(size)
      guard !overflow, !overflowAgain else { throw SafetensorsError("the tensors are too large", offset: 0) }
      end = sum
      entries.append(Entry(name: name, dtype: dtype, shape: shape, range: start..<end))
    }
    return SafetensorsHeader(entries: entries, metadata: metadata)
  }

  /// The largest JSON that readers accept, as the format's own library has it.
  public static let largestJSON = 100_000_000

  /// Bytes of the length that a file begins with.
  public static let prefixByteCount = 8

  /// The metadata's key in the JSON.
  static let metadataName = "__metadata__"

  /// Bytes of the data section.
  public var dataByteCount: Int { entries.last?.range.upperBound ?? 0 }
}

// Writing.
extension SafetensorsHeader {
  /// The length and the JSON, padded with spaces so that the data section is 8-byte aligned.
  ///
  /// Metadata comes first, its keys sorted: equal headers are equal bytes.
  public func encoded() -> Bytes {
    var json = "{"
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        .map { "\(JSONText.quoted($0.key)):\(JSONText.quoted($0.value))" }
      json += "\"\(SafetensorsHeader.metadataName)\":{\(pairs.joined(separator: ","))}"
    }
    for entry in entries {
      if json.utf8.count > 1 { json += "," }
      json += JSONText.quoted(entry.name)
      json += ":{\"dtype\":\"\(entry.dtype.rawValue)\",\"shape\":["
      json += entry.shape.dimensions.map(String.init).joined(separator: ",")
      json += "],\"data_offsets\":[\(entry.range.lowerBound),\(entry.range.upperBound)]}"
    }
    json += "}"
    let text = Array(json.utf8)
    let padding = (8 - text.count % 8) % 8
    let length = UInt64(text.count + padding)
    return Bytes(
      withUnsafeBytes(of: length.littleEndian) { [UInt8]($0) } + text + [UInt8](repeating: 0x20, count: padding))
  }
}

// Reading.
extension SafetensorsHeader {
  /// The JSON's length, from a file's first eight bytes.
  ///
  /// - Throws: ``SafetensorsError`` where the file is too short for it, or it is beyond ``largestJSON``.
  public static func jsonByteCount(prefix: Bytes, fileByteCount: Int) throws(SafetensorsError) -> Int {
    guard fileByteCount >= prefixByteCount, prefix.count >= prefixByteCount else {
      throw SafetensorsError("the file is too short for a safetensors header: \(fileByteCount) bytes", offset: 0)
    }
    let length = prefix[0..<prefixByteCount].elements(of: UInt64.self)[0].littleEndian
    guard length <= UInt64(largestJSON) else {
      throw SafetensorsError("the header claims \(length) bytes; at most \(largestJSON) are allowed", offset: 0)
    }
    let count = Int(length)
    guard count <= fileByteCount - prefixByteCount else {
      throw SafetensorsError(
        "the header claims \(count) bytes, but the file has only \(fileByteCount - prefixByteCount) more", offset: 0)
    }
    return count
  }

  /// Reads a header whose data section has `dataByteCount` bytes.
  ///
  /// - Throws: ``SafetensorsError`` for anything that the format does not allow: the tensors must fill the data section
  ///   without gap or overlap.
  public init(json: Bytes, dataByteCount: Int) throws(SafetensorsError) {
    self = try json.withUnsafeBytes { (buffer: UnsafeRawBufferPointer) throws(SafetensorsError) in
      try SafetensorsHeader.parse(buffer, dataByteCount: dataByteCount)
    }
  }

  /// An entry with the place of its name, for errors.
  private struct Placed {
    var entry: Entry
    var offset: Int
  }

  private static func parse(
    _ json: UnsafeRawBufferPointer, dataByteCount: Int
  ) throws(SafetensorsError) -> SafetensorsHeader {
    var scanner = JSONScanner(json, base: prefixByteCount)
    guard json.first == UInt8(ascii: "{") else { throw scanner.error("the header does not begin with '{'") }
    var placed: [Placed] = []
    var names: Set<String> = []
    var metadata: [String: String]?
    try scanner.object("in the header") { (scanner, name, offset) throws(SafetensorsError) in
      if name == metadataName {
        guard metadata == nil else { throw scanner.error("'\(metadataName)' is there twice", at: offset) }
        metadata = try parseMetadata(&scanner)
        return
      }
      guard names.insert(name).inserted else {
        throw scanner.error("tensor \(JSONText.shown(name)) is there twice", at: offset)
      }
      placed.append(Placed(entry: try parseEntry(&scanner, name: name, offset: offset), offset: offset))
    }
    guard scanner.isAtEnd() else { throw scanner.error("something follows the header's '}'") }
    try sortAndCheck(&placed, dataByteCount: dataByteCount, end: prefixByteCount + json.count)
    return SafetensorsHeader(entries: placed.map(\.entry), metadata: metadata ?? [:])
  }

  private static func parseMetadata(_ scanner: inout JSONScanner) throws(SafetensorsError) -> [String: String] {
    var metadata: [String: String] = [:]
    try scanner.object("in '\(metadataName)'") { (scanner, key, offset) throws(SafetensorsError) in
      let value = try scanner.string("a string as the value of \(JSONText.shown(key))")
      guard metadata.updateValue(value, forKey: key) == nil else {
        throw scanner.error("metadata \(JSONText.shown(key)) is there twice", at: offset)
      }
    }
    return metadata
  }

  private static func parseEntry(
    _ scanner: inout JSONScanner, name: String, offset: Int
  ) throws(SafetensorsError) -> Entry {
    // For errors, which few headers have.
    var what: String { "of tensor \(JSONText.shown(name))" }
    var dtype: DType?
    var dimensions: [Int]?
    var offsets: [Int]?
    /// Where these are written, for errors.
    var shapeOffset = offset
    var rangeOffset = offset
    try scanner.object(what) { (scanner, key, keyOffset) throws(SafetensorsError) in
      let isNew: Bool
      switch key {
      case "dtype":
        let text = try scanner.string("the dtype \(what)")
        guard let known = DType(rawValue: text) else {
          throw scanner.error("unknown dtype \(JSONText.shown(text)) \(what)", at: keyOffset)
        }
        isNew = dtype == nil
        dtype = known
      case "shape":
        let values = try scanner.wholeNumbers("in the shape \(what)", limit: 64)
        isNew = dimensions == nil
        shapeOffset = keyOffset
        dimensions = values
      case "data_offsets":
        let values = try scanner.wholeNumbers("in the data_offsets \(what)", limit: 2)
        isNew = offsets == nil
        rangeOffset = keyOffset
        offsets = values
      default:
        throw scanner.error("unknown key \(JSONText.shown(key)) \(what)", at: keyOffset)
      }
      guard isNew else { throw scanner.error("key \(JSONText.shown(key)) \(what) is there twice", at: keyOffset) }
    }
    guard let dtype, let dimensions, let offsets else {
      let missing = dtype == nil ? "dtype" : dimensions == nil ? "shape" : "data_offsets"
      throw scanner.error("no \(missing) \(what)", at: offset)
    }
    guard offsets.count == 2, offsets[0] <= offsets[1] else {
      throw scanner.error("the data_offsets \(what) are no range: \(offsets)", at: rangeOffset)
    }
    let shape: Shape
    do { shape = try Shape(dimensions) } catch {
      throw scanner.error("\(what.dropFirst(3)): \(error)", at: shapeOffset)
    }
    let (size, overflow) = shape.elementCount.multipliedReportingOverflow(by: dtype.byteWidth)
    guard !overflow, offsets[1] - offsets[0] == size else {
      throw scanner.error(
        "the data_offsets \(what) span \(offsets[1] - offsets[0]) bytes, but \(dtype.rawValue) \(shape) takes "
          + (overflow ? "more than 64 bits can count" : "\(size)"), at: rangeOffset)
    }
    return Entry(name: name, dtype: dtype, shape: shape, range: offsets[0]..<offsets[1])
  }

  /// Puts entries in the order of their data, which they must fill exactly.
  private static func sortAndCheck(
    _ placed: inout [Placed], dataByteCount: Int, end: Int
  ) throws(SafetensorsError) {
    // Empty tensors share an offset with their neighbour; the header's own order keeps the sort the same everywhere.
    placed.sort {
      ($0.entry.range.lowerBound, $0.entry.range.upperBound, $0.offset)
        < ($1.entry.range.lowerBound, $1.entry.range.upperBound, $1.offset)
    }
    var filled = 0
    for (index, item) in placed.enumerated() {
      let range = item.entry.range
      var name: String { JSONText.shown(item.entry.name) }
      guard range.upperBound <= dataByteCount else {
        throw SafetensorsError(
          "tensor \(name) ends at byte \(range.upperBound) of a data section of \(dataByteCount)",
          offset: item.offset)
      }
      guard range.lowerBound >= filled else {
        let other = JSONText.shown(placed[index - 1].entry.name)
        throw SafetensorsError("the data of tensor \(name) overlaps that of \(other)", offset: item.offset)
      }
      guard range.lowerBound == filled else {
        throw SafetensorsError(
          "\(range.lowerBound - filled) bytes before the data of tensor \(name) belong to no tensor",
          offset: item.offset)
      }
      filled = range.upperBound
    }
    guard filled == dataByteCount else {
      throw SafetensorsError("\(dataByteCount - filled) bytes at the file's end belong to no tensor", offset: end)
    }
  }
}
