import CondenseTensors

/// 4-bit codes, two to a byte, the first in the lower half.
enum Nibbles {
  static func packed(_ codes: Bytes) -> Bytes {
    Bytes(count: (codes.count + 1) / 2) { target in
      codes.withUnsafeBytes { source in
        for index in 0..<target.count {
          let high = 2 * index + 1 < source.count ? source[2 * index + 1] << 4 : 0
          target[index] = source[2 * index] & 0x0F | high
        }
      }
    }
  }

  /// Codes as bytes in two's complement.
  static func unpacked(_ bytes: Bytes, count: Int) -> Bytes {
    Bytes(count: count) { target in
      bytes.withUnsafeBytes { source in
        for index in 0..<count {
          let nibble = source[index / 2] >> (index % 2 == 0 ? 0 : 4) & 0x0F
          target[index] = nibble & 0x08 == 0 ? nibble : nibble | 0xF0
        }
      }
    }
  }
}

extension Quantized {
  /// The codes as files hold them.
  var storedCodes: Bytes { type == .int4 ? Nibbles.packed(codes) : codes }
}

extension QuantizedType {
  /// The safetensors type that files hold codes in.
  var storedDType: DType {
    switch self {
    case .int8: .i8
    case .uint8, .int4: .u8
    case .float16: .f16
    case .bfloat16: .bf16
    case .float8e4m3: .f8e4m3
    }
  }
}

extension Granularity {
  /// The most elements that a group is said to have: more is never needed, and sums with it stay within an `Int`.
  static let largestGroup = 1 << 62

  /// `tensor`, `channel` or `group 128`.
  var text: String {
    switch self {
    case .tensor: "tensor"
    case .channel: "channel"
    case .group(let size): "group \(size)"
    }
  }

  init?(text: String) {
    switch text {
    case "tensor": self = .tensor
    case "channel": self = .channel
    default:
      guard text.hasPrefix("group "), let size = Int(text.dropFirst(6)), (1...Granularity.largestGroup).contains(size)
      else { return nil }
      self = .group(size)
    }
  }
}
