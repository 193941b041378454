import CSHA256
import CondenseStore
import CondenseTensors
import Testing

@Suite("SHA-256")
struct DigestTests {
  // The examples that NIST publishes with FIPS 180-4, and the empty message.
  @Test(
    "The standard's examples come out",
    arguments: [
      ("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
      ("a", 1_000_000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ])
  func examples(unit: String, count: Int, digest: String) {
    let message = String(repeating: unit, count: count)
    #expect(Digest(of: Bytes(message.utf8)).hex == digest)
    #expect(Digest(hex: digest)?.hex == digest)
  }

  @Test("Portable code and the processor's instructions agree at every length and split")
  func portableCode() {
    let message = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 7) }
    for length in 0...300 {
      var portable = csha256_context()
      csha256_begin(&portable)
      let cut = length / 3
      csha256_update_portably(&portable, Array(message[..<cut]), cut)
      csha256_update_portably(&portable, Array(message[cut..<length]), length - cut)
      var expected = [UInt8](repeating: 0, count: 32)
      csha256_finish(&portable, &expected)
      let parts = [Bytes(message[..<(length / 2)]), Bytes(message[(length / 2)..<length])]
      #expect(Digest(of: parts).bytes == expected, "length \(length)")
    }
  }

  @Test("Messages that are hashed together have the digests that they have alone", arguments: 0...7)
  func together(count: Int) {
    // Lengths around whole blocks, and parts that begin within them.
    let messages = (0..<count).map { number -> [Bytes] in
      [0, 1, 63, 64, 65, 300, 4096, 10_001].prefix(2 + number).enumerated().map { place, length in
        Bytes((0..<(length + number * 17)).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ place &* 31 &+ number) })
      }
    }
    #expect(Digest.together(messages) == messages.map { Digest(of: $0) })
  }

  @Test("Text that is no digest is refused", arguments: ["", "abc", String(repeating: "G", count: 64)])
  func badHex(text: String) { #expect(Digest(hex: text) == nil) }

  @Test("Neighbouring fields do not run into each other")
  func fields() {
    func digest(_ a: String, _ b: String) -> Digest {
      var hasher = SHA256()
      hasher.updateField(a)
      hasher.updateField(b)
      return hasher.finish()
    }
    #expect(digest("ab", "c") != digest("a", "bc"))
  }
}
