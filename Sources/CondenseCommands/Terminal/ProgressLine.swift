import CondenseEngine
import CondenseStore
import Foundation

/// Shows a build's progress: one live line on a terminal, a plain line now and then elsewhere.
final class ProgressLine: Sendable {
  private struct State {
    var shownAt: TimeInterval
    var hasDrawn = false
  }

  private let console: Console
  private let started: TimeInterval
  private let state: Locked<State>

  init(console: Console) {
    self.console = console
    started = ProcessInfo.processInfo.systemUptime
    state = Locked(State(shownAt: started))
  }

  func show(_ progress: BuildProgress) {
    let now = ProcessInfo.processInfo.systemUptime
    let interval = console.isInteractive ? 0.1 : 5
    state.withLock { state in
      guard now - state.shownAt >= interval else { return }
      state.shownAt = now
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
