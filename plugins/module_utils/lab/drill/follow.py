# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the console of a drill tells, line by line: pure, every line comes with the seconds at which it was seen."""

from __future__ import annotations

import collections
import typing as t

from ...console import Mark, marks
from ...drill import FAILURES, STAGES
from . import init
from .spec import DrillEvent

#: Lines of the console that are kept for a message.
_KEPT: t.Final = 200
#: Seconds that a capture kernel may take from its last word to the end of the machine.
_FAREWELL: t.Final = 60
#: How many times as long as its system's boot a capture kernel may be silent at most: kexec_load's purgatory checks
#: the digest of the whole image first, which has taken three and a half times as long on emulated arm64.
_SLOWEST: t.Final = 5


class Story:
    """Where the machine is, by what it has said."""

    def __init__(self, *, stall: float, late_console: bool = False) -> None:
        self.events: list[DrillEvent] = [DrillEvent("start", 0.0)]
        self.lines: collections.deque[str] = collections.deque(maxlen=_KEPT)
        self._stall = stall
        self._late_console = late_console
        self._heard = 0.0
        self._dead = False

    def line(self, seconds: float, text: str) -> None:
        """A line on the console."""
        self._heard = seconds
        if text:
            self.lines.append(text)
        for mark in marks(text):
            self._mark(seconds, mark)

    def ended(self, seconds: float) -> None:
        """The machine is gone."""
        self._once("end", seconds, "")

    def seen(self, name: str) -> bool:
        """Whether something has happened."""
        return any(event.name == name for event in self.events)

    def text(self, name: str) -> str | None:
        """What the console said of it."""
        return next((event.text for event in self.events if event.name == name), None)

    @property
    def failure(self) -> str | None:
        """The first failure that the save script named."""
        return next((event.name for event in self.events if event.name in FAILURES), None)

    @property
    def last(self) -> str:
        """The last line that says anything."""
        return self.lines[-1] if self.lines else ""

    def hopeless(self, seconds: float) -> str | None:
        """Why there is nothing more to wait for, or None while there is."""
        if self._dead:
            return "its kernel died and does not restart"
        if self.seen("final-action") and seconds - self._heard > _FAREWELL:
            return "the save environment is done and did not end the machine"
        patience = max(self._stall, _SLOWEST * self._boot)
        if seconds - self._heard > patience and self._crashed and not self.seen("save-start"):
            return f"its console has been silent for {patience:.0f} seconds since the crash"
        return None

    @property
    def _boot(self) -> float:
        """Seconds that the system took to boot: on a busy machine the capture kernel will be as slow."""
        return next((event.seconds for event in self.events if event.name == "armed"), 0.0)

    @property
    def _crashed(self) -> bool:
        return self.seen("triggered") or self.seen("panic")

    def _mark(self, seconds: float, mark: Mark) -> None:
        if mark.kind == "banner":
            self._once("capture_kernel" if self._crashed else "kernel", seconds, mark.text)
        elif mark.kind == "panic":
            self._panic(seconds, mark.text)
        elif mark.kind == "dead_end":
            self._dead = True
        elif mark.kind == "memory":
            self._once("capture_out_of_memory" if self._crashed else "system_out_of_memory", seconds, mark.text)
        elif mark.kind in _SYSTEM_TAGS:
            self._once(_SYSTEM_TAGS[mark.kind], seconds, mark.text)
            if mark.kind == init.TRIGGERED and self._late_console:
                # Nobody will hear it. It is the next thing that happens.
                self._once("panic", seconds, "")
        elif mark.kind in STAGES or mark.kind in FAILURES:
            # Where the capture kernel is told to be quiet, this is the first that is heard of it.
            self._once("capture_kernel", seconds, "")
            self._once(mark.kind, seconds, mark.text)

    def _panic(self, seconds: float, text: str) -> None:
        if not self.seen("triggered"):
            self._once("system_panic", seconds, text)
        elif not self.seen("panic"):
            self._once("panic", seconds, text)
        elif self.seen("capture_kernel"):
            self._once("capture_panic", seconds, text)

    def _once(self, name: str, seconds: float, text: str) -> None:
        if not self.seen(name):
            self.events.append(DrillEvent(name, max(seconds, 0.0), text))


_SYSTEM_TAGS: t.Final = {init.ARMED: "armed", init.TRIGGERED: "triggered", init.FAILED: "never_armed"}
