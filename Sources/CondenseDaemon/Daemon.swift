import CondenseEngine
import CondenseFiles
import CondenseHTTP
import CondenseModels
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
  private let service: WorkspaceService
  private let settler: ChangeSettler
  private let watcher: any FileWatcher
  private let degraded = Locked<String?>(nil)
  private let feed: EventFeed
  private let server: HTTPServer
  private let notification = ServiceNotification()
  private let record: DaemonRecord

  /// Takes the workspace and begins to answer; nothing is built yet.
  ///
  /// - Throws: ``DaemonIsRunning`` where another serves it, ``HTTPServerError``, ``FileError``.
  package init(_ options: DaemonOptions) throws {
    self.options = options
    let (workspace, log) = (options.workspace, options.log)
    folder = DaemonFolder(workspace)
    try folder.make(in: workspace)
    lock = try DaemonLock(folder)
    let token = try AccessToken.make(in: folder)
    let socket = try folder.makeSocketFolder(environment: ProcessInfo.processInfo.environment)

    let feed = EventFeed()
    self.feed = feed
    let metrics = Locked<ServiceMetrics?>(nil)
    let events = DaemonEvents(feed: feed, log: log, metrics: { metrics.withLock { $0 } })
    let service = WorkspaceService(
      root: workspace.root, stages: options.stages, formats: options.formats, storeFolder: options.storeFolder,
      log: log,
      listener: { events.tell($0) })
    self.service = service
    let settler = ChangeSettler { changes, held in
      if changes.needsRescan {
        service.sweep()
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

    var limits = HTTPLimits()
    limits.bodyBytes = 1 << 20
    let router = Locked<HTTPRouter?>(nil)
    let server = HTTPServer(limits: limits, access: HTTPAccess(token: token.text)) { request in
      guard let router = router.withLock({ $0 }) else { return .error(503, "The daemon is just starting.") }
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
        address: record.address, tokenFile: folder.tokenPath, store: record.store, watching: watcher.mode,
        watches: watcher.watchCount, degraded: degraded.withLock { $0 }, queueDepth: service.queueDepth)
    }
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
    var signal: Int32?
    for await received in ending {
      signal = received
      break
    }
    log.notice("ending", metadata: ["signal": "\(signal ?? 0)"])
    notification.stopping()
    await stop()
    log.notice("ended")
  }

  /// How long what runs may take to come to its end. What does not is abandoned: nothing of it is in place yet.
  private static let grace = Duration.seconds(4)

  private func stop() async {
    lock.retire()
    settler.stop()
    let service = service
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await withCheckedContinuation { done in service.stop { done.resume() } } }
      group.addTask { try? await Task.sleep(for: Daemon.grace) }
      await group.next()
      group.cancelAll()
    }
    feed.finish()
    await server.shutdown(gracePeriod: .milliseconds(500))
    watcher.stop()
  }
}
