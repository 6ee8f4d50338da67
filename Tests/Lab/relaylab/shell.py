"""Running programs, with their output in the error when they fail."""

import ctypes
import signal
import subprocess
from contextlib import contextmanager

_GIVING_UP = (signal.SIGINT, signal.SIGTERM)


class CommandError(Exception):
    """A program that failed."""


def run(*argv: str, timeout: float = 60, check: bool = True, **options) -> subprocess.CompletedProcess:
    """Run a program to its end. Its output is text, standard error in with standard output."""
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stderr", subprocess.STDOUT)
    text = options.pop("input", None)
    if text is not None:
        options["stdin"] = subprocess.PIPE
    with uninterrupted(), start(*argv, text=True, **options) as process:
        try:
            with _interruptible():
                printed, _ = process.communicate(text, timeout)
        except BaseException:
            # The program must have ended before this goes on, so that its work can be undone.
            process.kill()
            raise
    result = subprocess.CompletedProcess(process.args, process.returncode, printed)
    if check and result.returncode != 0:
        raise CommandError(f"{' '.join(map(str, argv))}: status {result.returncode}\n{result.stdout}")
    return result


def output(*argv: str, **options) -> str:
    """The output of a program that must succeed."""
    return run(*argv, **options).stdout


def start(*argv, prepare=lambda: None, **options) -> subprocess.Popen:
    """Start a program, or don't: whoever gives up meanwhile does so before or after, and loses sight of no process.

    'prepare' is run in the new process, before it becomes the program.
    """
    def begin() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _GIVING_UP)
        prepare()

    with uninterrupted():
        return subprocess.Popen([str(part) for part in argv], preexec_fn=begin, **options)


@contextmanager
def uninterrupted():
    """Let Ctrl-C and SIGTERM wait: what is begun in here is also written down."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _GIVING_UP)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _interruptible():
    """Let them through again, those that waited first, where somebody sees to what was begun."""
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _GIVING_UP)
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_BLOCK, _GIVING_UP)


def die_with_parent() -> None:
    """For a new process: have the kernel end it when its parent is gone."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
