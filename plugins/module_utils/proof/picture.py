# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the parts of a picture go, as plain numbers: whatever draws it has nothing left to decide.

The time line is a waterfall: one row a phase, all on one scale, so labels cannot meet however short a phase is.
A wide picture has the names to the left of the bars, a narrow one above them.
"""

from __future__ import annotations

import math
import typing as t
from dataclasses import dataclass

from ..errors import KdumpError
from .reader import Reader
from .text import human_duration, human_size, printable
from .timeline import describe

#: Widths between which a picture can be drawn, in user units (about a CSS pixel each).
NARROWEST, WIDEST = 280, 4000
#: A picture narrower than this has its names above the bars.
NARROW = 600
#: A generous estimate of a character's width at the font size of 13 that the page uses.
CHARACTER: t.Final = 8.0
#: The longest label of a tick, in characters, with room to the next one.
_TICK_LABEL = 7
_LEAST_BAR = 3.0
_ROW = {"wide": 30.0, "narrow": 46.0}
_BAR = 14.0
_TOP = 30.0
_KINDS: t.Final = frozenset({"capture", "system", "unseen", "failed"})


class PictureError(KdumpError):
    """A picture that cannot be drawn."""


@dataclass(frozen=True)
class Frame:
    """The part of the picture that is to scale."""

    width: float
    left: float
    right: float
    seconds: float

    @property
    def narrow(self) -> bool:
        return self.width < NARROW

    def x(self, seconds: float) -> float:
        """Where a moment lies, always inside the frame."""
        share = min(max(seconds / self.seconds, 0.0), 1.0) if self.seconds > 0 else 0.0
        return round(self.left + share * (self.right - self.left), 1)


def nice_step(total: float, most: int) -> float:
    """The smallest round step, in minutes or hours once it is long, that goes at most ``most`` times into ``total``."""
    if total <= 0:
        return 1.0
    for step in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600):
        if total / step <= most:
            return float(step)
    return float(3600 * math.ceil(total / most / 3600))


def _tick_label(seconds: float, step: float) -> str:
    if step < 1:
        return f"{seconds:.1f} s"
    if step < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if step < 3600 else f"{seconds / 3600:.0f} h"


def _ticks(frame: Frame) -> list[dict[str, object]]:
    step = nice_step(frame.seconds, min(9, int((frame.right - frame.left) / (_TICK_LABEL * CHARACTER))))
    count = int(frame.seconds / step + 1e-9) if frame.seconds > 0 else 0
    labels = [_tick_label(index * step, step) for index in range(count + 1)]
    places = [frame.x(index * step) for index in range(count + 1)]
    return [
        {"x": x, "label": label if x + len(label) * CHARACTER <= frame.width else ""}
        for x, label in zip(places, labels)
    ]


def _bar(frame: Frame, start: float, end: float) -> tuple[float, float]:
    left = min(frame.x(start), frame.right - _LEAST_BAR)
    return left, round(max(frame.x(end) - left, _LEAST_BAR), 1)


def _row(frame: Frame, index: int, phase: Reader, events: list[Reader]) -> dict[str, object]:
    start, end = phase.at("start").number() or 0.0, phase.at("end").number() or 0.0
    left, width = _bar(frame, start, end)
    top = _TOP + index * _ROW["narrow" if frame.narrow else "wide"]
    bar_top = top + (26 if frame.narrow else 8)
    kind = phase.at("kind").text()
    room = frame.width / CHARACTER - 14 if frame.narrow else frame.left / CHARACTER - 2
    return {
        "label": printable(phase.at("label").text() or "", limit=int(room)),
        "kind": kind if kind in _KINDS else "unseen",
        "duration": human_duration(end - start),
        "top": top,
        "text_y": top + (17 if frame.narrow else 20),
        "x": left,
        "y": bar_top,
        "width": width,
        "height": _BAR,
        "marks": [_mark(frame, event) for event in events],
    }


def _mark(frame: Frame, event: Reader) -> dict[str, object]:
    seconds = event.at("seconds").number() or 0.0
    title = f"{human_duration(seconds)}: {event.at('label').text()}"
    return {"x": frame.x(seconds), "failed": event.at("failed").flag() is True, "title": title}


def _share_out(phases: list[Reader], events: list[Reader]) -> list[list[Reader]]:
    """The events of each phase; on the border of two, a failure belongs to the one it ended, any other to the next."""
    shares: list[list[Reader]] = [[] for _phase in phases]
    starts = [phase.at("start").number() or 0.0 for phase in phases]
    for event in events:
        seconds, failed = event.at("seconds").number(), event.at("failed").flag() is True
        begun = [
            index
            for index, start in enumerate(starts)
            if seconds is not None and (start < seconds or (start == seconds and not failed))
        ]
        if begun:
            shares[begun[-1]].append(event)
    return shares


def _total(frame: Frame, top: float, timeline: Reader) -> dict[str, object] | None:
    """The dimension line below the rows: from the panic to back in service."""
    seconds, end = timeline.at("panic_to_back").number(), frame.seconds
    if seconds is None:
        return None
    return {
        "x1": frame.x(end - seconds),
        "x2": frame.x(end),
        "y": top + (32 if frame.narrow else 15),
        "text_y": top + (17 if frame.narrow else 20),
        "label": "Total from panic",
        "duration": human_duration(seconds),
    }


def draw_timeline(timeline: object, *, width: int) -> dict[str, object]:
    """The waterfall of a proof's time line, ``width`` units wide."""
    if not isinstance(width, int) or not NARROWEST <= width <= WIDEST:
        raise PictureError(
            f"Cannot lay out the time line: the width is {width!r}. Give a whole number from {NARROWEST} to {WIDEST}."
        )
    source = Reader(timeline)
    phases, events = source.at("phases").items(), source.at("events").items()
    seconds = max([source.at("total").number() or 0.0] + [phase.at("end").number() or 0.0 for phase in phases])
    narrow = width < NARROW
    # Room for the longest label to the left and for "59 min 59 s" to the right.
    frame = Frame(width, 4.0 if narrow else 190.0, width - 4.0 if narrow else width - 96.0, seconds)
    shares = _share_out(phases, events)
    rows = [_row(frame, index, phase, share) for index, (phase, share) in enumerate(zip(phases, shares))]
    row_height = _ROW["narrow" if narrow else "wide"]
    bottom = _TOP + len(rows) * row_height + 4
    total = _total(frame, bottom, source)
    return {
        "width": width,
        "height": bottom + (row_height if total else 4),
        "narrow": narrow,
        "left": frame.left,
        "right": frame.right,
        "top": _TOP,
        "bottom": bottom,
        "ticks": _ticks(frame),
        "rows": rows,
        "total": total,
        "description": describe(source),
    }


def draw_memory(memory: object) -> list[dict[str, object]]:
    """The reservation as a bar of 100 units: what the capture kernel itself takes, the peak on top, what was left."""
    source = Reader(memory)
    reserved, usable = source.at("reserved_bytes").number(), source.at("usable_bytes").number()
    peak = source.at("peak_bytes").number()
    whole = reserved or usable
    if not whole or usable is None or peak is None:
        return []
    kernel = max(whole - usable, 0.0)
    peak = min(peak, whole - kernel)
    parts = (("kernel", kernel), ("peak", peak), ("free", max(whole - kernel - peak, 0.0)))
    drawn: list[dict[str, object]] = []
    x = 0.0
    for name, size in parts:
        width = round(size / whole * 100, 2)
        drawn.append(
            {"name": name, "x": round(x, 2), "width": width, "size": human_size(size), "percent": round(width)}
        )
        x += width
    return drawn
