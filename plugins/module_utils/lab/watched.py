# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the commands of a long build so that they can be watched, and end when nobody waits for them any more."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Mapping, Sequence

from ..command import CommandRunner, Completed, finish
from ..progress import Progress, run_watched


class WatchedRunner:
    """A command runner that keeps all output in one log and passes on the news twice a second."""

    def __init__(self, runner: CommandRunner, *, log: str, progress: Progress, news: Callable[[], str]) -> None:
        self._runner = runner
        self._log = log
        self._progress = progress
        self._news = news

    def run(
        self,
        argv: Sequence[str],
        *,
        what: str,
        timeout: int,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        data: str | None = None,
        check: bool = True,
    ) -> Completed:
        before, started = self._size(), time.monotonic()
        done = run_watched(
            self._runner, argv, what=what, timeout=timeout, log=self._log, progress=self._progress, news=self._news,
            cwd=cwd, env=env,
        )  # fmt: skip
        text, seconds = self._since(before), time.monotonic() - started
        completed = Completed(tuple(argv), done.rc, text, "")
        return finish(completed, what=what, timeout=timeout, check=check, seconds=seconds)

    def _size(self) -> int:
        with contextlib.suppress(FileNotFoundError):
            return os.path.getsize(self._log)
        return 0

    def _since(self, start: int) -> str:
        with contextlib.suppress(FileNotFoundError), open(self._log, encoding="utf-8", errors="replace") as stream:
            stream.seek(start)
            return stream.read()
        return ""
