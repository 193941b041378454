import CondenseEngine
import CondenseFiles
import CondenseHTTP
import CondenseModels
import CondensePlugins
import CondenseReports
import CondenseStages
import CondenseStore
import CondenseWatching
import Dispatch
import Foundation
import Logging

/// What a daemon is started with.
package struct DaemonOptions: Sendable {
  package var workspace: Workspace
  package var stages: StageRegistry
  package var formats: ModelFormats
  package var version: String
  /// Where a workspace's artifacts are kept.
  package var storeFolder: @Sendable (Workspace) -> String
  /// Where it listens besides its socket; nil for nowhere. Port 0 takes a free one.
  package var listen: (host: String, port: Int)?
  package var log: Logger
  package var settling = SettlingTimes()
  package var limits: HTTPLimits = {
    var limits = HTTPLimits()
    limits.bodyBytes = 1 << 20
    return limits
  }()
  /// How many seconds a model that cannot be opened counts as still being written.
  package var modelPatience = 3.0
  /// How many seconds after a failure that may pass, such as a full disk, it is tried again; each time twice as many.
  package var firstRetry = 5.0
  /// What plugins may take where the workspace's configuration says nothing else.
  package var pluginLimits = PluginLimits()
  /// How long what runs may take to come to its end. What does not is abandoned: nothing of it is in place yet. With what
  /// the server takes to end, this keeps within five seconds.
  package var grace = Duration.milliseconds(3500)

  package init(
    workspace: Workspace, stages: StageRegistry, formats: ModelFormats, version: String,
    storeFolder: @escaping @Sendable (Workspace) -> String, listen: (host: String, port: Int)?, log: Logger
  ) {
    self.workspace = workspace
    self.stages = stages
    self.formats = formats
    self.version = version
    self.storeFolder = storeFolder
    self.listen = listen
    self.log = log
  }
}

