import ArgumentParser
import CondenseModels
import CondenseStore

/// Turns a command's errors into a message and the exit code that the errors' kind asks for.
enum CommandFailure {
  /// Runs `body`; a bad model file ends the command with 65, anything else with 1.
  static func reporting<T>(_ body: () throws -> T) throws -> T {
    do {
      return try body()
    } catch let error as ExitCode {
      throw error
    } catch let error as ValidationError {
      throw error
    } catch let error as ModelError {
      Console().error("\(error)")
      throw ExitCode.invalidInput
    } catch {
      Console().error("\(error)")
      throw ExitCode.failure
    }
  }
}
