import CondensePipelines

/// Finds builds that cannot stand beside each other: two with one name, two that publish one file.
struct ClashFinder {
  private let displayPath: (String) -> String
  /// What has been said of a place that several builds inherit: it is one error, however many they are.
  private var shared: [Shared: Diagnostic] = [:]

  init(displayPath: @escaping (String) -> String) { self.displayPath = displayPath }

  private struct Shared: Hashable {
    var message: String
    var place: Place
  }

  /// Where something is said, and by which build of which file.
  private struct Claim {
    var file: Int
    var build: String
    var place: Place
  }

  /// Reports clashes among the first `count` files, in those that they are in, at both places, each with a note about the other.
  mutating func report(in files: inout [LoadedFile], count: Int) {
    var names: [String: Claim] = [:]
    var outputs: [String: Claim] = [:]
    for index in files.indices.prefix(count) where !files[index].parsed.isBase {
      for build in files[index].parsed.builds {
        let claim = Claim(file: index, build: build.name.value, place: build.name.place)
        guard let other = names.updateValue(claim, forKey: claim.build) else { continue }
        names[claim.build] = other
        let hint = "; the models' files need names of their own"
        report("two builds are named \(Diagnostic.quoted(claim.build))", other, claim, hint: hint, in: &files)
      }
      for build in files[index].checked {
        for output in build.outputs {
          let claim = Claim(file: index, build: build.name, place: output.place)
          guard let other = outputs.updateValue(claim, forKey: output.path) else { continue }
          outputs[output.path] = other
          let hint = "; put ${name}, ${model} or a variable of the matrix into the path"
          report(
            "two outputs are written to \(Diagnostic.quoted(displayPath(output.path)))", other, claim, hint: hint,
            in: &files)
        }
      }
    }
  }

  private mutating func report(_ message: String, _ a: Claim, _ b: Claim, hint: String, in files: inout [LoadedFile]) {
    guard a.place != b.place else {
      let builds =
        a.build == b.build ? "" : " by \(Diagnostic.quoted(a.build)) and \(Diagnostic.quoted(b.build))"
      let key = Shared(message: message, place: a.place)
      let diagnostic = shared[key] ?? Diagnostic(message + builds + hint, at: a.place)
      shared[key] = diagnostic
      for claim in [a, b] { files[claim.file].diagnostics.insert(diagnostic) }
      return
    }
    for (here, there) in [(b, a), (a, b)] {
      files[here.file].diagnostics.insert(
        Diagnostic(message, at: here.place, notes: [Diagnostic.Note("and here", at: there.place)]))
    }
  }
}
