import NIOPosix

/// Runs handlers on threads of their own: they read files, and neither wait for the other tasks of the process nor hold
/// them up.
final class HandlerExecutor: TaskExecutor {
  private let pool = NIOThreadPool(numberOfThreads: 4)

  init() { pool.start() }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let executor = asUnownedTaskExecutor()
    // Also what the pool no longer takes must run, or its task would never end.
    pool.submit { _ in job.runSynchronously(on: executor) }
  }

  /// Ends the threads; nothing may be running.
  func shutdown() async { try? await pool.shutdownGracefully() }
}
