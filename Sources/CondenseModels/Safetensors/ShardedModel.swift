import CondenseCodecs
import CondenseTensors
import Foundation

/// A checkpoint in several safetensors files, with an index that says which tensor is where.
struct ShardedModel: OpenModel {
  let path: String
  let format = "safetensors"
  let tensors: [ModelTensor]
  let envelope: [String: String]
  private let index: ModelFile
  private let shards: [SafetensorsFile]
  /// For each tensor its shard and its place there.
  private let places: [(shard: Int, entry: SafetensorsHeader.Entry)]

  var files: [ModelFile] { [index] + shards.map(\.file) }

  var tensorsByFile: [[Int]] {
    places.indices.reduce(into: Array(repeating: [], count: 1 + shards.count)) { $0[1 + places[$1].shard].append($1) }
  }

  /// An index larger than this is no index.
  private static let largestIndex = 100_000_000

  init(_ path: String) throws(ModelError) {
    self.path = path
    index = try ModelFile(path)
    guard index.identity.byteCount <= ShardedModel.largestIndex else {
      throw ModelError(
        path, "the index has \(index.identity.byteCount) bytes; at most \(ShardedModel.largestIndex) are allowed")
    }
    let entries: [String: ShardIndex.Entry]
    do {
      let text = try index.read(0..<index.identity.byteCount)
      entries = try ShardIndex.weightMap(text)
    } catch let error as SafetensorsError {
      throw ModelError(path, error.message, offset: error.offset)
    } catch let error as ModelError {
      throw error
    } catch {
      throw ModelError(path, "\(error)")
    }
    let folder = (path as NSString).deletingLastPathComponent
    // The first place that names each shard.
    let shardPlaces = Dictionary(entries.values.map { ($0.shard, $0.offset) }, uniquingKeysWith: min)
    let names = shardPlaces.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    var shards: [SafetensorsFile] = []
    var places: [(shard: Int, entry: SafetensorsHeader.Entry)] = []
    var envelope: [String: String] = [:]
    for (number, name) in names.enumerated() {
      guard !name.isEmpty, !name.contains("/"), name != "..", name != "." else {
        throw ModelError(
          path, "shard '\(JSONText.clipped(name))' is no plain file name", offset: shardPlaces[name])
      }
      let shard: SafetensorsFile
      do {
        shard = try SafetensorsFile(folder.isEmpty ? name : folder + "/" + name)
      } catch  where error.isMissing {
        // The model is there; a part of it is not.
        throw ModelError(path, "shard '\(JSONText.clipped(name))' is missing", offset: shardPlaces[name])
      }
      for entry in shard.header.entries {
        let indexed = entries[entry.name]
        guard indexed?.shard == name else {
          let place = indexed.map { "in '\(JSONText.clipped($0.shard))'" } ?? "nowhere"
          throw ModelError(
            path,
            "tensor '\(JSONText.clipped(entry.name))' is in '\(JSONText.clipped(name))', but the index has it \(place)",
            offset: indexed?.offset)
        }
        places.append((number, entry))
      }
      envelope.merge(shard.header.metadata) { first, _ in first }
      shards.append(shard)
    }
    let found = Set(places.map(\.entry.name))
    if let missing = entries.filter({ !found.contains($0.key) }).min(by: { $0.value.offset < $1.value.offset }) {
      throw ModelError(
        path,
        "tensor '\(JSONText.clipped(missing.key))' is not in '\(JSONText.clipped(missing.value.shard))', where the index has it",
        offset: missing.value.offset)
    }
    self.shards = shards
    self.places = places
    self.envelope = envelope
    tensors = places.map { ModelTensor(name: $0.entry.name, dtype: $0.entry.dtype, shape: $0.entry.shape) }
  }

  func read(_ index: Int) throws(ModelError) -> EncodedTensor {
    let place = places[index]
    return try shards[place.shard].tensor(place.entry)
  }

  func place(_ index: Int) -> FileRange? { shards[places[index].shard].place(places[index].entry) }

  func coding(_ index: Int) throws(ModelError) -> TensorCoding {
    TensorCoding(byteCount: tensors[index].byteCount, text: "plain, in shard \(places[index].shard + 1)")
  }
}

/// The index of a sharded checkpoint: `{"metadata": {…}, "weight_map": {"tensor": "shard file"}}`.
enum ShardIndex {
  /// Where a tensor is, and where in the index that is said.
  struct Entry {
    var shard: String
    var offset: Int
  }

  /// For each tensor its entry.
  static func weightMap(_ text: Bytes) throws(SafetensorsError) -> [String: Entry] {
    try text.withUnsafeBytes { (buffer: UnsafeRawBufferPointer) throws(SafetensorsError) in
      var scanner = JSONScanner(buffer, base: 0)
      var map: [String: Entry]?
      try scanner.object("in the index") { (scanner, key, offset) throws(SafetensorsError) in
        guard key == "weight_map" else {
          try scanner.skipValue()
          return
        }
        guard map == nil else { throw scanner.error("'weight_map' is there twice", at: offset) }
        var found: [String: Entry] = [:]
        try scanner.object("in 'weight_map'") { (scanner, name, offset) throws(SafetensorsError) in
          let shard = try scanner.string("a shard's file name")
          guard found.updateValue(Entry(shard: shard, offset: offset), forKey: name) == nil else {
            throw scanner.error("tensor \(JSONText.shown(name)) is there twice", at: offset)
          }
        }
        map = found
      }
      guard scanner.isAtEnd() else { throw scanner.error("something follows the index's '}'") }
      guard let map else { throw scanner.error("the index has no 'weight_map'") }
      return map
    }
  }
}
