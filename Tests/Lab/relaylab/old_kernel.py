"""The kernel as old as cloud-init/README.md says it may be: system calls that came later fail with ENOSYS, as they do there."""

import ctypes
import errno
import platform

# The first one that Linux 3.2 does not have is kcmp: arch/x86/entry/syscalls/syscall_64.tbl, and for arm64
# include/uapi/asm-generic/unistd.h. Numbers are given in the order in which calls come.
FIRST_LATER = {"x86_64": 312, "aarch64": 272}[platform.machine()]

# linux/filter.h, linux/seccomp.h, linux/prctl.h
_LOAD_WORD, _JUMP_IF_AT_LEAST, _RETURN = 0x20, 0x35, 0x06
_RET_ERRNO, _RET_ALLOW = 0x00050000, 0x7FFF0000
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2


class _Instruction(ctypes.Structure):
    _fields_ = [("code", ctypes.c_uint16), ("if_true", ctypes.c_uint8), ("if_false", ctypes.c_uint8),
                ("operand", ctypes.c_uint32)]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction))]


def enter() -> None:
    """Put the calling process, and all that come from it, on such a kernel."""
    instructions = (_Instruction * 4)(
        _Instruction(_LOAD_WORD, 0, 0, 0),  # the system call's number, which seccomp_data begins with
        _Instruction(_JUMP_IF_AT_LEAST, 0, 1, FIRST_LATER),
        _Instruction(_RETURN, 0, 0, _RET_ERRNO | errno.ENOSYS),
        _Instruction(_RETURN, 0, 0, _RET_ALLOW),
    )
    program = _Program(len(instructions), instructions)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the system calls could not be filtered")
