#ifndef CPROCESSES_H
#define CPROCESSES_H

#include <stdint.h>
#include <sys/types.h>

/// Starting programs, and ending them with this one.
///
/// C, because Swift sees neither all of the system's calls nor may run in a signal handler.

/// Makes a pipe that is closed in programs that are started; its ends are none of the standard descriptors. Returns 0, or -1 with `errno`.
int cprocesses_pipe(int ends[2]);

/// Starts a program: in a process group of its own, with every signal as the system has it and none blocked, in a folder,
/// with these as its standard descriptors and no other one. They are none of the standard ones themselves. Without `input`
/// there is nothing to read. `memory` bytes of address space are all that it may have, 0 for no limit; Darwin has none.
/// Returns 0 or an `errno`.
int cprocesses_spawn(
    pid_t *id, const char *path, char *const arguments[], char *const environment[], const char *folder, int input,
    int output, int errors, uint64_t memory);

/// The process groups that this process has started, in memory that a signal handler may read: when this process is ended
/// by SIGINT, SIGTERM or SIGHUP, or exits, they are killed.
///
/// Signals that the program handles or ignores itself are left to it.

/// Adds a group. Returns 0 where there are too many already.
int cprocesses_add(pid_t group);

/// Takes a group out again. To be called before its leader is reaped: then the number can be another's.
void cprocesses_remove(pid_t group);

/// Kills all groups.
void cprocesses_kill_all(void);

/// Sets up the handlers, has the ends of programs told, and lets writes to closed pipes fail instead of ending the process.
/// Once is enough.
void cprocesses_watch_for_the_end(void);

#endif
