#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static int descriptors[NSIG];
static pid_t catcher;

static void tell(int number) {
    // A child has the handlers until its program begins, and is no place for its parent's signals.
    if (getpid() != catcher) {
        signal(number, SIG_DFL);
        raise(number);
        return;
    }
    int kept = errno;
    unsigned char byte = (unsigned char)number;
    // A pipe that is full has told enough.
    ssize_t written = write(descriptors[number], &byte, 1);
    (void)written;
    errno = kept;
}

int clinux_catch_signals(const int *numbers, int count) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return -1;
    catcher = getpid();
    struct sigaction action = {.sa_handler = tell, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < count; i++) {
        if (numbers[i] <= 0 || numbers[i] >= NSIG) continue;
        descriptors[numbers[i]] = ends[1];
        sigaction(numbers[i], &action, NULL);
    }
    return ends[0];
}
