/// What a benchmark's command line asks for.
public struct Options: Sendable {
  public var isJSON = false
  public var rounds = 9
  public var only: [String] = []
  public var isQuick = false
  public var comparesPeers = true
  public var models: [String] = []
  /// The program's path, for what is measured end to end.
  public var condense: String?

  /// - Throws: an error that names the option which `benchmark` does not know, or which lacks its value.
  public init(_ arguments: [String], of benchmark: String) throws {
    var rest = arguments[...]
    func value(_ option: String) throws -> String {
      guard let value = rest.popFirst() else { throw OptionError(description: "\(option) needs a value") }
      return value
    }
    while let argument = rest.popFirst() {
      switch argument {
      case "--json": isJSON = true
      case "--quick": isQuick = true
      case "--no-peers": comparesPeers = false
      case "--only": only.append(try value(argument))
      case "--model": models.append(try value(argument))
      case "--condense": condense = try value(argument)
      case "--rounds":
        guard let count = Int(try value(argument)), count >= 1 else {
          throw OptionError(description: "--rounds needs a number")
        }
        rounds = count
      default:
        throw OptionError(
          description: """
            unknown option \(argument); \(benchmark) [--json] [--rounds N] [--only TEXT] [--quick] [--no-peers] \
            [--model FILE]… [--condense PROGRAM]
            """)
      }
    }
  }

  public func wants(_ name: String) -> Bool { only.isEmpty || only.contains { name.contains($0) } }

  /// 1 M and 25 M weights of each distribution, then the models; only 1 M where it has to be quick.
  public func workloads(_ distributions: [Distribution]) throws -> [Workload] {
    let made = try (isQuick ? [1000] : [1000, 5000]).flatMap { side in
      try distributions.map { try $0.workload(side: side) }
    }
    return try made + models.map { try Workload.model($0) }
  }
}

struct OptionError: Error, CustomStringConvertible {
  var description: String
}
