# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watching a host go down and come back: the console in a thread, the connection in the task, one state for both."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType

from ..module_utils.console import Lines, Tail
from .follow import Event, Follower
from .link import Link

#: Seconds between two looks at the console file, and between the end of one probe and the next.
_CONSOLE_EVERY = 0.2
_PROBE_EVERY = 1.0


class Watch:
    """Follows one drill and reports each event as it happens.

    The console has a thread of its own since a probe can take many seconds, and the times of what the console
    says are what the time line is made of.
    """

    def __init__(self, follower: Follower, link: Link, tail: Tail | None, report: Callable[[Event], None]) -> None:
        self._follower = follower
        self._link = link
        self._tail = tail
        self._report = report
        self._reported: set[str] = set()
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._done = threading.Event()
        self._zero = time.monotonic()
        self._thread = threading.Thread(target=self._follow_console, daemon=True)

    def __enter__(self) -> Watch:
        if self._tail:
            self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._done.set()
        if self._thread.is_alive():
            self._thread.join()

    def seconds(self) -> float:
        """Since the trigger."""
        return time.monotonic() - self._zero

    def triggered(self, text: str) -> None:
        """The host has been told: time starts now."""
        self._zero = time.monotonic()
        with self._state() as follower:
            follower.triggered(text)

    def until_end(self) -> str:
        """Watch until the host is back and settled, or there is no reason to wait any longer."""
        while True:
            with self._state() as follower:
                end = follower.end(self.seconds())
                wait = follower.back
            if end:
                return end
            probe = self._link.probe(self.seconds, wait=wait)
            with self._state() as follower:
                follower.probe(probe)
            self._news.clear()
            self._news.wait(_PROBE_EVERY)  # a kernel's first line on the console is worth a look at once

    @contextlib.contextmanager
    def _state(self) -> Iterator[Follower]:
        """The follower, for one thread at a time; what is new in it is reported afterwards."""
        with self._lock:
            yield self._follower
            news = [event for event in self._follower.events if event.name not in self._reported]
            self._reported.update(event.name for event in news)
            for event in news:
                self._report(event)
        if news:
            self._news.set()

    def _follow_console(self) -> None:
        lines = Lines()
        while not self._done.is_set():
            text = self._tail.read() if self._tail else ""
            if text:
                with self._state() as follower:
                    seconds = self.seconds()
                    follower.heard(seconds)
                    for line in lines.feed(text):
                        follower.line(seconds, line)
            else:
                self._done.wait(_CONSOLE_EVERY)
