/// YAML that is no pipeline.
extension MalformedFile {
  static let head = "model: m.safetensors\n"
  static let outputs = "outputs: [o.condensed]\n"

  /// A file whose only fault is in its checks, which begin at 4:10.
  private static func checks(_ title: String, _ checks: String, _ expected: [String]) -> MalformedFile {
    MalformedFile(title, head + "stages: [huffman]\n" + outputs + "checks: {\(checks)}\n", expected)
  }

  static let pipelines: [MalformedFile] = [
    // The file as a whole.
    MalformedFile("nothing", "", ["1:1: the file is empty; a pipeline has model, stages and outputs"]),
    MalformedFile(
      "a text", "huffman\n", ["1:1: a pipeline is a mapping with model, stages and outputs, not 'huffman'"]),
    MalformedFile("a list", "- huffman\n", ["1:1: a pipeline is a mapping with model, stages and outputs, not a list"]),
    MalformedFile(
      "a number", "0.9\n", ["1:1: a pipeline is a mapping with model, stages and outputs, not the number 0.9"]),
    MalformedFile(
      "an empty mapping that publishes", "outputs: [o.condensed]\n",
      [
        "1:1: no model; add 'model: path/to/model.safetensors'",
        "1:1: no stages; add 'stages: [huffman]' or more of them",
      ]),
    MalformedFile(
      "no model", "stages: [huffman]\n" + outputs, ["1:1: no model; add 'model: path/to/model.safetensors'"]),
    MalformedFile("no stages", head + outputs, ["1:1: no stages; add 'stages: [huffman]' or more of them"]),
    MalformedFile(
      "keys in capitals", "Model: m.safetensors\nStages: [huffman]\n" + outputs,
      [
        "1:1: unknown key 'Model'; did you mean 'model'?",
        "2:1: unknown key 'Stages'; did you mean 'stages'?",
      ]),
    MalformedFile(
      "a base that is not there", "extends: base.yaml\n" + head + "stages: [huffman]\n" + outputs,
      ["1:10: there is no pipeline 'base.yaml' (looked for /w/base.yaml)"]),
    MalformedFile(
      "a key with an escape sequence", "\"\\e[31mred\": 1\n" + head + "stages: [huffman]\n" + outputs,
      ["1:1: unknown key '�[31mred'; expected one of model, name, extends, matrix, stages, outputs, checks"]),
    MalformedFile(
      "a key of a hundred letters",
      String(repeating: "k", count: 100) + ": 1\n" + head + "stages: [huffman]\n" + outputs,
      [
        "1:1: unknown key 'kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk…'; expected one of model, name, extends, matrix, stages, outputs, checks"
      ]),
    // Model and name.
    MalformedFile(
      "a model that is a list", "model: [a.safetensors, b.safetensors]\nstages: [huffman]\n" + outputs,
      ["1:8: expected a path to a model, found a list"]),
    MalformedFile(
      "a model that is nothing", "model: ~\nstages: [huffman]\n" + outputs,
      ["1:8: expected a path to a model, found nothing"]),
    MalformedFile(
      "a model that is an empty text", "model: ''\nstages: [huffman]\n" + outputs,
      ["1:8: expected a path to a model, found an empty text"]),
    MalformedFile(
      "a model of an unknown format", "model: m.onnx\nstages: [huffman]\n" + outputs,
      [
        "1:8: the extension of 'm.onnx' tells no model format; known are .safetensors.index.json, .safetensors, .condensed"
      ]),
    MalformedFile(
      "a model with a misspelt format", "model: {path: m.bin, format: safetensor}\nstages: [huffman]\n" + outputs,
      ["1:30: unknown format 'safetensor'; did you mean 'safetensors'?"]),
    MalformedFile(
      "a model with a pattern", "model: models/*.safetensors\nstages: [huffman]\n" + outputs,
      ["1:8: no model matches 'models/*.safetensors' (looked for /w/models/*.safetensors)"]),
    MalformedFile(
      "a name that is a path", "name: ../x\n" + head + "stages: [huffman]\n" + outputs,
      ["1:7: a name has no slash and does not begin with a dot"]),
    MalformedFile(
      "a name that is a mapping", "name: {first: x}\n" + head + "stages: [huffman]\n" + outputs,
      ["1:7: expected a name, found a mapping"]),
    MalformedFile(
      "a name that is nothing", "name:\n" + head + "stages: [huffman]\n" + outputs,
      ["1:6: expected a name, found nothing"]),
    MalformedFile(
      "a name with a line end", "name: |\n  x\n" + head + "stages: [huffman]\n" + outputs,
      ["1:7: expected a name, found a text with control characters"]),
    // Duplicate keys, at every level.
    MalformedFile(
      "stages twice", head + "stages: [huffman]\n" + outputs + "stages: [prune]\n",
      ["4:1: the key 'stages' is there twice"]),
    stages("a parameter twice", "{prune: {sparsity: 0.5, sparsity: 0.9}}", ["2:34: the key 'sparsity' is there twice"]),
    stages(
      "a key of an override twice", "{cluster: {bits: 4, overrides: [{match: a, bits: 2, bits: 3}]}}",
      ["2:62: the key 'bits' is there twice"]),
    stages("a stage twice in one item", "{huffman: , huffman: }", ["2:22: the key 'huffman' is there twice"]),
    stages(
      "a pattern's key twice", "{prune: {sparsity: 0.5, pattern: {block: [1, 1], block: [2, 2]}}}",
      ["2:59: the key 'block' is there twice"]),
    checks("a metric twice", "ratio: {min: 1}, ratio: {min: 2}", ["4:27: the key 'ratio' is there twice"]),
    checks("a bound twice", "ratio: {min: 1, min: 2}", ["4:26: the key 'min' is there twice"]),
    MalformedFile(
      "an output's path twice", head + "stages: [huffman]\noutputs: [{path: a.condensed, path: b.condensed}]\n",
      ["3:31: the key 'path' is there twice"]),
    // Outputs.
    MalformedFile(
      "outputs that are a text", head + "stages: [huffman]\noutputs: o.condensed\n",
      ["3:10: expected a list of outputs, such as [build/model.condensed], found 'o.condensed'"]),
    MalformedFile(
      "outputs that are nothing", head + "stages: [huffman]\noutputs:\n",
      ["3:9: expected a list of outputs, such as [build/model.condensed], found nothing"]),
    MalformedFile(
      "three hundred outputs",
      head + "stages: [huffman]\noutputs: [\(String(repeating: "o.condensed,", count: 300))]\n",
      ["3:10: 300 outputs; a pipeline has at most 256"]),
    MalformedFile(
      "an output of an unknown format", head + "stages: [huffman]\noutputs: [o.zip]\n",
      [
        "3:11: the extension of 'o.zip' tells no model format; known are .safetensors.index.json, .safetensors, .condensed"
      ]),
    MalformedFile(
      "an output with a misspelt format", head + "stages: [huffman]\noutputs: [{path: o, format: condense}]\n",
      ["3:29: unknown format 'condense'; did you mean 'condensed'?"]),
    MalformedFile(
      "an output from nowhere", head + "stages: [huffman]\noutputs: [{path: o.condensed, from: hufman}]\n",
      ["3:37: unknown stage id 'hufman'; did you mean 'huffman'?"]),
    MalformedFile(
      "an output twice", head + "stages: [huffman]\noutputs: [o.condensed, o.condensed]\n",
      ["3:24: the output 'o.condensed' is there twice"]),
    MalformedFile(
      "an output that is an empty mapping", head + "stages: [huffman]\noutputs: [{}]\n",
      ["3:11: the output has no path"]),
    MalformedFile(
      "an output with an unknown variable", head + "stages: [huffman]\noutputs: ['${nmae}.condensed']\n",
      ["3:11: unknown variable 'nmae'; did you mean 'name'?"]),
    // Checks.
    MalformedFile(
      "checks that are a list", head + "stages: [huffman]\n" + outputs + "checks:\n  - ratio: 12\n",
      ["5:3: expected checks such as {ratio: {min: 12}}, found a list"]),
    MalformedFile(
      "checks that are nothing", head + "stages: [huffman]\n" + outputs + "checks:\n",
      ["4:8: expected checks such as {ratio: {min: 12}}, found nothing"]),
    checks("a misspelt metric", "raito: {min: 12}", ["4:10: unknown metric 'raito'; did you mean 'ratio'?"]),
    checks(
      "a metric that does not exist", "latency: {max: 3}",
      ["4:10: unknown metric 'latency'; expected one of bytes, ratio, density, sqnr, max_error, cosine"]),
    checks("a metric without bounds", "ratio: {}", ["4:17: the check has neither min nor max"]),
    checks("a bare number", "ratio: 12", ["4:17: expected bounds such as {min: 12}, found the number 12"]),
    checks("a misspelt bound", "ratio: {mim: 12}", ["4:18: unknown key 'mim'; did you mean 'min'?"]),
    checks(
      "a size in furlongs", "bytes: {max: 5 furlongs}",
      ["4:23: expected a size such as 25200, 30 kB or 2 MiB, found '5 furlongs'"]),
    checks(
      "a size in kilobits", "bytes: {max: 30 kb}",
      ["4:23: expected a size such as 25200, 30 kB or 2 MiB, found '30 kb'; did you mean '30 kB'?"]),
    checks(
      "a size in a unit that is none", "bytes: {max: '30 kilobytes'}",
      ["4:23: expected a size such as 25200, 30 kB or 2 MiB, found '30 kilobytes'"]),
    checks("a negative size", "bytes: {max: -1}", ["4:23: bytes is never below 0"]),
    checks("a negative size with a unit", "bytes: {max: -30 kB}", ["4:23: bytes is never below 0"]),
    checks(
      "a size as a share", "bytes: {max: 8%}", ["4:23: expected a size such as 25200, 30 kB or 2 MiB, found '8%'"]),
    checks("a density of eight", "density: {max: 8}", ["4:25: density is never above 1; did you mean '8%'?"]),
    checks("a cosine beyond one", "cosine: {min: 1.5}", ["4:24: cosine is never above 1"]),
    checks(
      "decibels that are no number", "sqnr: {min: .nan}",
      ["4:22: expected a number of decibels such as 20 dB, found '.nan'"]),
    checks("an infinite error", "max_error: {max: .inf}", ["4:27: expected a number, found '.inf'"]),
    checks("bounds that nothing meets", "ratio: {min: 12, max: 10}", ["4:23: min is above max: nothing passes"]),
    checks("a bound that is nothing", "ratio: {min: }", ["4:23: expected a number, found nothing"]),
    checks("a bound that is true", "ratio: {min: true}", ["4:23: expected a number, found 'true'"]),
    // Places, and several errors at once.
    MalformedFile(
      "columns of parameters are code points", head + "stages: [{prune: {id: 'äöü🦉', sparsty: 0.5}}]\n" + outputs,
      ["2:31: unknown parameter of prune 'sparsty'; did you mean 'sparsity'?"]),
    MalformedFile(
      "lines that end as on Windows",
      "model: m.safetensors\r\nstages:\r\n  - prune:\r\n      sparsty: 0.5\r\noutputs: [o.condensed]\r\n",
      ["4:7: unknown parameter of prune 'sparsty'; did you mean 'sparsity'?"]),
    MalformedFile(
      "several errors, all reported in the file's order",
      """
      name: a/b
      modle: m.safetensors
      stages:
        - prnue: {sparsity: 0.5}
        - cluster: {bits: 12, only: 'fc['}
        - huffman: {from: clutser, layout: dence}
      outputs: [o.zip, {pth: p.condensed}]
      checks:
        raito: {min: 12}
        bytes: {max: 5 furlongs}
        bytes: {max: 30 kB}
      """,
      [
        "1:7: a name has no slash and does not begin with a dot",
        "2:1: unknown key 'modle'; did you mean 'model'?",
        "4:5: unknown stage 'prnue'; did you mean 'prune'?",
        "5:21: expected a whole number from 1 to 8 for bits, found the number 12",
        "5:31: the pattern 'fc[' is none: a '[' does not close",
        "6:21: unknown stage id 'clutser'; did you mean 'cluster'?",
        "6:38: expected auto, dense, sparse for layout, found 'dence'; did you mean 'dense'?",
        "7:18: the output has no path",
        "7:19: unknown key 'pth'; did you mean 'path'?",
        "9:3: unknown metric 'raito'; did you mean 'ratio'?",
        "10:16: expected a size such as 25200, 30 kB or 2 MiB, found '5 furlongs'",
        "11:3: the key 'bytes' is there twice",
      ]),
  ]
}
