#ifndef SMTP_RELAY_AGENT_CLINUX_H
#define SMTP_RELAY_AGENT_CLINUX_H

/// Keeps glibc's name service from loading the host's own NSS modules.
///
/// A statically linked program that loads modules built for another glibc crashes (SIGFPE in `getaddrinfo` on hosts
/// whose nsswitch.conf names `myhostname` or `resolve`). Only `files` and `dns` are compiled in. Call it first thing
/// in `main`. Returns 0, or -1 where glibc refuses.
int clinux_pin_name_services(void);

#endif
