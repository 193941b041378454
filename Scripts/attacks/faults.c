// Faults for Scripts/attack: a library to preload that counts a program's calls that change files, and at a given one
// kills the program or lets the disk be full from there on.
//
//   FAULT_COUNT=FILE       write the number of calls to FILE at the end
//   FAULT_AT=N             act at the N-th call, counted from 1
//   FAULT_ACTION=kill      SIGKILL before the call;  kill-after: once it is done
//   FAULT_ACTION=full      this and all later calls that need space fail with ENOSPC
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long calls;

static long target(void) {
  static long at = -1;
  if (at < 0) at = getenv("FAULT_AT") ? atol(getenv("FAULT_AT")) : 0;
  return at;
}

static int acts(const char *action) {
  const char *wanted = getenv("FAULT_ACTION");
  return wanted && strcmp(wanted, action) == 0;
}

static void die(void) { kill(getpid(), SIGKILL); }

// Counts a call; 1 where it must fail for want of space.
static int begin(long *number, int needs_space) {
  *number = atomic_fetch_add(&calls, 1) + 1;
  if (target() == 0) return 0;
  if (*number == target() && acts("kill")) die();
  return needs_space && *number >= target() && acts("full");
}

static void end(long number) {
  if (number == target() && acts("kill-after")) die();
}

// Terminals, pipes and sockets are not what this is about.
static int is_file(int descriptor) {
  struct stat status;
  return fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define GUARDED(needs_space, real)                     \
  long number;                                         \
  if (begin(&number, needs_space)) {                   \
    errno = ENOSPC;                                    \
    return -1;                                         \
  }                                                    \
  __typeof__(real) result = real;                      \
  int code = errno;                                    \
  end(number);                                         \
  errno = code;                                        \
  return result

ssize_t write(int descriptor, const void *bytes, size_t count) {
  if (!is_file(descriptor)) return REAL(write)(descriptor, bytes, count);
  GUARDED(1, REAL(write)(descriptor, bytes, count));
}
ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
  GUARDED(1, REAL(pwrite)(descriptor, bytes, count, offset));
}
ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset) {
  GUARDED(1, REAL(pwrite64)(descriptor, bytes, count, offset));
}
int ftruncate(int descriptor, off_t length) { GUARDED(1, REAL(ftruncate)(descriptor, length)); }
int ftruncate64(int descriptor, off64_t length) { GUARDED(1, REAL(ftruncate64)(descriptor, length)); }
int mkdir(const char *path, mode_t mode) { GUARDED(1, REAL(mkdir)(path, mode)); }
int rename(const char *from, const char *to) { GUARDED(0, REAL(rename)(from, to)); }
int unlink(const char *path) { GUARDED(0, REAL(unlink)(path)); }
int fsync(int descriptor) { GUARDED(0, REAL(fsync)(descriptor)); }
int fdatasync(int descriptor) { GUARDED(0, REAL(fdatasync)(descriptor)); }

// Only a file that is not there yet needs space.
static int makes(const char *path, int flags) { return (flags & O_CREAT) && access(path, F_OK) != 0; }

#define OPEN(name)                                              \
  int name(const char *path, int flags, ...) {                  \
    va_list arguments;                                          \
    va_start(arguments, flags);                                 \
    mode_t mode = (flags & O_CREAT) ? va_arg(arguments, mode_t) : 0; \
    va_end(arguments);                                          \
    if (!makes(path, flags)) return REAL(name)(path, flags, mode); \
    GUARDED(1, REAL(name)(path, flags, mode));                  \
  }
OPEN(open)
OPEN(open64)

__attribute__((destructor)) static void report(void) {
  const char *path = getenv("FAULT_COUNT");
  if (!path) return;
  FILE *file = fopen(path, "w");
  if (!file) return;
  fprintf(file, "%ld\n", atomic_load(&calls));
  fclose(file);
}
