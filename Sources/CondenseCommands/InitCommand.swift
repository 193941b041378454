import ArgumentParser
import CondenseEngine
import CondenseFiles
import CondensePipelines
import CondenseTensors
import Foundation

struct InitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Writes a starter pipeline, and the schema for editors. Overwrites nothing.")

  @Argument(help: "The folder to begin in; by default the current one.", completion: .directory)
  var folder: String?

  func run() throws {
    let console = Console()
    let current = FileManager.default.currentDirectoryPath
    let root = AbsolutePath.resolve(folder ?? current, from: current)
    let starter = StarterFiles(root: root, stages: Toolbox.current.stages, formats: Toolbox.current.formats)
    do {
      let written = try starter.write()
      for path in written { console.result("wrote \(AbsolutePath.relative(path, to: current))") }
      if let model = starter.model {
        console.note("it is made from \(model); build it with 'condense build'")
      } else {
        console.note("put your model's path into it, then build it with 'condense build'")
      }
    } catch {
      console.error(error.code == EEXIST ? "'\(error.path)' is there already; it is left as it is" : "\(error)")
      throw ExitCode.failure
    }
  }
}
