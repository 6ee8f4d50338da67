#define _GNU_SOURCE
#include "CLinux.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t page;
/// The constants that the linker has put beside the variables, in whole pages.
static uintptr_t constants_start, constants_end;

static int read_at(int file, void *buffer, size_t count, size_t offset) {
    return pread(file, buffer, count, (off_t)offset) == (ssize_t)count;
}

/// Finds `.rodata` by the headers of the program's file.
static int find_constants(int file, ElfW(Shdr) *section) {
    ElfW(Ehdr) header;
    ElfW(Shdr) names;
    char name[sizeof ".rodata"];
    if (!read_at(file, &header, sizeof header, 0) || header.e_shentsize != sizeof names) return 0;
    if (!read_at(file, &names, sizeof names, header.e_shoff + header.e_shstrndx * sizeof names)) return 0;
    for (size_t i = 0; i < header.e_shnum; i++) {
        if (!read_at(file, section, sizeof *section, header.e_shoff + i * sizeof *section)) return 0;
        if (!read_at(file, name, sizeof name, names.sh_offset + section->sh_name)) return 0;
        if (memcmp(name, ".rodata", sizeof name) == 0) return 1;
    }
    return 0;
}

static int is_relocated(struct dl_phdr_info *info, size_t size, void *answer) {
    (void)size;
    // The program is the first that is named; libraries follow.
    *(int *)answer = info->dlpi_addr != 0;
    return 1;
}

/// Swift's compiler marks `.rodata` as writable, though nothing writes to it.
static void prepare(void) {
    page = (size_t)sysconf(_SC_PAGESIZE);
    // Addresses that were written into constants at the start would be lost with their pages.
    int relocated = 1;
    dl_iterate_phdr(is_relocated, &relocated);
    int file = relocated ? -1 : open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    ElfW(Shdr) section;
    if (find_constants(file, &section)) {
        uintptr_t start = (section.sh_addr + page - 1) & ~(page - 1);
        uintptr_t end = (section.sh_addr + section.sh_size) & ~(page - 1);
        // A write that this program should not make ends it, rather than being lost.
        if (start < end && mprotect((void *)start, end - start, PROT_READ) == 0) {
            constants_start = start;
            constants_end = end;
        }
    }
    close(file);
}

static int let_go(struct dl_phdr_info *info, size_t size, void *unused) {
    (void)size;
    (void)unused;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W)) continue;
        size_t start = (info->dlpi_addr + segment->p_vaddr) & ~(page - 1);
        size_t end = info->dlpi_addr + segment->p_vaddr + segment->p_memsz;
        madvise((void *)start, end - start, MADV_DONTNEED);
    }
    return 0;
}

void clinux_let_go_of_program_pages(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, prepare);
    dl_iterate_phdr(let_go, 0);
    madvise((void *)constants_start, constants_end - constants_start, MADV_DONTNEED);
}
