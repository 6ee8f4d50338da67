#include "CRelease.h"

// A place in the finished file, where `.ci/release` writes the commit: so it costs no build of its own, and a new commit
// makes nothing be compiled again. In a section by itself, which names where that is. Volatile, as otherwise the compiler
// would believe that it is empty.
__attribute__((section(".relay_commit"), used))
static const volatile char commit[64] = "";

const char *crelease_commit(void) {
    return (const char *)commit;
}
