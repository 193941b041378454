import CondenseTensors
import Foundation

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// zstd's entropy coders and zstd itself, loaded into this process so that they can be timed in turns with ours.
struct EntropyPeers {
  enum Coder: Int32 {
    case huff0OneSymbol = 0
    case huff0TwoSymbols
    case fse
    case zstd3
    case zstd19

    var name: String {
      switch self {
      case .huff0OneSymbol, .huff0TwoSymbols: "huff0"
      case .fse: "FSE"
      case .zstd3: "zstd -3"
      case .zstd19: "zstd -19"
      }
    }
  }

  fileprivate typealias Function = @convention(c) (Int32, UnsafeRawPointer?, Int, UnsafeMutableRawPointer?, Int) -> Int
  private let encode: Function
  private let decode: Function

  /// Nil, after a note on standard error, where gcc or zstd's static library is missing.
  init?() {
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Peers/build-entropy").standardizedFileURL
    let library = FileManager.default.temporaryDirectory.appendingPathComponent("entropy-\(UUID().uuidString).so")
    defer { try? FileManager.default.removeItem(at: library) }
    let process = Process()
    process.executableURL = script
    process.arguments = [library.path]
    guard (try? process.run()) != nil else { return nil }
    process.waitUntilExit()
    guard process.terminationStatus == 0, let handle = dlopen(library.path, RTLD_NOW),
      let encode = dlsym(handle, "peer_encode"), let decode = dlsym(handle, "peer_decode")
    else {
      FileHandle.standardError.write(Data("huff0, FSE and zstd are left out: no gcc or no libzstd.a\n".utf8))
      return nil
    }
    self.encode = unsafeBitCast(encode, to: Function.self)
    self.decode = unsafeBitCast(decode, to: Function.self)
  }

  /// The same symbols coded by a peer, with the calls to time; nil where it cannot code them.
  func job(_ coder: Coder, _ symbols: Bytes) -> Job? {
    let target = Buffer(count: symbols.count * 2 + 1024)
    let size = symbols.withUnsafeBytes {
      encode(coder.rawValue, $0.baseAddress, $0.count, target.memory.baseAddress, target.memory.count)
    }
    guard size > 0 else { return nil }
    let coded = Bytes(copying: UnsafeRawBufferPointer(rebasing: target.memory[..<size]))
    let job = Job(coder: coder, symbols: symbols, coded: coded, target: target, encoder: encode, decoder: decode)
    guard job.decode() == symbols.count, target.memory[..<symbols.count].elementsEqual(symbols.array) else {
      FileHandle.standardError.write(Data("\(coder.name) does not give back what it was given\n".utf8))
      return nil
    }
    return job
  }

  struct Job {
    let coder: Coder
    let symbols: Bytes
    let coded: Bytes
    fileprivate let target: Buffer
    fileprivate let encoder: Function
    fileprivate let decoder: Function

    func encode() {
      _ = symbols.withUnsafeBytes {
        encoder(coder.rawValue, $0.baseAddress, $0.count, target.memory.baseAddress, target.memory.count)
      }
    }

    @discardableResult
    func decode() -> Int {
      coded.withUnsafeBytes {
        decoder(coder.rawValue, $0.baseAddress, $0.count, target.memory.baseAddress, symbols.count)
      }
    }
  }

  fileprivate final class Buffer {
    let memory: UnsafeMutableRawBufferPointer
    init(count: Int) {
      memory = .allocate(byteCount: count, alignment: 64)
      memory.initializeMemory(as: UInt8.self, repeating: 0)
    }
    deinit { memory.deallocate() }
  }
}
