import ArgumentParser
import CondenseFiles
import CondenseModels
import Foundation

struct UnpackCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "unpack", abstract: "Decodes a compressed model to plain tensors of the source's types and shapes.")

  @Argument(help: "A model file, usually .condensed.", completion: .file())
  var file: String

  @Option(name: .shortAndLong, help: "Where to write; the extension picks the format.", completion: .file())
  var output: String

  func run() throws {
    let formats = Toolbox.current.formats
    try CommandFailure.reporting {
      let format = try formats.writableFormat(forPath: output)
      let model = try formats.open(file)
      // Beside the output, so that the last step is a rename, and hidden until then.
      let folder = (output as NSString).deletingLastPathComponent
      let temporary =
        (folder.isEmpty ? "" : folder + "/") + ".\((output as NSString).lastPathComponent).condense-\(getpid())"
      do {
        try FileSystem.remove(temporary)
        let file = try NewFile(temporary)
        try format.write(
          ModelContents(tensors: model.tensors, envelope: model.envelope) { try model.read($0) }, to: file)
        try model.confirmUnchanged()
        try file.sync()
        try FileSystem.rename(temporary, to: output)
      } catch {
        try? FileSystem.remove(temporary)
        throw error
      }
    }
  }
}