/// The daemon of a workspace: watches, builds, answers, until it is told to end.
///
/// It holds no state that matters: killed at any moment, the next one finds everything as it has to be.
package final class Daemon: Sendable {
  private let options: DaemonOptions
  private let folder: DaemonFolder
  private let lock: DaemonLock
  private let started = Date().timeIntervalSince1970
  let service: WorkspaceService
  let settler: ChangeSettler
  let watcher: any FileWatcher
  private let degraded = Locked<String?>(nil)
  private let feed: EventFeed
  private let server: HTTPServer
  private let notification = ServiceNotification()
  let record: DaemonRecord
  let api: DaemonAPI

  /// Takes the workspace and begins to answer; nothing is built yet.
  ///
  /// - Throws: ``DaemonIsRunning`` where another serves it, ``HTTPServerError``, ``FileError``.
  package convenience init(_ options: DaemonOptions) throws { try self.init(options, observer: { _ in }) }

  /// - Parameter observer: told what happens, after everybody else; for tests.
  init(_ options: DaemonOptions, observer: @escaping @Sendable (ServiceEvent) -> Void) throws {
    self.options = options
    let (workspace, log) = (options.workspace, options.log)
    folder = DaemonFolder(workspace)
    try folder.make(in: workspace)
    lock = try DaemonLock(folder)
    let token = try AccessToken.make(in: folder)
    let socket = try folder.makeSocketFolder(environment: ProcessInfo.processInfo.environment)

    let memory = Memory()
    let feed = EventFeed()
    self.feed = feed
    let metrics = Locked<ServiceMetrics?>(nil)
    let events = DaemonEvents(feed: feed, log: log, metrics: { metrics.withLock { $0 } })
    let service = WorkspaceService(
      root: workspace.root, stages: options.stages, formats: options.formats, storeFolder: options.storeFolder,
      modelPatience: options.modelPatience, firstRetry: options.firstRetry,
      pluginLimits: options.pluginLimits, log: log,
      listener: { event in
        events.tell(event)
        memory.used()
        observer(event)
      })
    self.service = service
    let settler = ChangeSettler(times: options.settling) { changes, held in
      if changes.needsRescan {
        service.sweep(held: held)
      } else {
        service.changed(changes.paths.union(changes.folders), held: held)
      }
    }
    self.settler = settler
    let degraded = degraded
    let watcher = AutomaticWatcher { notice in
      switch notice {
      case .changes(let changes): settler.insert(changes)
      case .rescan(let reason):
        log.notice("everything is looked at again", metadata: ["reason": "\(reason)"])
        settler.insertRescan()
      case .degraded(let reason):
        degraded.withLock { $0 = reason }
        log.warning("watching by looking again and again", metadata: ["reason": "\(reason)"])
      }
    }
    self.watcher = watcher

    let router = Locked<HTTPRouter?>(nil)
    let server = HTTPServer(limits: options.limits, access: HTTPAccess(token: token.text)) { request in
      guard let router = router.withLock({ $0 }) else { return .error(503, "The daemon is just starting.") }
      memory.used()
      return await router.respond(to: request)
    }
    self.server = server
    try server.listen(unixSocket: socket)
    let address = try options.listen.map { host, port in
      let port = try server.listen(host: host, port: port)
      return "http://\(host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host):\(port)"
    }
    record = DaemonRecord(
      pid: getpid(), started: started, version: options.version, program: service.engine(for: workspace).program.hex,
      store: options.storeFolder(workspace), socket: socket, address: address)

    let serviceMetrics = ServiceMetrics(
      queueDepth: { service.queueDepth }, watches: { watcher.watchCount },
      connections: { server.statistics.openConnections })
    metrics.withLock { $0 = serviceMetrics }
    let (record, folder) = (record, folder)
    let api = DaemonAPI(service: service, feed: feed, metrics: serviceMetrics) {
      ServiceDocument.Daemon(
        pid: record.pid, started: record.started, version: record.version, socket: record.socket,
        address: record.address, tokenFile: folder.tokenPath, store: service.currentStoreFolder, watching: watcher.mode,
        watches: watcher.watchCount, degraded: degraded.withLock { $0 }, queueDepth: service.queueDepth)
    }
    self.api = api
    let routes = api.router()
    router.withLock { $0 = routes }
  }

  /// Serves until the process is told to end; returns when everything is put away.
  package func run() async {
    let log = options.log
    let (ending, end) = AsyncStream.makeStream(of: Int32.self)
    let service = service
    let notification = notification
    let signals = Signals(
      [
        SIGTERM: { end.yield(SIGTERM) },
        SIGINT: { end.yield(SIGINT) },
        SIGHUP: {
          notification.reloading()
          log.notice("reading the configuration again")
          service.sweep()
          notification.ready()
        },
      ], on: DispatchQueue(label: "condense signals"))
    defer { signals.stop() }
    start()
    var signal: Int32?
    for await received in ending {
      signal = received
      break
    }
    log.notice("ending", metadata: ["signal": "\(signal ?? 0)"])
    await stop()
    log.notice("ended")
  }

  /// Begins to watch and to build, and lets commands find it.
  func start() {
    let log = options.log
    do {
      try record.keep(in: folder)
    } catch {
      log.error("commands will not find this daemon: \(error)")
    }
    log.notice(
      "serving \(options.workspace.root)",
      metadata: [
        "pid": "\(record.pid)", "address": "\(record.address ?? "none")", "watching": "\(watcher.mode)",
        "store": "\(record.store)",
      ])
    let watcher = watcher
    service.start { watcher.watch($0) }
    notification.ready()
  }

  /// Puts everything away; what runs is ended within the grace period, or abandoned.
  func stop() async {
    notification.stopping()
    lock.retire()
    settler.stop()
    let service = service
    // No task group: it would wait for a build that nothing can hurry.
    await withCheckedContinuation { continuation in
      let waiting = Locked<CheckedContinuation<Void, Never>?>(continuation)
      @Sendable func goOn() {
        let first = waiting.withLock { waiting in
          defer { waiting = nil }
          return waiting
        }
        first?.resume()
      }
      service.stop(goOn)
      let grace = options.grace / .nanoseconds(1)
      DispatchQueue.global().asyncAfter(deadline: .now() + .nanoseconds(Int(grace)), execute: goOn)
    }
    feed.finish()
    await server.shutdown(gracePeriod: .milliseconds(500))
    watcher.stop()
  }
}
