"""Running programs, with their output in the error when they fail."""

import ctypes
import signal
import subprocess


class CommandError(Exception):
    """A program that failed."""


def run(*argv: str, timeout: float = 60, check: bool = True, **options) -> subprocess.CompletedProcess:
    """Run a program to its end. Its output is text, standard error in with standard output."""
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stderr", subprocess.STDOUT)
    result = subprocess.run([str(a) for a in argv], text=True, timeout=timeout, **options)
    if check and result.returncode != 0:
        raise CommandError(f"{' '.join(map(str, argv))}: status {result.returncode}\n{result.stdout}")
    return result


def output(*argv: str, **options) -> str:
    """What a program that must succeed prints."""
    return run(*argv, **options).stdout


def die_with_parent() -> None:
    """For a new process: have the kernel end it when its parent is gone."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
