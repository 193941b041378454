import CondenseFiles
import CondensePlugins
import CondenseTensors
import Foundation

/// A plugin to begin with, in one of several languages.
struct PluginStarter {
  enum Language: String, CaseIterable {
    case python, shell, swift
  }

  let name: String
  let language: Language

  /// Writes the plugin's files to a folder; returns their paths.
  ///
  /// - Throws: ``FileError``, with the code `EEXIST` where the plugin is there already.
  func write(to folder: String) throws -> [String] {
    try FileSystem.makeFolders(folder)
    let path = folder + "/condense-stage-" + name
    try OpenFile.creating(path).write([Bytes(text.utf8)])
    guard chmod(path, 0o755) == 0 else { throw FileError("make executable", path, code: errno) }
    guard language == .python else { return [path] }
    let helper = folder + "/condense_stage.py"
    // Several plugins share it.
    guard !FileSystem.exists(helper) else { return [path] }
    try OpenFile.creating(helper).write([Bytes(PluginStarter.pythonHelper.utf8)])
    return [path, helper]
  }

  private var text: String {
    switch language {
    case .python: python
    case .shell: shell
    case .swift: swift
    }
  }

  private var python: String {
    """
    #!/usr/bin/env python3
    # A stage of Condense: see condense_stage.py beside this file. Raise the version when the same input gives other bytes.
    from condense_stage import stage
    import numpy as np


    @stage(name="\(name)", version=1, summary="Rounds weights to multiples of a step.",
           parameters={"step": {"type": "number", "minimum": 0.001, "maximum": 1, "default": 0.01,
                                "description": "What weights become multiples of."}},
           metrics={"moved": {"summary": "The largest change of a weight.", "total": "max"}})
    def apply(weights, step):
        rounded = np.round(weights / step) * step
        return rounded, {"moved": np.max(np.abs(rounded - weights), initial=0)}


    apply.main()

    """
  }

  /// It changes nothing: what a tool does to a file goes where the copy is made.
  private var shell: String {
    #"""
    #!/bin/sh
    # A stage of Condense. Raise the version when the same input gives other bytes.
    if [ "$1" = describe ]; then
      echo '{"protocol": 1, "name": "NAME", "version": 1, "summary": "Leaves weights as they are.", "lossless": true}'
      exit
    fi
    # One request a line; see docs/stage-plugins.md. What goes to standard error is the log.
    while read -r request; do
      id=$(expr "$request" : '{"id":\([0-9]*\)')
      input=$(expr "$request" : '.*"input":"\([^"]*\)"')
      output=$(expr "$request" : '.*"output":"\([^"]*\)"')
      cp "$input" "$output/out.safetensors"
      echo "{\"type\": \"result\", \"id\": $id, \"tensors\": \"out.safetensors\"}"
    done

    """#.replacing("NAME", with: name)
  }

  /// Without packages, so that a file is all of it. `swift` compiles it each time a process starts.
  private var swift: String {
    #"""
    #!/usr/bin/env swift
    // A stage of Condense. Raise the version when the same input gives other bytes. A stage in Swift that links
    // CondenseStages instead is faster: see docs/stage-plugins.md.
    import Foundation

    if CommandLine.arguments.last == "describe" {
      print(
        """
        {"protocol": 1, "name": "NAME", "version": 1, "summary": "Halves weights.", "accepts": {"dtypes": ["F32"]}}
        """)
      exit(0)
    }

    /// Halves the float32 values of a safetensors file: eight bytes with the header's length, the header, the values.
    func halve(_ input: String, _ output: String) throws {
      var file = try Data(contentsOf: URL(fileURLWithPath: input))
      let start = 8 + Int(file.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) })
      file.withUnsafeMutableBytes { bytes in
        for offset in stride(from: start, to: bytes.count, by: 4) {
          let value = bytes.loadUnaligned(fromByteOffset: offset, as: Float.self)
          bytes.storeBytes(of: value / 2, toByteOffset: offset, as: Float.self)
        }
      }
      try file.write(to: URL(fileURLWithPath: output))
    }

    // One request a line. What goes to standard error is the log.
    while let line = readLine() {
      guard let request = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
        let id = request["id"] as? Int, let input = request["input"] as? String, let output = request["output"] as? String
      else { exit(1) }
      try halve(input, output + "/out.safetensors")
      FileHandle.standardOutput.write(Data("{\"type\": \"result\", \"id\": \(id), \"tensors\": \"out.safetensors\"}\n".utf8))
    }

    """#.replacing("NAME", with: name)
  }
}
