import CondenseFiles
import CondenseModels
import CondensePipelines
import CondenseTensors
import Foundation

/// Another build system's wish: one output, at a path that it chose, from files that it knows of.
///
/// Such a build keeps its state beside the output, and leaves the workspace's alone: what is up to date there has nothing to
/// do with it.
public struct RequestedOutput: Codable, Equatable, Sendable {
  /// Absolute.
  public var path: String
  /// The files whose changes lead to another build, absolute; nil where nobody keeps track of them.
  public var inputs: [String]?
  /// The file that is to list what the build rests on besides `inputs`, a path a line, written only where there is
  /// something to list; absolute. Where it is nil that is an error.
  ///
  /// A build system that learns of inputs before it runs commands names it as an input of the command too: it changes
  /// whenever the command runs, so that the command runs again in each build, until the inputs are known.
  public var unlisted: String?

  public init(path: String, inputs: [String]? = nil, unlisted: String? = nil) {
    self.path = path
    self.inputs = inputs
    self.unlisted = unlisted
  }

  var folder: String { (path as NSString).deletingLastPathComponent }

  /// Those of a build's inputs whose changes nobody would see.
  func untracked(_ paths: Set<String>) -> [String] {
    guard let inputs else { return [] }
    // Links lead to one file by several paths.
    let known = Set(inputs.compactMap { try? FileIdentity(of: $0) })
    return paths.filter { path in (try? FileIdentity(of: path)).map { !known.contains($0) } ?? false }
      .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}

extension PreparedBuild {
  /// Has the only build publish to the requested path; what stands in the way is an error of its file.
  mutating func publish(to output: RequestedOutput, formats: ModelFormats) {
    let inputs = inputs
    for index in loaded.files.indices where loaded.files[index].isValid {
      let file = loaded.files[index].file
      let builds = loaded.ready.indices.filter { loaded.ready[$0].pipeline.file == file }
      let pipelines = builds.map { loaded.ready[$0].pipeline }
      if let problem = output.problem(with: pipelines, of: file, inputs: inputs[file] ?? [], formats) {
        loaded.refuse(index, problem)
      } else if let build = builds.first {
        loaded.ready[build].pipeline.outputs[0].path = output.path
        loaded.files[index].outputPaths = [output.path]
      }
    }
  }
}

extension RequestedOutput {
  fileprivate func problem(
    with builds: [CheckedPipeline], of file: String, inputs: Set<String>, _ formats: ModelFormats
  ) -> Diagnostic? {
    guard let build = builds.first, let output = build.outputs.first else {
      return Diagnostic("a base has no output that could be published as '\(path)'", at: .start(of: file))
    }
    guard builds.count == 1 else {
      return Diagnostic(
        "'\(path)' can be the output of one build, and these are \(builds.count): "
          + builds.prefix(3).map(\.name).joined(separator: ", ") + (builds.count > 3 ? ", …" : ""), at: output.place)
    }
    if build.outputs.count > 1 {
      return Diagnostic(
        "'\(path)' can be one output, and these are \(build.outputs.count)", at: build.outputs[1].place)
    }
    if let format = formats.format(forPath: path)?.name, format != output.format {
      return Diagnostic("the output is \(output.format), and '\(path)' is to be \(format)", at: output.place)
    }
    if inputs.contains(path) {
      return Diagnostic("'\(path)' would replace what it is made from", at: build.model.path.place)
    }
    let untracked = untracked(inputs)
    guard let unseen = untracked.first else { return nil }
    if let unlisted { return list(untracked, in: unlisted, of: file) }
    let place = unseen == build.modelPath ? build.model.path.place : .start(of: file)
    return Diagnostic("'\(unseen)' decides what is built, and is not among the inputs that were named", at: place)
  }

  private func list(_ inputs: [String], in path: String, of file: String) -> Diagnostic? {
    do {
      let lines = inputs.map { $0 + "\n" }.joined()
      try FileSystem.replace(path, with: Bytes(Array(lines.utf8)), through: path + ".new")
      return nil
    } catch {
      return Diagnostic("\(error)", at: .start(of: file))
    }
  }
}

extension LoadedPipelines {
  /// Makes a file invalid.
  fileprivate mutating func refuse(_ index: Int, _ problem: Diagnostic) {
    files[index].isValid = false
    files[index].hasDiagnostics = true
    files[index].firstError = problem.message
    diagnostics.append(PlacedDiagnostic(diagnostic: problem, source: nil))
    ready.removeAll { $0.pipeline.file == files[index].file }
  }
}

extension BuildRequest {
  /// Makes the folder of the state that the build goes by.
  func makeStateFolder() throws(FileError) -> String {
    guard let output else { return try workspace.makeStateFolder() }
    return try Workspace(root: output.folder).makeStateFolder()
  }
}

extension PipelineRecord {
  /// Whether the record is one of the build that is asked for.
  func isOf(_ output: RequestedOutput) -> Bool {
    guard builds.count == 1, builds[0].outputs.map(\.path) == [output.path] else { return false }
    return output.untracked(Set(dependencies.map(\.path) + builds[0].models.map(\.path))).isEmpty
  }
}
