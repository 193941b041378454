import Benchmarking
import CondenseCodecs
import CondenseTensors
import Foundation

/// Everything that is timed on one stream of symbols.
struct CodecJobs {
  let source: SymbolSource
  let peers: EntropyPeers?
  let options: Options

  func rows() throws -> [CodecRow] {
    let huffman = try stream(.huffman)
    return try huffmanRows(huffman) + ansRows(huffman) + rangeRows() + checksumRows(huffman) + expansionRows()
      + zstdRows()
  }

  private var tensor: EncodedTensor {
    EncodedTensor(dtype: .u8, shape: source.form.shape, payload: .elements(.plain(source.symbols)))
  }

  private var layout: StreamLayout { source.isSparse ? .sparse : .dense }

  private func stream(_ coding: EntropyCoding) throws -> Bytes {
    let stream = try TensorCoder.encode(tensor, layout: layout, coding: coding)
    guard try TensorCoder.decode(stream) == tensor else {
      throw CodecError(description: "\(coding) does not give back \(source.name)")
    }
    return stream
  }

  private func encoding(_ coding: EntropyCoding) -> () -> Void {
    let (tensor, layout) = (tensor, layout)
    return { _ = try? TensorCoder.encode(tensor, layout: layout, coding: coding) }
  }

  private func decoding(_ stream: Bytes) -> () -> Void { { _ = try? TensorCoder.decode(stream) } }

  private func over(_ byteCount: Int) -> Double { (Double(byteCount) / source.entropy - 1) * 100 }

  private func huffmanRows(_ stream: Bytes) throws -> [CodecRow] {
    let one = peers?.job(.huff0OneSymbol, source.symbols)
    let peer = one.map { ("huff0", $0.encode) }
    let decoders = one.map { one in
      let two = peers?.job(.huff0TwoSymbols, source.symbols)
      let twoIsFaster = two.map { two in
        Comparison(rounds: 5, work: { two.decode() }, reference: { one.decode() }).ratio > 1
      }
      return twoIsFaster ?? false ? two ?? one : one
    }
    return [
      row(
        "huffman encode", source.symbols, encoding(.huffman), against: peer, target: source.encodingTarget,
        over: over(stream.count)),
      row(
        "huffman decode", source.symbols, decoding(stream),
        against: decoders.map { job in ("huff0", { job.decode() }) },
        target: source.decodingTarget, over: over(stream.count)),
    ].compactMap { $0 } + (source.isSparse ? try maskedRows(peer, decoders) : [])
  }

  /// The same in the form that pruning and clustering leave: a mask, and what is not zero.
  private func maskedRows(
    _ encoder: (String, () -> Void)?, _ decoder: EntropyPeers.Job?
  ) throws -> [CodecRow] {
    let form = source.form
    let stream = try TensorCoder.encode(form)
    return [
      row(
        "huffman encode masked", source.symbols, { _ = try? TensorCoder.encode(form) }, against: encoder,
        over: over(stream.count)),
      row(
        "huffman decode masked", source.symbols, decoding(stream),
        against: decoder.map { job in ("huff0", { job.decode() }) },
        over: over(stream.count)),
    ].compactMap { $0 }
  }

  private func ansRows(_ huffman: Bytes) throws -> [CodecRow] {
    guard options.wants("rans encode") || options.wants("rans decode") else { return [] }
    let coding = EntropyCoding(coder: .rans)
    let stream = try stream(coding)
    let peer = peers?.job(.fse, source.symbols)
    return [
      row(
        "rans encode", source.symbols, encoding(coding), against: peer.map { ("FSE", $0.encode) },
        over: over(stream.count)),
      row(
        "rans decode", source.symbols, decoding(stream), against: ("huffman", decoding(huffman)), target: 0.5,
        over: over(stream.count)),
      row(
        "rans decode against FSE", source.symbols, decoding(stream),
        against: peer.map { job in ("FSE", { job.decode() }) }),
    ].compactMap { $0 }
  }

  /// Only where a call does not take seconds.
  private func rangeRows() throws -> [CodecRow] {
    guard source.symbols.count <= 2_000_000, options.wants("range encode") || options.wants("range decode") else {
      return []
    }
    let coding = EntropyCoding(coder: .range)
    let stream = try stream(coding)
    return [
      row("range encode", source.symbols, encoding(coding), over: over(stream.count)),
      row("range decode", source.symbols, decoding(stream), over: over(stream.count)),
    ].compactMap { $0 }
  }

  private func checksumRows(_ stream: Bytes) -> [CodecRow] {
    [row("crc32", stream, { _ = CRC32.checksum(stream) }, against: ("huffman decode", decoding(stream)))]
      .compactMap { $0 }
  }

  private func expansionRows() throws -> [CodecRow] {
    guard options.wants("expand") else { return [] }
    let expanded = try source.form.expanded().bytes
    let form = source.form
    return [
      row("expand", expanded, { _ = try? form.expanded() }, against: ("memcpy", nil), target: source.expansionTarget)
    ]
    .compactMap { $0 }
  }

  /// The peers alone, for their size: `zstd -19` only where that does not take a minute.
  private func zstdRows() -> [CodecRow] {
    let coders: [EntropyPeers.Coder] =
      source.symbols.count <= 2_000_000 ? [.huff0OneSymbol, .fse, .zstd3, .zstd19] : [.huff0OneSymbol, .fse, .zstd3]
    return coders.flatMap { coder -> [CodecRow] in
      guard options.wants(coder.name), let job = peers?.job(coder, source.symbols) else { return [] }
      let size = over(job.coded.count)
      return [
        row(
          "\(coder.name) encode", source.symbols, job.encode, rounds: coder == .zstd19 ? 1 : options.rounds, over: size),
        row("\(coder.name) decode", source.symbols, { job.decode() }, over: size),
      ].compactMap { $0 }
    }
  }

  /// Times `work` in turns with a copy of `bytes`, then with the reference; nil where the job is not wanted.
  private func row(
    _ job: String, _ bytes: Bytes, _ work: @escaping () -> Void,
    against reference: (name: String, work: (() -> Void)?)? = nil,
    target: Double? = nil, rounds: Int? = nil, over: Double? = nil
  ) -> CodecRow? {
    guard options.wants("\(job), \(source.name)") else { return nil }
    let target = reference == nil ? nil : target
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 64)
    defer { memory.deallocate() }
    let rounds = rounds ?? options.rounds
    let copy = Comparison(rounds: rounds, work: work) { bytes.withUnsafeBytes { memory.copyMemory(from: $0) } }
    let peer = reference?.work.map { Comparison(rounds: rounds, work: work, reference: $0) }
    if !options.isJSON { FileHandle.standardError.write(Data("\(job), \(source.name)\n".utf8)) }
    return CodecRow(
      job: job, stream: source.name, gigabytesPerSecond: Double(bytes.count) / copy.work / 1e9, memcpyRatio: copy.ratio,
      overEntropy: over, reference: reference?.name, referenceRatio: peer?.ratio, target: target)
  }
}
