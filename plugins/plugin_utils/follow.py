# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Following a host through its crash: observations in, events and an end out.

No clock and no connection here: every observation says how many seconds after the trigger it was made.
"""

from __future__ import annotations

import collections
import re
import typing as t
from dataclasses import asdict, dataclass

from ..module_utils.console import Mark, marks
from ..module_utils.drill import FAILURES, STAGES
from ..module_utils.drill_outcome import NEVER_CAME_BACK, NEVER_WENT_DOWN, SETTLED, Sighting

#: Lines of the console that are kept: both boots of a crash fit in, and a babbling console stays within a megabyte.
KEPT_LINES = 2000
#: Only a capture kernel has one of these on its command line: kexec adds the first, this collection the second.
_CAPTURE_LINE = re.compile(r"\b(?:elfcorehdr=|kdump\.target=)")
#: What systemd says when it is done; "none" and "offline" where there is no systemd.
_SETTLED_STATES = frozenset({"running", "degraded", "maintenance", "none", "offline"})


@dataclass(frozen=True)
class Event:
    """Something that happened, seconds after the trigger."""

    name: str
    seconds: float
    source: str
    text: str = ""

    def as_dict(self) -> dict[str, t.Any]:
        """The same as plain data."""
        return {**asdict(self), "seconds": round(self.seconds, 2)}


@dataclass(frozen=True)
class Probe:
    """One attempt to talk to the host; ``boot_id`` is None where it did not answer."""

    seconds: float
    boot_id: str | None = None
    capture_kernel: bool = False
    systemd: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Limits:
    """How long to wait: to go down, to be back (both since the trigger), and for a silent console."""

    down: float
    back: float
    stall: float


class Follower:
    """Knows where the host is by what was observed of it."""

    def __init__(self, *, boot_id: str, limits: Limits, console: bool) -> None:
        self.events: list[Event] = []
        self.lines: collections.deque[str] = collections.deque(maxlen=KEPT_LINES)
        self._boot_id = boot_id
        self._limits = limits
        self._console = console
        self._banner: tuple[float, str] | None = None
        self._heard = 0.0
        self._dead_end = False
        self._crash_seen = False
        self._ready: str | None = None
        self._place: str | None = None

    # What was seen

    def triggered(self, text: str) -> None:
        """The host has been told to crash; all seconds count from here."""
        self._add(Event("triggered", 0.0, "controller", text))

    def probe(self, probe: Probe) -> None:
        """The host answered over its connection, or did not."""
        if probe.boot_id is None:
            if not self._seen("connection_back"):
                self._once("connection_lost", probe.seconds, "controller", probe.detail)
        elif probe.capture_kernel:
            self._capture(probe.seconds, "controller", "it answers over its connection")
        elif probe.boot_id == self._boot_id:
            self.events = [event for event in self.events if event.name != "connection_lost"]  # a hiccup, not the crash
        else:
            self._once("connection_back", probe.seconds, "controller", f"boot {probe.boot_id}")
            if probe.systemd in _SETTLED_STATES:
                self._once("settled", probe.seconds, "controller", f"systemd is {probe.systemd}")

    def heard(self, seconds: float) -> None:
        """The console wrote something, whatever it is."""
        self._heard = seconds

    def line(self, seconds: float, line: str) -> None:
        """A line on the console."""
        self.lines.append(line)
        for mark in marks(line):
            self._mark(seconds, mark)

    # What follows from it

    @property
    def back(self) -> bool:
        """True when the host runs its normal kernel again."""
        return self._seen("connection_back")

    def end(self, seconds: float) -> str | None:
        """How it ended, or None while there is reason to wait."""
        if self._seen("settled"):
            return SETTLED
        if self.back:
            return SETTLED if seconds > self._limits.back else None
        if not self._is_down():
            return NEVER_WENT_DOWN if seconds > self._limits.down else None
        if seconds > self._limits.back or self._dead_end or self._is_stalled(seconds):
            return NEVER_CAME_BACK
        return None

    def sighting(self, end: str, seconds: float) -> Sighting:
        """All of it, for the judgement."""
        stages = [event.name for event in self.events if event.name in STAGES or event.name == "capture_kernel"]
        last = next((line for line in reversed(self.lines) if line), None)
        return Sighting(
            end=end,
            seconds=seconds,
            capture_kernel=self._seen("capture_kernel"),
            capture_panic=self._text("capture_panic"),
            out_of_memory=self._text("capture_out_of_memory"),
            failure=next((event.name for event in self.events if event.name in FAILURES), None),
            last_stage=stages[-1] if stages else None,
            saved=self._seen("core-saved"),
            place=self._place,
            console=self._console,
            last_line=None if end == SETTLED else last,
        )

    def _is_down(self) -> bool:
        return self._crash_seen or self._seen("connection_lost") or self._seen("capture_kernel") or self._seen("kernel")

    def _is_stalled(self, seconds: float) -> bool:
        """Only a capture kernel is held to it: firmware may be silent for minutes, the save script never is."""
        saving = self._seen("capture_kernel") and not self._seen("final-action") and not self._seen("kernel")
        return self._console and saving and seconds - self._heard > self._limits.stall

    def _mark(self, seconds: float, mark: Mark) -> None:
        if mark.kind in STAGES or mark.kind in FAILURES:
            self._settle_banner(capture=True)
            self._capture(seconds, "console", "its save script speaks")
            self._target(mark)
            self._once(mark.kind, seconds, "console", mark.text)
        elif mark.kind == "panic":
            self._panic(seconds, mark.text)
        elif mark.kind == "dead_end":
            self._dead_end = True  # printed only by a kernel that will not restart by itself
        elif mark.kind == "banner":
            self._settle_banner(capture=self._crash_seen and not self._seen("capture_kernel"))
            self._banner = (seconds, mark.text)
            self._dead_end = False
        elif mark.kind == "command_line":
            self._settle_banner(capture=bool(_CAPTURE_LINE.search(mark.text)))
        elif mark.kind == "memory" and self._in_capture_kernel():
            self._once("capture_out_of_memory", seconds, "console", mark.text)

    def _target(self, mark: Mark) -> None:
        """Of several targets that were ready in turn, the dump is on the one that was when the core was saved."""
        if mark.kind == "target-ready":
            self._ready = mark.text
        elif mark.kind == "core-saved":
            self._place = self._ready

    def _panic(self, seconds: float, text: str) -> None:
        self._settle_banner(capture=self._crash_seen)
        if not self._crash_seen:
            self._crash_seen = True
            self._once("panic", seconds, "console", text)
        elif self._in_capture_kernel():
            self._once("capture_panic", seconds, "console", text)

    def _settle_banner(self, *, capture: bool) -> None:
        """A kernel's first line does not tell what it is for; what comes next does."""
        if self._banner is None:
            return
        (seconds, release), self._banner = self._banner, None
        if capture:
            self._capture(seconds, "console", release)
        else:
            self._once("kernel", seconds, "console", release)

    def _in_capture_kernel(self) -> bool:
        return (self._seen("capture_kernel") or self._banner is not None) and not self._seen("kernel")

    def _capture(self, seconds: float, source: str, text: str) -> None:
        self._crash_seen = True
        self._once("capture_kernel", seconds, source, text)

    def _once(self, name: str, seconds: float, source: str, text: str) -> None:
        if not self._seen(name):
            self._add(Event(name, max(seconds, 0.0), source, text))

    def _add(self, event: Event) -> None:
        self.events.append(event)
        self.events.sort(key=lambda each: each.seconds)

    def _seen(self, name: str) -> bool:
        return any(event.name == name for event in self.events)

    def _text(self, name: str) -> str | None:
        return next((event.text for event in self.events if event.name == name), None)
