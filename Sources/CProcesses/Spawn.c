// For the calls that POSIX has not yet, or not for long.
#define _GNU_SOURCE

#include "CProcesses.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/syscall.h>
#endif

int cprocesses_pipe(int ends[2]) {
#ifdef __APPLE__
  if (pipe(ends) != 0) return -1;
#else
  if (pipe2(ends, O_CLOEXEC) != 0) return -1;
#endif
  for (int i = 0; i < 2; i++) {
#ifdef __APPLE__
    fcntl(ends[i], F_SETFD, FD_CLOEXEC);
#endif
    if (ends[i] > STDERR_FILENO) continue;
    // This process was started without all of the standard ones. In the child another end will be put there.
    int moved = fcntl(ends[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int code = errno;
    close(ends[i]);
    ends[i] = moved;
    if (moved < 0) {
      close(ends[1 - i]);
      errno = code;
      return -1;
    }
  }
  return 0;
}

#ifdef __APPLE__

int cprocesses_spawn(
    pid_t *id, const char *path, char *const arguments[], char *const environment[], const char *folder, int input,
    int output, int errors, uint64_t memory) {
  // There is no limit of it that the system would enforce.
  (void)memory;
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int code = posix_spawn_file_actions_init(&actions);
  if (code != 0) return code;
  code = posix_spawnattr_init(&attributes);
  if (code != 0) {
    posix_spawn_file_actions_destroy(&actions);
    return code;
  }
  // A daemon ignores signals that a plugin must not ignore, and threads of a pool block them.
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  short flags =
      POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_CLOEXEC_DEFAULT;
  if (code == 0) code = posix_spawnattr_setsigdefault(&attributes, &all);
  if (code == 0) code = posix_spawnattr_setsigmask(&attributes, &none);
  if (code == 0) code = posix_spawnattr_setpgroup(&attributes, 0);
  if (code == 0) code = posix_spawnattr_setflags(&attributes, flags);
  if (code == 0) code = posix_spawn_file_actions_addchdir_np(&actions, folder);
  if (code == 0) {
    code = input < 0 ? posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
                     : posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  }
  if (code == 0) code = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  if (code == 0) code = posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
  if (code == 0) code = posix_spawn(id, path, &actions, &attributes, arguments, environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return code;
}

#else

struct start {
  const char *path;
  char *const *arguments;
  char *const *environment;
  const char *folder;
  int input, output, errors;
  uint64_t memory;
};

static int limit_memory(uint64_t memory) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) != 0) return -1;
  if (memory < limit.rlim_max) limit.rlim_max = memory;
  limit.rlim_cur = limit.rlim_max;
  return setrlimit(RLIMIT_AS, &limit);
}

// What the child does until it is another program. Its memory is the parent's: it makes system calls, and nothing else.
// Returns where one fails. Not inlined, so that nothing of the parent's frame is written to.
__attribute__((noinline)) static void become(const struct start *start) {
  struct sigaction action = {.sa_handler = SIG_DFL};
  // The system refuses this for some, which have no other action.
  for (int number = 1; number < NSIG; number++) sigaction(number, &action, NULL);
  sigset_t none;
  sigemptyset(&none);
  if (sigprocmask(SIG_SETMASK, &none, NULL) != 0 || setpgid(0, 0) != 0 || chdir(start->folder) != 0) return;
  int input = start->input < 0 ? open("/dev/null", O_RDONLY | O_CLOEXEC) : start->input;
  if (input < 0 || dup2(input, STDIN_FILENO) < 0) return;
  if (dup2(start->output, STDOUT_FILENO) < 0 || dup2(start->errors, STDERR_FILENO) < 0) return;
#ifdef SYS_close_range
  // Whoever opened others may not have thought of this. A system before Linux 5.11 cannot do it, and leaves them open.
  syscall(SYS_close_range, 3u, ~0u, 4u /* CLOSE_RANGE_CLOEXEC */);
#endif
  if (start->memory > 0 && limit_memory(start->memory) != 0) return;
  execve(start->path, start->arguments, start->environment);
}

// Not posix_spawn, which sets no limits.
int cprocesses_spawn(
    pid_t *id, const char *path, char *const arguments[], char *const environment[], const char *folder, int input,
    int output, int errors, uint64_t memory) {
  const struct start start = {path, arguments, environment, folder, input, output, errors, memory};
  // Closed without a word where the child has become the program.
  int failure[2];
  if (cprocesses_pipe(failure) != 0) return errno;
  // No handler of the parent's may run in the child.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  // A fork would copy the tables of all memory, which may be gigabytes of models.
  pid_t child = vfork();
  if (child == 0) {
    become(&start);
    int code = errno;
    (void)!write(failure[1], &code, sizeof code);
    _exit(127);
  }
  int code = child < 0 ? errno : 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  close(failure[1]);
  if (child > 0) {
    ssize_t count;
    do count = read(failure[0], &code, sizeof code);
    while (count < 0 && errno == EINTR);
    if (count <= 0) code = 0;
    if (code != 0) while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
  }
  close(failure[0]);
  if (code == 0) *id = child;
  return code;
}

#endif
