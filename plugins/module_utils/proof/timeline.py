# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The time line of a drill: milestones seen, phases between them, marks on them."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ..drill import FAILURES, STAGES
from .reader import Reader
from .text import human_duration

#: No drill takes longer, in seconds; an event that claims to is left out.
LONGEST: t.Final = 10_000_000

#: What each event means, in words.
EVENTS: t.Final = {
    "triggered": "the crash was triggered",
    "connection_lost": "the host stopped answering",
    "panic": "the kernel panicked",
    "capture_kernel": "the capture kernel started",
    **STAGES,
    **FAILURES,
    "capture_out_of_memory": "the capture kernel ran out of memory",
    "capture_panic": "the capture kernel panicked",
    "kernel": "the host's own kernel started",
    "connection_back": "the host answers again",
    "settled": "the host is back in service",
}

#: The events that say a capture has failed.
FAILED: t.Final = (*FAILURES, "capture_out_of_memory", "capture_panic")


@dataclass(frozen=True)
class Milestone:
    """A point every drill passes; seen as the first of ``events`` that happened. ``phase`` begins here."""

    name: str
    events: tuple[str, ...]
    phase: str


MILESTONES: t.Final = (
    Milestone("triggered", ("triggered",), "Trigger"),
    Milestone("panic", ("panic",), "Panic and hand-over"),
    Milestone("capture_kernel", ("capture_kernel",), "Capture kernel boots"),
    Milestone("save_start", ("save-start",), "Dump is saved"),
    Milestone("saved", ("core-saved", *FAILED), "Record, unmount"),
    Milestone("reboot", ("final-action",), "Firmware, boot loader"),
    Milestone("kernel", ("kernel",), "System boots"),
    Milestone("connection_back", ("connection_back",), "Services settle"),
    Milestone("settled", ("settled",), ""),
)

#: The phases that are the capture itself, told apart in the picture.
_CAPTURE: t.Final = frozenset({"panic", "capture_kernel", "save_start", "saved"})
#: Without a console, losing the connection is the nearest thing to the panic that can be seen.
_STAND_INS: t.Final = {"panic": ("connection_lost",)}


@dataclass(frozen=True)
class Event:
    """Something that was seen, in seconds since the trigger."""

    name: str
    seconds: float
    source: str | None
    text: str | None

    @property
    def label(self) -> str:
        return EVENTS.get(self.name, self.name)

    @property
    def failed(self) -> bool:
        return self.name in FAILED

    def as_dict(self) -> dict[str, object]:
        return {
            "name": self.name,
            "label": self.label,
            "seconds": self.seconds,
            "source": self.source,
            "text": self.text,
            "failed": self.failed,
        }


@dataclass(frozen=True)
class Phase:
    """The time between two milestones; ``covers`` names the phases of it that could not be told apart."""

    name: str
    label: str
    kind: str
    start: float
    end: float
    covers: tuple[str, ...]

    @property
    def seconds(self) -> float:
        return round(self.end - self.start, 3)

    def as_dict(self) -> dict[str, object]:
        return {
            "name": self.name,
            "label": self.label,
            "kind": self.kind,
            "start": self.start,
            "end": self.end,
            "seconds": self.seconds,
            "covers": list(self.covers),
        }


def read_events(events: Reader) -> list[Event]:
    """The events in the order of their time; what has no name or no time is left out."""
    found = []
    for item in events.items():
        name, seconds = item.at("name").text(40), item.at("seconds").number()
        if name and seconds is not None and seconds <= LONGEST:
            found.append(Event(name, round(seconds, 3), item.at("source").text(40), item.at("text").text()))
    return sorted(found, key=lambda event: event.seconds)


def find_milestones(events: list[Event]) -> dict[str, float]:
    """When each milestone was passed, in the order of MILESTONES and never running backwards."""
    first: dict[str, float] = {}
    for event in events:
        first.setdefault(event.name, event.seconds)
    passed: dict[str, float] = {}
    latest = 0.0
    for milestone in MILESTONES:
        names = [name for name in milestone.events if name in first]
        names = names or [name for name in _STAND_INS.get(milestone.name, ()) if name in first]
        if names:
            latest = passed[milestone.name] = max(latest, min(first[name] for name in names))
    return passed


def build_phases(events: list[Event]) -> list[Phase]:
    """What happened between the milestones seen. A milestone nobody saw makes one phase of two."""
    passed = find_milestones(events)
    seen = [index for index, milestone in enumerate(MILESTONES) if milestone.name in passed]
    return [_phase(start, end, passed, events) for start, end in zip(seen, seen[1:])] + _open_end(events, passed)


def _phase(start: int, end: int, passed: dict[str, float], events: list[Event]) -> Phase:
    begin, finish = passed[MILESTONES[start].name], passed[MILESTONES[end].name]
    covers = tuple(milestone.phase for milestone in MILESTONES[start:end])
    name = MILESTONES[start].name
    failed = name != "saved" and any(event.failed and begin <= event.seconds <= finish for event in events)
    if failed:
        return Phase(name, covers[0], "failed", begin, finish, covers)
    if len(covers) > 1:
        return Phase(name, "Not seen in detail", "unseen", begin, finish, covers)
    return Phase(name, covers[0], "capture" if name in _CAPTURE else "system", begin, finish, covers)


def _open_end(events: list[Event], passed: dict[str, float]) -> list[Phase]:
    """A drill that never got back into service ends with what it was last seen doing."""
    order = [milestone.name for milestone in MILESTONES]
    last = max(passed, key=order.index, default="settled")
    end = events[-1].seconds if events else 0.0
    if last == "settled":
        return []
    label = next(milestone.phase for milestone in MILESTONES if milestone.name == last)
    return [Phase(last, label, "failed", passed[last], max(end, passed[last]), (label,))]


def between(events: list[Event], start: str, end: str) -> float | None:
    """Seconds from one milestone to another, or None where one of them was not seen."""
    passed = find_milestones(events)
    return round(passed[end] - passed[start], 3) if start in passed and end in passed else None


def build_timeline(events: list[Event]) -> dict[str, object]:
    """Phases, events and the lengths of time that matter."""
    failed = any(event.failed for event in events)
    return {
        "phases": [phase.as_dict() for phase in build_phases(events)],
        "events": [event.as_dict() for event in events],
        "panic_to_saved": None if failed else between(events, "panic", "saved"),
        "panic_to_back": between(events, "panic", "settled"),
        "total": events[-1].seconds if events else 0.0,
    }


def describe(timeline: Reader) -> str:
    """The time line as one sentence, for those who cannot see the picture."""
    parts = [
        f"{phase.at('label').text()} {human_duration(phase.at('seconds').number())}"
        for phase in timeline.at("phases").items()
    ]
    return "; ".join(parts) + "." if parts else "Nothing was seen of this drill."
