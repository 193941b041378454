import Foundation
import NIOCore
import NIOPosix

/// An HTTP/1.1 server for one machine: on a Unix socket, on the loopback, or both.
///
/// One thread reads and writes; handlers run as tasks on a few others.
public final class HTTPServer: Sendable {
  let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  let service: HTTPService
  private let listening = Locked(Listening())
  private let connections: NIOLoopBoundBox<HTTPConnections>

  private struct Listening {
    var channels: [Channel] = []
    var files: [UnixSocketFile] = []
    var isShutDown = false
  }

  public init(limits: HTTPLimits = HTTPLimits(), access: HTTPAccess, handler: @escaping HTTPHandler) {
    service = HTTPService(limits: limits, access: access, handler: handler)
    let loop = group.next()
    connections = NIOLoopBoundBox.makeBoxSendingValue(HTTPConnections(limits: limits, on: loop), eventLoop: loop)
  }

  public var statistics: HTTPStatistics { service.statistics.withLock { $0 } }

  /// Serves a Unix socket at the path, which only this user may open.
  ///
  /// Replaces the socket file of a process that is gone. Throws ``HTTPServerError``.
  public func listen(unixSocket path: String) throws {
    try checkIsUp()
    let file = try UnixSocketFile(listeningOn: path)
    do {
      let channel = try bootstrap(isLoopback: false).withBoundSocket(file.descriptor).wait()
      try add(channel, file)
    } catch {
      file.remove()
      throw error
    }
  }

  /// Serves TCP at a name of the loopback, and returns the port: 0 takes a free one.
  ///
  /// Throws ``HTTPServerError``.
  @discardableResult
  public func listen(host: String, port: Int) throws -> Int {
    let addresses = ["localhost": "127.0.0.1", "127.0.0.1": "127.0.0.1", "::1": "::1", "[::1]": "::1"]
    guard let literal = addresses[host.lowercased()] else { throw HTTPServerError.notLoopback(host: host) }
    let place = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]:\(port)" : "\(host):\(port)"
    guard (0...65535).contains(port) else {
      throw HTTPServerError.system(operation: "listen on", place: place, code: EINVAL)
    }
    try checkIsUp()
    do {
      let channel = try bootstrap(isLoopback: true).serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
        .bind(to: SocketAddress(ipAddress: literal, port: port)).wait()
      try add(channel, nil)
      return channel.localAddress?.port ?? port
    } catch let error as IOError {
      throw error.errnoCode == EADDRINUSE
        ? HTTPServerError.addressInUse(place)
        : HTTPServerError.system(operation: "listen on", place: place, code: error.errnoCode)
    }
  }

  /// Takes no more connections, lets running responses end within the grace period, then cuts what is left and cancels
  /// its tasks. The socket file is gone afterwards.
  ///
  /// Returns at latest a second after the grace period, even where a handler does not heed its cancellation.
  public func shutdown(gracePeriod: Duration) async {
    let listening = listening.withLock { listening in
      defer { listening = Listening(isShutDown: true) }
      return listening
    }
    for file in listening.files { file.remove() }
    for channel in listening.channels { try? await channel.close() }
    guard !listening.isShutDown else { return }

    let (loop, connections) = (group.next(), connections)
    _ = try? await loop.flatSubmit {
      connections.value.drain()
      return connections.value.whenEmpty(within: gracePeriod)
    }.get()
    let isEmpty = try? await loop.flatSubmit {
      connections.value.cut()
      return connections.value.whenEmpty(within: .seconds(1))
    }.get()
    // A handler that still runs may yet ask its connection for something: then the threads stay, to say no.
    guard isEmpty == true else { return }
    await service.executor.shutdown()
    try? await group.shutdownGracefully()
  }

  private func checkIsUp() throws {
    if listening.withLock({ $0.isShutDown }) { throw HTTPServerError.shutDown }
  }

  private func add(_ channel: Channel, _ file: UnixSocketFile?) throws {
    let isAdded = listening.withLock { listening in
      guard !listening.isShutDown else { return false }
      listening.channels.append(channel)
      if let file { listening.files.append(file) }
      return true
    }
    guard isAdded else {
      channel.close(promise: nil)
      throw HTTPServerError.shutDown
    }
  }

  private func bootstrap(isLoopback: Bool) -> ServerBootstrap {
    ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 256)
      .childChannelOption(.autoRead, value: false)
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelOption(.maxMessagesPerRead, value: 1)
      .childChannelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 16 << 10))
      // What the system holds for a client that does not read.
      .childChannelOption(.socketOption(.so_sndbuf), value: 64 << 10)
      .childChannelInitializer { [service, connections] channel in
        channel.eventLoop.makeCompletedFuture {
          // Without a port, no Host is right.
          let transport = isLoopback ? HTTPTransport.loopback(port: channel.localAddress?.port ?? -1) : .unixSocket
          try connections.value.accept(channel, over: transport, service)
        }
      }
  }
}
