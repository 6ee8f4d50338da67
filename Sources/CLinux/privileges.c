#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

// Headers of older systems do not name it (Linux 3.5).
#ifndef PR_SET_NO_NEW_PRIVS
#define PR_SET_NO_NEW_PRIVS 38
#endif

extern char **environ;

/// The child of fork(2) up to its program: only calls that are safe in the copy of a process with several threads.
static int become(unsigned int identifier, const char *program, char *const arguments[], int standard_input) {
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGHUP);
    if (sigprocmask(SIG_SETMASK, &blocked, NULL) != 0 || dup2(standard_input, STDIN_FILENO) < 0) return errno;
    if (setgroups(0, NULL) != 0 || setresgid(identifier, identifier, identifier) != 0) return errno;
    if (setresuid(identifier, identifier, identifier) != 0) return errno;
    // A way back would mean that nothing was given up.
    if (setuid(0) == 0) return EPERM;
    // Linux before 3.5 does not know it, and is none the worse for that.
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    execve(program, arguments, environ);
    return errno;
}

int clinux_spawn_as(unsigned int identifier, const char *program, char *const arguments[], int standard_input) {
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0) return -1;
    pid_t process = fork();
    if (process == 0) {
        int failure = become(identifier, program, arguments, standard_input);
        ssize_t written = write(report[1], &failure, sizeof failure);
        _exit(written == sizeof failure ? 127 : 126);
    }
    int failure = process < 0 ? errno : 0;
    close(report[1]);
    if (process > 0) {
        int told = 0;
        ssize_t count;
        // The end of the pipe is that of execve(2), which has succeeded.
        while ((count = read(report[0], &told, sizeof told)) < 0 && errno == EINTR) {}
        if (count != 0) {
            failure = count == sizeof told ? told : EIO;
            while (waitpid(process, NULL, 0) < 0 && errno == EINTR) {}
        }
    }
    close(report[0]);
    if (failure == 0) return process;
    errno = failure;
    return -1;
}

int clinux_protect_memory(void) {
    const struct rlimit none = {0, 0};
    return setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : -1;
}
