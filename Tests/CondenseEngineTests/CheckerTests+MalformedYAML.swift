/// Files that are no YAML, or YAML that no pipeline may use.
extension MalformedFile {
  private static let rest = "\nstages: [huffman]\noutputs: [o.condensed]\n"

  /// Ten times ten times ten …: 10^10 values in 500 bytes.
  private static let bomb =
    "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
    + (1...9).map { "a\($0): &a\($0) [\(Array(repeating: "*a\($0 - 1)", count: 10).joined(separator: ","))]\n" }
    .joined()

  /// Five kilobytes that aliases repeat ten thousand times.
  private static let longTextBomb =
    "a: &a \(String(repeating: "x", count: 5000))\nb: [\(Array(repeating: "*a", count: 10_000).joined(separator: ","))]\n"

  static let yaml: [MalformedFile] = [
    // Indentation.
    MalformedFile(
      "a tab before a key", "model: m.safetensors\nstages:\n\t- huffman\n", ["3:1: a tab; indent with spaces"]),
    MalformedFile(
      "a tab before a stage's parameter", "stages:\n  - prune:\n  \tsparsity: 0.5\n", ["3:3: a tab; indent with spaces"]
    ),
    MalformedFile("a tab at the very beginning", "\tmodel: m.safetensors\n", ["1:1: a tab; indent with spaces"]),
    MalformedFile(
      "a key too far in", "model: m.safetensors\n  stages: [huffman]\n",
      ["2:9: a ':' makes no sense here; check the indentation, or put the text in quotes"]),
    MalformedFile(
      "a key too far out", "  model: m.safetensors\nstages: [huffman]\n",
      ["2:1: expected the end of the file; check the indentation"]),
    MalformedFile(
      "an item too far out", "stages:\n    - prune\n  - huffman\n",
      ["3:3: a '-' makes no sense here; check the indentation"]),
    MalformedFile(
      "an item too far in", "stages:\n  - prune\n    - huffman\n",
      ["2:5: unknown stage 'prune - huffman'; expected one of prune, cluster, quantize, huffman, entropy"]),
    MalformedFile(
      "a list on the key's own line", "model: m.safetensors\nstages: - huffman\n",
      ["2:9: a '-' makes no sense here; a list begins on a line of its own"]),
    MalformedFile(
      "an item among keys", "model: m.safetensors\n- huffman\n",
      ["2:1: a '-' makes no sense here; check the indentation"]),
    MalformedFile(
      "a key among items", "- huffman\nmodel: m.safetensors\n", ["2:1: expected '-'; check the indentation"]),
    // Quotes, brackets, colons.
    MalformedFile(
      "a single quote that does not close", "model: 'm.safetensors" + rest,
      ["1:8: the quotes that open here do not close"]),
    MalformedFile(
      "a double quote that does not close", "name: x\nmodel: \"m.safetensors" + rest,
      ["2:8: the quotes that open here do not close"]),
    MalformedFile(
      "something after a quoted text", "model: 'm'.safetensors" + rest, ["1:11: expected the end of the line"]),
    MalformedFile(
      "a bracket that does not close", "model: m.safetensors\nstages: [huffman\noutputs: [o.condensed]\n",
      ["3:8: expected ',' or ']'"]),
    MalformedFile(
      "a bracket that does not close at the end", "model: m.safetensors\nstages: [huffman",
      ["2:17: expected ',' or ']'"]),
    MalformedFile("a brace that does not close", "stages: [{prune: {sparsity: 0.5}]\n", ["1:33: expected ',' or '}'"]),
    MalformedFile("a bracket closed by a brace", "stages: [huffman}\n", ["1:17: expected ',' or ']'"]),
    MalformedFile("a bracket too many", "stages: [huffman]]\n", ["1:18: expected the end of the line"]),
    MalformedFile(
      "two colons on a line", "model: path: m.safetensors" + rest,
      ["1:12: a ':' makes no sense here; check the indentation, or put the text in quotes"]),
    MalformedFile(
      "a line without a colon", "model: m.safetensors\nstages\noutputs: [o.condensed]\n",
      ["2:1: expected ':' after this key"]),
    MalformedFile("a last line without a colon", "model: m.safetensors\nstages", ["2:1: expected ':' after this key"]),
    MalformedFile(
      "no space after the colon", "model:m.safetensors\n",
      ["1:1: a pipeline is a mapping with model, stages and outputs, not 'model:m.safetensors'"]),
    MalformedFile("commas that follow each other", "stages: [huffman,,prune]\n", ["1:18: expected a value"]),
    MalformedFile(
      "a value that begins with @", "model: @models/m.safetensors" + rest,
      ["1:8: a value cannot begin with '@'; put it in quotes"]),
    MalformedFile(
      "a value that begins with a backtick", "model: `m.safetensors`" + rest,
      ["1:8: a value cannot begin with '`'; put it in quotes"]),
    MalformedFile(
      "a value that begins with %", "model: m.safetensors\nname: %x" + rest,
      ["2:7: a value cannot begin with '%'; put it in quotes"]),
    MalformedFile(
      "a pattern without quotes", "stages:\n  - prune: {sparsity: 0.5, only: *.weight}\n",
      ["2:34: a value that begins with '*' is an alias; put a pattern in quotes"]),
    // Escapes.
    MalformedFile(
      "an unknown escape", #"model: "C:\models\m.safetensors""# + rest,
      ["1:11: an unknown escape; in single quotes a backslash stands for itself"]),
    MalformedFile(
      "an escape without digits", #"model: "\x4""# + rest, ["1:11: an escape without its hexadecimal digits"]),
    MalformedFile(
      "half of a surrogate pair", #"model: "\ud83e""# + rest, ["1:11: an escape that stands for no character"]),
    MalformedFile(
      "an escape beyond Unicode", #"model: "\U00110000""# + rest, ["1:11: an escape that stands for no character"]),
    // Anchors, aliases, tags, directives, documents.
    MalformedFile(
      "an alias without an anchor", "model: *m" + rest, ["1:8: there is no anchor '&m' above; put a pattern in quotes"]),
    MalformedFile(
      "an alias before its anchor", "stages: [*s, &s huffman]\n",
      ["1:10: there is no anchor '&s' above; put a pattern in quotes"]),
    MalformedFile(
      "an alias inside of its anchor", "stages: &s [huffman, *s]\n", ["1:22: alias '*s' stands inside of what it names"]
    ),
    MalformedFile(
      "an alias without a name", "model: * m" + rest,
      ["1:8: a value that begins with '*' is an alias; put a pattern in quotes"]),
    MalformedFile(
      "an anchor without a name", "model: & m" + rest,
      ["1:9: invalid YAML: did not find expected alphabetic or numeric character while scanning an anchor"]),
    MalformedFile("an alias as a key", "model: &m x\n*m : y\n", ["2:1: a key must be a plain word"]),
    MalformedFile(
      "a bomb of aliases", bomb, ["5:38: the file stands for more than 100000 values, aliases counted in full"]),
    MalformedFile(
      "a long text that aliases repeat", longTextBomb,
      ["2:3797: the file stands for more than 100000 values, aliases counted in full"]),
    MalformedFile(
      "a merge key", "a: &a {min: 1}\nchecks:\n  ratio:\n    <<: *a\n",
      ["4:5: merge keys ('<<') are not part of YAML 1.2"]),
    MalformedFile(
      "a tag of another language", "model: !!python/object/apply:os.system [x]\n",
      ["1:8: the tag 'tag:yaml.org,2002:python/object/apply:os.system' has no meaning in a pipeline"]),
    MalformedFile(
      "a tag of one's own", "stages: [!stage huffman]\n", ["1:10: the tag '!stage' has no meaning in a pipeline"]),
    MalformedFile(
      "a tag without its handle", "stages: [!e!stage huffman]\n",
      ["1:10: invalid YAML: found undefined tag handle while parsing a node"]),
    MalformedFile(
      "a binary tag", "model: !!binary aGVsbG8=\n",
      ["1:8: the tag 'tag:yaml.org,2002:binary' has no meaning in a pipeline"]),
    MalformedFile("a list as a key", "? [model]\n: m.safetensors\n", ["1:3: a key must be a plain word"]),
    MalformedFile(
      "a version of YAML that is none", "%YAML 3.0\n---\nmodel: m.safetensors\n",
      ["1:1: a version of YAML that is not 1.1 or 1.2"]),
    MalformedFile(
      "a second document", "model: m.safetensors\n---\nmodel: n.safetensors\n",
      ["2:1: a second document begins here; a pipeline file is one document"]),
    MalformedFile(
      "something after the document's end", "model: m.safetensors\n...\nstages: [huffman]\n",
      ["3:1: expected the end of the file; check the indentation"]),
    MalformedFile(
      "lists in each other", "stages: \(String(repeating: "[", count: 100))",
      ["1:72: values are nested more than 64 deep"]),
    MalformedFile(
      "items in each other", "stages:\n  \(String(repeating: "- ", count: 100))x\n",
      ["2:129: values are nested more than 64 deep"]),
    MalformedFile(
      "keys in each other", String(repeating: "{a: ", count: 100), ["1:257: values are nested more than 64 deep"]),
    MalformedFile(
      "a block text without its end", "name: |9x\n  a\n",
      ["1:9: invalid YAML: did not find expected comment or line break while scanning a block scalar"]),
    // Bytes.
    MalformedFile(
      "a zero byte", "model: m.safe\0tensors\n", ["1:14: a zero byte in the text; write the file as UTF-8"]),
    MalformedFile(
      "a control character", "model: m.safetensors\nname: a\u{7}b\n",
      ["2:8: the character U+0007 cannot stand in YAML text"]),
    MalformedFile("a deleted character", "model: ü\u{7F}\n", ["1:9: the character U+007F cannot stand in YAML text"]),
    MalformedFile(
      "a byte order mark in the middle", "model: m.safetensors\nname: a\u{FEFF}b\n",
      ["2:8: the character U+FEFF cannot stand in YAML text"]),
    MalformedFile(
      "UTF-16, low byte first", bytes: [0xFF, 0xFE, 0x6D, 0x00, 0x3A, 0x00],
      ["1:1: the file is UTF-16; write it as UTF-8"]),
    MalformedFile(
      "UTF-16, high byte first", bytes: [0xFE, 0xFF, 0x00, 0x6D, 0x00, 0x3A],
      ["1:1: the file is UTF-16; write it as UTF-8"]),
    MalformedFile(
      "UTF-16 without a mark", bytes: [0x6D, 0x00, 0x3A, 0x00],
      ["1:2: a zero byte in the text; write the file as UTF-8"]),
    MalformedFile(
      "Latin-1", bytes: Array("model: m.safetensors\nname: Z".utf8) + [0xFC] + Array("rich\n".utf8),
      ["2:8: the text is not valid UTF-8"]),
    MalformedFile(
      "a code point cut short", bytes: Array("name: ü".utf8.dropLast()), ["1:7: the text is not valid UTF-8"]),
    MalformedFile(
      "an overlong code point", bytes: Array("name: ".utf8) + [0xC0, 0xAF], ["1:7: the text is not valid UTF-8"]),
    MalformedFile(
      "more than a megabyte", String(repeating: "#\n", count: 1 << 19) + "#",
      ["the file has 1048577 bytes; a pipeline has at most 1048576"]),
    MalformedFile(
      "more than a megabyte with its byte order mark", "\u{FEFF}" + String(repeating: "#", count: 1 << 20 - 2),
      ["the file has 1048577 bytes; a pipeline has at most 1048576"]),
    MalformedFile(
      "a hundred thousand values", "stages: [\(String(repeating: "a,", count: 100_000))]",
      ["1:200004: the file stands for more than 100000 values, aliases counted in full"]),
    // Places.
    MalformedFile("columns are code points", "name: 'äöü🦉' x\n", ["1:14: expected the end of the line"]),
    MalformedFile(
      "a byte order mark is no column", "\u{FEFF}modle: m.safetensors\n",
      ["1:1: unknown key 'modle'; did you mean 'model'?"]),
    MalformedFile(
      "lines that end as on Windows", "model: m.safetensors\r\nstages: [huffman]]\r\n",
      ["2:18: expected the end of the line"]),
    MalformedFile(
      "lines that end as on old Macs", "model: m.safetensors\rstages: [huffman]]\r",
      ["2:18: expected the end of the line"]),
    MalformedFile(
      "a line separator of Unicode", "# a\u{2028}b\nmodel: m.safetensors\n",
      ["1:4: the character U+2028 cannot stand in YAML text"]),
  ]
}
