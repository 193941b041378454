import CondenseHTTP
import Testing

@Suite("Targets") struct HTTPTargetTests {
  @Test(
    "A path is cut into segments, then decoded",
    arguments: [
      ("/", []), ("/a", ["a"]), ("/a/b", ["a", "b"]), ("/a/", ["a", ""]), ("//a", ["", "a"]),
      ("/a%20b", ["a b"]), ("/a%2Fb/c", ["a/b", "c"]), ("/%e2%82%ac", ["€"]), ("/a+b", ["a+b"]), ("/...", ["..."]),
      ("/a?b=/../c", ["a"]), ("http://h:1/a", ["a"]), ("HTTP://h?b", []),
    ] as [(String, [String])])
  func paths(_ target: String, _ components: [String]) throws {
    #expect(try HTTPTarget(target).pathComponents == components)
  }

  @Test(
    "What is badly encoded or leads elsewhere is refused",
    arguments: [
      "", "*", "a", "a:1", "/%", "/%2", "/%zz", "/%+1", "/a?%", "/a?b=%g0", "/..", "/a/../b", "/%2e%2E/b", "/.",
      "/a/./b",
      "/a%2f..", "/..%5Cb", "/%00", "/a%0Ab", "/a?b=%00", "/%7f", "/%ff", "/%c0%af", "/%ed%a0%80", "/a b", "/é", "/a#b",
      "https://h/", "/a?b=1&b=2",
    ])
  func refused(_ target: String) {
    #expect { try HTTPTarget(target) } throws: { ($0 as? HTTPRefusal)?.status == 400 }
  }

  @Test("A query is decoded by name and value")
  func query() throws {
    let target = try HTTPTarget("/a?b=1&c=x%26y+z&&d&e=f=g&=h")
    #expect(target.query == ["b": "1", "c": "x&y z", "d": "", "e": "f=g", "": "h"])
    #expect(target.path == "/a")
  }

  @Test("An absolute-form tells its authority")
  func authority() throws {
    #expect(try HTTPTarget("http://localhost:80/a").authority == "localhost:80")
    #expect(try HTTPTarget("/http://localhost").authority == nil)
  }
}
