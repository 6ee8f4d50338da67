/// What `.ci/release` writes into a finished program.

#ifndef CRELEASE_H
#define CRELEASE_H

/// The commit that a released program was built from; empty in one that was only built.
const char *crelease_commit(void);

#endif
