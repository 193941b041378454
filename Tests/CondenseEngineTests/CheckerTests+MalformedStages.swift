/// Stages that are none, in a file that is well otherwise.
extension MalformedFile {
  /// A file whose only fault is in its stages, which begin at 2:10.
  static func stages(_ title: String, _ stages: String, _ expected: [String]) -> MalformedFile {
    MalformedFile(title, head + "stages: [\(stages)]\n" + outputs, expected)
  }

  static let stageLists: [MalformedFile] = [
    // Stages.
    MalformedFile(
      "stages that are a text", head + "stages: huffman\n" + outputs,
      ["2:9: expected a list of stages, such as [{prune: {sparsity: 0.9}}, huffman], found 'huffman'"]),
    MalformedFile(
      "stages that are nothing", head + "stages:\n" + outputs,
      ["2:8: expected a list of stages, such as [{prune: {sparsity: 0.9}}, huffman], found nothing"]),
    MalformedFile(
      "stages that are a mapping", head + "stages:\n  prune: {sparsity: 0.5}\n  huffman:\n" + outputs,
      ["3:3: expected a list of stages, such as [{prune: {sparsity: 0.9}}, huffman], found a mapping"]),
    MalformedFile(
      "three hundred stages", head + "stages: [\(String(repeating: "huffman,", count: 300))]\n" + outputs,
      ["2:9: 300 stages; a pipeline has at most 256"]),
    stages("an empty stage", "", ["2:9: the list of stages is empty"]),
    stages(
      "a stage that is nothing", "huffman, ~",
      ["2:19: expected a stage's name, or one with its parameters, found nothing"]),
    stages(
      "a stage that is a number", "8",
      ["2:10: unknown stage '8'; expected one of prune, cluster, quantize, huffman, entropy"]),
    stages("a misspelt stage", "prnue", ["2:10: unknown stage 'prnue'; did you mean 'prune'?"]),
    stages("a stage in capitals", "Huffman", ["2:10: unknown stage 'Huffman'; did you mean 'huffman'?"]),
    stages(
      "a stage that does not exist", "distill",
      ["2:10: unknown stage 'distill'; expected one of prune, cluster, quantize, huffman, entropy"]),
    MalformedFile(
      "parameters that are not indented", head + "stages:\n  - prune:\n    sparsity: 0.5\n" + outputs,
      ["4:5: a stage is one key with its parameters indented below it; 'sparsity' stands beside 'prune'"]),
    stages(
      "parameters that are a list", "{prune: [0.5]}",
      [
        "2:11: prune needs a sparsity or a threshold, such as {sparsity: 0.9}",
        "2:18: expected the parameters of 'prune' as a mapping, found a list",
      ]),
    stages(
      "parameters that are a number", "{prune: 0.5}",
      [
        "2:11: prune needs a sparsity or a threshold, such as {sparsity: 0.9}",
        "2:18: expected the parameters of 'prune' as a mapping, found the number 0.5",
      ]),
    stages(
      "a stage twice", "huffman, huffman",
      ["2:19: the id 'huffman' is there twice; give one of the stages an 'id' of its own"]),
    stages("an id that is nothing", "{huffman: {id: }}", ["2:25: expected an id, found nothing"]),
    stages(
      "an id that is taken", "{prune: {id: a, sparsity: 0.5}}, {huffman: {id: a}}",
      ["2:58: the id 'a' is there twice; give one of the stages an 'id' of its own"]),
    stages(
      "an id that stands for the model", "{huffman: {id: model}}",
      ["2:25: 'model' stands for the pipeline's model; choose another id"]),
    stages(
      "a source that does not exist", "{prune: {sparsity: 0.5}}, {huffman: {from: prnue}}",
      ["2:53: unknown stage id 'prnue'; did you mean 'prune'?"]),
    stages(
      "a source that is a list", "{huffman: {from: [model]}}", ["2:27: expected a stage's id or 'model', found a list"]),
    stages(
      "a circle of two", "{prune: {sparsity: 0.5, from: huffman}}, {huffman: {from: prune}}",
      ["2:40: stages are made from each other in a circle: prune ← huffman ← prune"]),
    stages(
      "a circle of three",
      "{prune: {sparsity: 0.5, from: c}}, {quantize: {from: prune}}, {huffman: {id: c, from: quantize}}",
      ["2:40: stages are made from each other in a circle: prune ← c ← quantize ← prune"]),
    stages(
      "a stage made from itself", "{huffman: {from: huffman}}",
      ["2:27: stages are made from each other in a circle: huffman ← huffman"]),
    // Patterns of tensor names.
    stages(
      "a pattern whose bracket does not close", "{huffman: {only: 'fc[12.weight'}}",
      ["2:27: the pattern 'fc[12.weight' is none: a '[' does not close"]),
    stages(
      "a pattern whose brace does not close", "{huffman: {skip: ['*.bias', 'fc{1,2.weight']}}",
      ["2:38: the pattern 'fc{1,2.weight' is none: a '{' does not close"]),
    stages(
      "a range the wrong way round", "{huffman: {only: 'fc[9-1]'}}",
      ["2:27: the pattern 'fc[9-1]' is none: the range 9-1 is empty"]),
    stages(
      "braces that multiply", "{huffman: {only: '{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}'}}",
      ["2:27: the pattern '{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}' is none: too many alternatives in braces"]),
    stages("no pattern", "{huffman: {only: []}}", ["2:27: the list of patterns is empty"]),
    stages(
      "an empty pattern", "{huffman: {only: ''}}",
      ["2:27: expected a pattern of tensor names such as 'fc*.weight', found an empty text"]),
    stages(
      "a pattern that is a mapping", "{huffman: {skip: {match: a}}}",
      ["2:27: expected a pattern of tensor names such as 'fc*.weight', found a mapping"]),
    MalformedFile(
      "a large pattern that aliases repeat",
      "name: &g '\(String(repeating: "{a,b}", count: 8))\(String(repeating: "x", count: 900))'\n" + head
        + "stages: [{huffman: {skip: [\(Array(repeating: "*g", count: 5000).joined(separator: ","))]}}]\n" + outputs,
      ["1:7: a name has at most 255 bytes", "1:7: the file's patterns are too many or too long"]),
    // Overrides.
    stages(
      "an override without its pattern", "{cluster: {bits: 4, overrides: [{bits: 2}]}}",
      ["2:42: the override has no 'match' to say which tensors it is for"]),
    stages(
      "overrides that are a mapping", "{cluster: {bits: 4, overrides: {fc1: {bits: 2}}}}",
      ["2:41: expected a list such as [{match: 'fc1*', bits: 6}], found a mapping"]),
    stages(
      "an override of the stage's source", "{cluster: {bits: 4, overrides: [{match: a, from: model}]}}",
      ["2:53: 'from' belongs to the stage, not to an override"]),
    stages(
      "an override's unknown parameter", "{cluster: {bits: 4, overrides: [{match: a, bit: 2}]}}",
      ["2:53: unknown parameter of cluster 'bit'; did you mean 'bits'?"]),
    stages(
      "an override that clashes", "{prune: {sparsity: 0.5, overrides: [{match: a, threshold: 1}]}}",
      ["2:68: give a sparsity or a threshold, not both"]),
    // Parameters.
    stages(
      "a misspelt parameter", "{prune: {sparcity: 0.5}}",
      ["2:19: unknown parameter of prune 'sparcity'; did you mean 'sparsity'?"]),
    stages(
      "another stage's parameter", "{prune: {sparsity: 0.5, bits: 4}}",
      ["2:34: unknown parameter of prune 'bits'; expected one of sparsity, threshold, scope, pattern"]),
    stages(
      "a share of ninety", "{prune: {sparsity: 90}}",
      ["2:29: expected a number from 0 to 1 for sparsity, found the number 90; did you mean '90%'?"]),
    stages(
      "a negative share", "{prune: {sparsity: -0.5}}",
      ["2:29: expected a number from 0 to 1 for sparsity, found the number -0.5"]),
    stages(
      "a share that is not a number", "{prune: {sparsity: .nan}}",
      ["2:29: expected a number from 0 to 1 for sparsity, found '.nan'"]),
    stages(
      "an infinite threshold", "{prune: {threshold: .inf}}",
      ["2:30: expected a number from 0 for threshold, found '.inf'"]),
    stages(
      "a number beyond all", "{prune: {threshold: 1e999}}",
      ["2:30: expected a number from 0 for threshold, found '1e999'"]),
    stages(
      "a number in quotes", "{cluster: {bits: '4'}}",
      ["2:27: expected a whole number from 1 to 8 for bits, found '4'; leave out the quotes"]),
    stages(
      "a whole number with a fraction", "{cluster: {bits: 4.0}}",
      ["2:27: expected a whole number from 1 to 8 for bits, found the number 4.0"]),
    stages(
      "a whole number beyond 64 bits", "{quantize: {granularity: {group: 99999999999999999999}}}",
      [
        "2:35: expected tensor, channel or {group: a whole number from 1 to 1073741824} for granularity, found a mapping"
      ]),
    stages(
      "too large in hexadecimal", "{cluster: {bits: 0x10}}",
      ["2:27: expected a whole number from 1 to 8 for bits, found the number 0x10"]),
    stages(
      "too large in octal", "{cluster: {bits: 0o17}}",
      ["2:27: expected a whole number from 1 to 8 for bits, found the number 0o17"]),
    stages(
      "octal as YAML 1.1 had it is decimal", "{cluster: {bits: 010}}",
      ["2:27: expected a whole number from 1 to 8 for bits, found the number 010"]),
    stages(
      "hexadecimal with a sign inside", "{cluster: {bits: 0x-4}}",
      ["2:27: expected a whole number from 1 to 8 for bits, found '0x-4'"]),
    stages(
      "underscores in a number", "{cluster: {count: 1_6}}",
      ["2:28: expected a whole number from 2 to 256 for count, found '1_6'"]),
    stages(
      "a parameter that is nothing", "{cluster: {bits: }}",
      ["2:27: expected a whole number from 1 to 8 for bits, found nothing"]),
    stages(
      "a parameter that is a list", "{cluster: {bits: [4]}}",
      ["2:27: expected a whole number from 1 to 8 for bits, found a list"]),
    stages(
      "a unit that is none", "{prune: {sparsity: 5 furlongs}}",
      ["2:29: expected a number from 0 to 1 for sparsity, found '5 furlongs'"]),
    stages(
      "a misspelt type", "{quantize: {dtype: in8}}",
      ["2:29: expected int8, uint8, int4, float16, bfloat16, float8_e4m3 for dtype, found 'in8'; did you mean 'int8'?"]),
    stages(
      "a truth of YAML 1.1", "{quantize: {symmetric: Off}}",
      ["2:33: expected true or false for symmetric, found 'Off'; did you mean 'false'?"]),
    stages(
      "a misspelt choice", "{quantize: {granularity: {groups: 64}}}",
      [
        "2:35: expected tensor, channel or {group: a whole number from 1 to 1073741824} for granularity, found a mapping; did you mean 'group'?"
      ]),
    stages(
      "a block of one", "{prune: {sparsity: 0.5, pattern: {block: 4}}}",
      [
        "2:43: expected unstructured, channel or N:M such as \"2:4\" or {block: [a whole number from 1, a whole number from 1]} for pattern, found a mapping"
      ]),
    stages(
      "a pattern that keeps too many", "{prune: {pattern: '4:2'}}",
      ["2:28: expected unstructured, channel, N:M with 1 ≤ N < M ≤ 1024 in quotes, or {block: [rows, columns]}"]),
    stages(
      "neither bits nor count", "{cluster: {scope: channel}}",
      ["2:11: cluster needs bits or a count, such as {bits: 4}"]),
    stages("both bits and count", "{cluster: {bits: 4, count: 16}}", ["2:37: give bits or a count, not both"]),
    stages(
      "a pattern with a sparsity", "{prune: {sparsity: 0.5, pattern: '2:4'}}",
      ["2:29: the pattern 2:4 says how many weights stay; leave this out"]),
    // Orders that make no sense.
    stages(
      "prune after cluster", "{cluster: {bits: 4}}, {prune: {sparsity: 0.5}}",
      ["2:33: prune cannot follow cluster; put it before"]),
    stages(
      "quantize twice", "quantize, {quantize: {id: again}}",
      ["2:21: quantize cannot follow quantize: the weights are rounded already"]),
    stages(
      "something after huffman", "huffman, {cluster: {bits: 4}}",
      ["2:20: cluster cannot follow huffman or entropy: there are no weights left to cluster"]),
  ]
}
