import ArgumentParser
import CondenseEngine
import CondenseStore
import Foundation

/// How progress is told.
enum ProgressFormat: String, ExpressibleByArgument, CaseIterable {
  /// For people.
  case text
  /// For programs: an object a line.
  case json
  case none
}

/// Shows a build's progress: one live line on a terminal, a plain line now and then elsewhere.
final class ProgressLine: Sendable {
  private struct State {
    var shownAt: TimeInterval
    var hasDrawn = false
  }

  private let console: Console
  private let format: ProgressFormat
  private let started: TimeInterval
  private let state: Locked<State>

  init(console: Console, format: ProgressFormat = .text) {
    self.console = console
    self.format = format
    started = ProcessInfo.processInfo.systemUptime
    state = Locked(State(shownAt: started))
  }

  func show(_ progress: BuildProgress) {
    guard format != .none else { return }
    let now = ProcessInfo.processInfo.systemUptime
    let interval = format == .json ? 1 : console.isInteractive ? 0.1 : 5
    state.withLock { state in
      guard now - state.shownAt >= interval else { return }
      state.shownAt = now
      guard format == .text else { return console.note(ProgressLine.json(progress)) }
      let text = ProgressLine.text(progress, seconds: now - started, bar: console.isInteractive)
      if console.isInteractive { console.redraw(text) } else { console.note(text) }
      state.hasDrawn = console.isInteractive
    }
  }

  /// Clears the live line, so that the report stands alone.
  func finish() {
    state.withLock { state in
      if state.hasDrawn { console.redraw("") }
      state.hasDrawn = false
    }
  }

  static func json(_ progress: BuildProgress) -> String {
    "{\"progress\":{\"finished\":\(progress.finishedActions),\"ran\":\(progress.ranActions),"
      + "\"total\":\(max(progress.totalActions, progress.finishedActions))}}"
  }

  static func text(_ progress: BuildProgress, seconds: Double, bar: Bool) -> String {
    let done = progress.finishedActions
    let total = max(progress.totalActions, done)
    let rate = seconds > 0 ? Double(done) / seconds : 0
    var text = "\(done)/\(total) actions, \(progress.ranActions) ran"
    if rate > 0 {
      text += ", \(Figures.number(rate))/s"
      if done < total { text += ", \(Figures.seconds(Double(total - done) / rate)) left" }
    }
    if let doing = progress.doing { text += " · \(doing)" }
    guard bar else { return text }
    let width = 24
    let filled = total == 0 ? 0 : done * width / total
    return "[" + String(repeating: "█", count: filled) + String(repeating: "·", count: width - filled) + "] " + text
  }
}
