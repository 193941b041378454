#include "CProcesses.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { MOST_GROUPS = 4096 };

static _Atomic pid_t groups[MOST_GROUPS];

int cprocesses_add(pid_t group) {
  for (int i = 0; i < MOST_GROUPS; i++) {
    pid_t none = 0;
    if (atomic_compare_exchange_strong(&groups[i], &none, group)) return 1;
  }
  return 0;
}

void cprocesses_remove(pid_t group) {
  for (int i = 0; i < MOST_GROUPS; i++) {
    pid_t found = group;
    if (atomic_compare_exchange_strong(&groups[i], &found, 0)) return;
  }
}

void cprocesses_kill_all(void) {
  int before = errno;
  for (int i = 0; i < MOST_GROUPS; i++) {
    pid_t group = atomic_load(&groups[i]);
    if (group > 1) kill(-group, SIGKILL);
  }
  errno = before;
}

static void end(int number) {
  cprocesses_kill_all();
  // SA_RESETHAND has put the default action back: the signal is delivered again when this returns.
  raise(number);
}

void cprocesses_watch_for_the_end(void) {
  atexit(cprocesses_kill_all);
  const int ends[] = {SIGINT, SIGTERM, SIGHUP};
  for (int i = 0; i < 3; i++) {
    struct sigaction current;
    if (sigaction(ends[i], NULL, &current) != 0 || current.sa_handler != SIG_DFL) continue;
    struct sigaction action = {0};
    action.sa_handler = end;
    action.sa_flags = SA_RESETHAND;
    sigemptyset(&action.sa_mask);
    sigaction(ends[i], &action, NULL);
  }
  // Where it is ignored, as who started this process may have left it, nobody is told how a program ended.
  struct sigaction child;
  if (sigaction(SIGCHLD, NULL, &child) == 0 && child.sa_handler == SIG_IGN) signal(SIGCHLD, SIG_DFL);
  struct sigaction pipe;
  if (sigaction(SIGPIPE, NULL, &pipe) == 0 && pipe.sa_handler == SIG_DFL) signal(SIGPIPE, SIG_IGN);
}
