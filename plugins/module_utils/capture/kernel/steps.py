# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a build, inside a folder that is thrown away: each watched, logged, within the time for the whole."""

from __future__ import annotations

import os
import re
import shutil
import time
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...command import CommandRunner, CommandTimeoutError, Completed
from ...errors import KdumpError
from ...progress import Progress, run_watched

#: Lines of the build log that go into an error.
_TAIL = 20
_MAX_TAIL_BYTES = 1 << 16
_ERROR_LINE = re.compile(r"(?:: (?:fatal )?error: |undefined reference|\*\*\* (?!Waiting))")


class CompileError(KdumpError):
    """A step of the build failed."""


@dataclass
class Steps:
    """One build in ``staging``."""

    runner: CommandRunner
    progress: Progress
    staging: str
    deadline: float

    #: Fixed, so that the same inputs give the same bytes wherever and whenever they are built.
    ENVIRONMENT: t.ClassVar[Mapping[str, str]] = {"LC_ALL": "C", "TZ": "UTC"}

    @property
    def log(self) -> str:
        """Everything the build printed."""
        return os.path.join(self.staging, "build.log")

    def run(self, argv: Sequence[str], *, what: str, news: t.Callable[[], str], cwd: str | None = None) -> None:
        """Run one step with nothing of the caller's environment, which builds would heed in a hundred variables."""
        environment = {**self.ENVIRONMENT, "PATH": os.environ.get("PATH", os.defpath), "TMPDIR": self.staging}
        clean = ["env", "--ignore-environment", *(f"{name}={value}" for name, value in environment.items())]
        self.progress.say(news())
        try:
            done = run_watched(
                self.runner, [*clean, *argv], what=what, timeout=max(1, int(self.deadline - time.monotonic())),
                log=self.log, progress=self.progress, news=news, cwd=cwd or self.staging,
            )  # fmt: skip
        except CommandTimeoutError as error:
            raise CompileError(
                f"Cannot {what}: the time for the whole build ran out. Raise the option timeout, or look in the log "
                "for what it waits for",
                log=self.said[-_TAIL:],
            ) from error
        if done.rc != 0:
            raise self.failure(what, done)

    def failure(self, what: str, done: Completed) -> CompileError:
        """The error of a step that failed, with the line that tells why."""
        lines = self.said
        if "No space left on device" in "\n".join(lines) or _is_full(self.staging):
            return CompileError(
                f"Cannot {what}: the file system of {os.path.dirname(self.staging)} is full. "
                "Make room, or name another cache_dir",
                log=lines, rc=done.rc,
            )  # fmt: skip
        telling = next(
            (line for line in lines if _ERROR_LINE.search(line)), lines[-1] if lines else "it printed nothing"
        )
        return CompileError(
            f"Cannot {what}: it ended with status {done.rc}: {telling.strip()[:300]}", log=lines[-_TAIL:], rc=done.rc
        )

    @property
    def said(self) -> list[str]:
        """The last lines of the log."""
        try:
            with open(self.log, "rb") as stream:
                stream.seek(max(0, os.path.getsize(self.log) - _MAX_TAIL_BYTES))
                return stream.read().decode("utf-8", "replace").splitlines()
        except OSError:
            return []


def _is_full(folder: str) -> bool:
    return shutil.disk_usage(folder).free < 1 << 20
