#ifndef SMTP_RELAY_AGENT_CLINUX_H
#define SMTP_RELAY_AGENT_CLINUX_H

// Swift's own module of glibc leaves these out: getxattr(2), setxattr(2) and their like.
#include <sys/xattr.h>

/// Keeps glibc's name service from loading the host's own NSS modules.
///
/// A statically linked program that loads modules built for another glibc crashes (SIGFPE in `getaddrinfo` on hosts
/// whose nsswitch.conf names `myhostname` or `resolve`). Only `files` and `dns` are compiled in. Call it first thing
/// in `main`. Returns 0, or -1 where glibc refuses.
int clinux_pin_name_services(void);

/// A descriptor that becomes readable when a process ends (pidfd_open(2)); -1, and errno, where the kernel has none.
int clinux_pidfd_open(int process);

/// Starts a program as a user and group without any rights: no other groups, and no privileges by execve(2). Its standard
/// input is the descriptor. It begins with SIGTERM, SIGINT and SIGHUP blocked. Returns the process, or -1 and errno.
///
/// The process is another user's before the program begins, so none of its threads was ever root's.
int clinux_spawn_as(unsigned int identifier, const char *program, char *const arguments[], int standard_input);

/// Keeps the memory of this process from other processes, and off the disk after a crash. Returns 0, or -1 and errno.
int clinux_protect_memory(void);

/// Takes signals over, in place of their default effect. Returns a descriptor that gives the number of each arrival from now on,
/// as one byte, and does not block; -1, and errno, where there is none, and the signals keep their effect.
int clinux_catch_signals(const int *numbers, int count);

/// Frees the memory of the program's own code and constants: pages that are needed again come back from the file.
void clinux_let_go_of_program_pages(void);

#endif
