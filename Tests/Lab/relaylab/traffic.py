"""Mails that a host submits while a test does other things."""

import subprocess

from .shell import CommandError


class Traffic:
    """A program that submits, until it is finished."""

    def __init__(self, process: subprocess.Popen, subjects: list[str], seconds: float):
        self.process = process
        self.subjects = subjects
        self.seconds = seconds

    def finish(self) -> list[str]:
        """Wait until the last mail is submitted. Returns the subjects of all."""
        try:
            printed, _ = self.process.communicate(timeout=self.seconds + 60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            printed, _ = self.process.communicate()
        if self.process.returncode != 0:
            raise CommandError(f"not all of {len(self.subjects)} mails could be submitted:\n{printed}")
        return self.subjects
