import CondenseTensors

/// The same bytes again and again: many, where random ones would take long to make.
public func repeated(_ some: [UInt8], count: Int) -> Bytes {
  Bytes(count: count) { target in
    for start in stride(from: 0, to: count, by: some.count) {
      let part = UnsafeMutableRawBufferPointer(rebasing: target[start..<min(start + some.count, count)])
      some.withUnsafeBytes { part.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<part.count])) }
    }
  }
}
