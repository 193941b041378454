import HashedBytes

/// SHA-256, which names every tensor: of one message, and of two halves at a time.
enum HashKernels {
  static let all: [Kernel] = [
    Kernel(name: "sha256 one") { tensor in
      {
        tensor.bytes.withUnsafeBytes { bytes in
          var context = csha256_context()
          csha256_begin(&context)
          csha256_update(&context, bytes.baseAddress, bytes.count)
        }
      }
    },
    Kernel(name: "sha256 pair") { tensor in
      {
        tensor.bytes.withUnsafeBytes { bytes in
          let half = bytes.count / 2
          guard let start = bytes.baseAddress else { return }
          var contexts = (csha256_context(), csha256_context())
          csha256_begin(&contexts.0)
          csha256_begin(&contexts.1)
          csha256_update_pair(&contexts.0, start, &contexts.1, start + half, half)
        }
      }
    },
  ]
}
