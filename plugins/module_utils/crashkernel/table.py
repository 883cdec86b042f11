# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The calibration document: what was measured, with which images, on which machine, and which of it fits a host.

An entry belongs to one pair of images, by their digests: another kernel or another save environment needs a calibration
of its own, since nobody can tell by looking what it takes.
"""

from __future__ import annotations

import datetime
import json
import re
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from ..errors import KdumpError
from ..files import read_text
from .calibration import Outcome
from .evaluate import MIB, amount
from .growth import LEAST_MARGIN, MARGIN_SHARE, growth, margin, recommended

SCHEMA: t.Final = {"name": "linux.kdump/calibration", "version": 1}
#: How many times the measured RAM a host may have: up to here the growth is computed, beyond it is to be measured.
FARTHEST: t.Final = 16

Entry = dict[str, t.Any]
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NUMBERS = ("memory_bytes", "cpus", "granularity_bytes")


class TableError(KdumpError):
    """A calibration document that cannot be used."""


class NoFitError(KdumpError):
    """Nothing that was measured tells what this host needs."""


@dataclass(frozen=True)
class Case:
    """What a figure is for."""

    profile: str
    architecture: str
    kernel: str  # sha256
    initramfs: str  # sha256
    memory: int
    cpus: int
    target: str = "local"
    #: What people call the kernel and the machine's emulation, for the reader only.
    release: t.Optional[str] = None

    @property
    def key(self) -> tuple[t.Any, ...]:
        """Two entries with the same key are about the same thing; the later one counts."""
        return (self.architecture, self.kernel, self.initramfs, self.target, self.memory, self.cpus)


@dataclass(frozen=True)
class Fit:
    """What a host is to reserve, and why so much."""

    size_bytes: int
    smallest_bytes: int
    margin_bytes: int
    growth_bytes: int
    profile: str
    #: The machine that it was measured on.
    memory_bytes: int
    cpus: int

    def as_dict(self) -> dict[str, t.Any]:
        """The same as plain data."""
        return asdict(self)


def entry(case: Case, outcome: Outcome, *, granularity: int, passes: int, date: datetime.datetime) -> Entry:
    """The document's entry for one search."""
    return {
        "profile": case.profile,
        "architecture": case.architecture,
        "kernel": {"sha256": case.kernel, "release": case.release},
        "initramfs": {"sha256": case.initramfs},
        "memory_bytes": case.memory,
        "cpus": case.cpus,
        "target": case.target,
        "granularity_bytes": granularity,
        "passes": passes,
        "date": date.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "smallest_bytes": outcome.smallest,
        "recommended_bytes": outcome.recommended,
        "peak_used_kib": outcome.peak_used_kib,
        "remarks": list(outcome.remarks),
        "trials": [trial.as_dict() for trial in outcome.trials],
    }


def document(entries: Sequence[Entry]) -> dict[str, t.Any]:
    """The whole document, with its entries in an order that does not depend on when they came."""
    return {
        "schema": dict(SCHEMA),
        "margin": {"least_bytes": LEAST_MARGIN, "percent": MARGIN_SHARE},
        "entries": sorted(entries, key=key_of),
    }


def merge(known: Sequence[Entry], new: Sequence[Entry]) -> list[Entry]:
    """The entries of both; a new one takes the place of an older one about the same thing.

    What is known is not given up for a search that came to nothing.
    """
    merged: dict[tuple[t.Any, ...], Entry] = {}
    for item in (*known, *new):
        earlier = merged.get(key_of(item))
        if not earlier or earlier["smallest_bytes"] is None or item["smallest_bytes"] is not None:
            merged[key_of(item)] = item
    return list(merged.values())


def key_of(item: Entry) -> tuple[t.Any, ...]:
    """What an entry is about, as `Case.key`."""
    return (
        item["architecture"], item["kernel"]["sha256"], item["initramfs"]["sha256"], item["target"],
        item["memory_bytes"], item["cpus"],
    )  # fmt: skip


def read(path: str) -> list[Entry]:
    """The entries of a document on disk; none where there is no file."""
    text = read_text(path)
    if text is None:
        return []
    try:
        return entries_of(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise TableError(f"Cannot read the calibration {path}: it is not JSON: {error}. Remove it.") from None
    except TableError as error:
        raise TableError(f"{error.message} It is in {path}.") from None


def entries_of(found: t.Any) -> list[Entry]:
    """The entries of a document from wherever; an error where it is none."""
    if not isinstance(found, Mapping) or found.get("schema") != SCHEMA or not isinstance(found.get("entries"), list):
        raise TableError(
            f"Cannot use the calibration: it is no {SCHEMA['name']} document of version {SCHEMA['version']}. "
            "Take the file that the playbook linux.kdump.calibrate writes."
        )
    for number, item in enumerate(found["entries"]):
        if not _is_entry(item):
            raise TableError(f"Cannot use the calibration: its entry {number} is damaged. Calibrate again.")
    return list(found["entries"])


def choose(
    entries: Sequence[Entry], *, architecture: str, kernel: str, initramfs: str, target: str, memory: int, cpus: int
) -> Fit:  # fmt: skip
    """What a host with these images, this memory and these processors is to reserve."""
    matching = _matching(entries, images=(architecture, kernel, initramfs), target=target)
    nearest = _nearest(matching, memory=memory, cpus=cpus)
    if memory > nearest["memory_bytes"] * FARTHEST:
        raise NoFitError(
            f"Cannot fit crashkernel= to this host: it has {amount(memory)} of RAM, and the largest machine that was "
            f"measured with these images had {amount(nearest['memory_bytes'])}. Run the playbook linux.kdump.calibrate "
            f"with at least {amount(-(-memory // FARTHEST))} of memory, or write a size."
        )
    return _fit(nearest, extra=_beyond(nearest, memory=memory, cpus=cpus))


def _matching(entries: Sequence[Entry], *, images: tuple[str, str, str], target: str) -> list[Entry]:
    """The entries that are about these images and this kind of target, and have an answer."""
    answered = [item for item in entries if key_of(item)[:3] == images and item["smallest_bytes"] is not None]
    kinds = sorted({item["target"] for item in answered})
    if target in kinds:
        return [item for item in answered if item["target"] == target]
    architecture, kernel, initramfs = images
    reason = (
        f"with these images nothing was measured for targets of kind {target}, only for {', '.join(kinds)}. Write a "
        "size, or choose to take what was measured for another kind, with kdump_calibration_target of the role "
        "linux.kdump.deploy or the option fit.targets."
    ) if kinds else (
        f"nothing was measured for the capture kernel {kernel[:16]} with the initramfs {initramfs[:16]} on "
        f"{architecture}. Run the playbook linux.kdump.calibrate with these images, or write a size."
    )  # fmt: skip
    raise NoFitError(f"Cannot fit crashkernel= to this host: {reason}", measured=[summary(item) for item in entries])


def _nearest(entries: Sequence[Entry], *, memory: int, cpus: int) -> Entry:
    """The nearest machine, by its memory first: that is what costs, and a CPU more costs next to nothing.

    One that is large enough goes before one that is not, since it was seen and needs no computing.
    """

    def distance(have: int, need: int) -> tuple[bool, int]:
        return have < need, abs(have - need)

    return min(entries, key=lambda item: (distance(item["memory_bytes"], memory), distance(item["cpus"], cpus)))


def _beyond(item: Entry, *, memory: int, cpus: int) -> int:
    """Bytes for what the host has more of than the measured machine; what it has less of is not set against that."""
    there = {"memory": item["memory_bytes"], "cpus": item["cpus"]}
    larger = {"memory": max(memory, there["memory"]), "cpus": max(cpus, there["cpus"])}
    architecture = item["architecture"]
    return growth(**larger, architecture=architecture).total - growth(**there, architecture=architecture).total


def summary(item: Entry) -> str:
    """One entry on one line."""
    smallest = item["smallest_bytes"]
    return (
        f"{item['profile']} {item['architecture']} {item['target']} kernel {item['kernel']['sha256'][:16]} "
        f"initramfs {item['initramfs']['sha256'][:16]} {amount(item['memory_bytes'])} RAM, {item['cpus']} CPUs: "
        + (f"{amount(smallest)}, reserve {amount(item['recommended_bytes'])}" if smallest else "not known")
    )


def lines(entries: Sequence[Entry]) -> list[str]:
    """A table for people."""
    head = ("profile", "architecture", "target", "RAM", "CPUs", "smallest", "reserve", "peak used", "trials")
    rows = [head, *(_row(item) for item in sorted(entries, key=key_of))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]


def _row(item: Entry) -> tuple[str, ...]:
    smallest, advised, peak = item["smallest_bytes"], item["recommended_bytes"], item["peak_used_kib"]
    return (
        str(item["profile"]), str(item["architecture"]), str(item["target"]), amount(item["memory_bytes"]),
        str(item["cpus"]), amount(smallest) if smallest else "?", amount(advised) if advised else "?",
        f"{peak / 1024:.1f}M" if peak else "?", str(len(item["trials"])),
    )  # fmt: skip


def _fit(item: Entry, *, extra: int) -> Fit:
    smallest = item["smallest_bytes"]
    return Fit(
        size_bytes=recommended(smallest, max(item["granularity_bytes"], MIB), extra),
        smallest_bytes=smallest,
        margin_bytes=margin(smallest),
        growth_bytes=extra,
        profile=item["profile"],
        memory_bytes=item["memory_bytes"],
        cpus=item["cpus"],
    )


def _is_entry(item: t.Any) -> bool:
    """Whether the members that decisions are made by are what they should be: the file may come from anywhere."""
    try:
        digests = [item[name]["sha256"] for name in ("kernel", "initramfs")]
        names = [item[name] for name in ("profile", "architecture", "target")]
        numbers = [item[name] for name in _NUMBERS]
        sizes = [item[name] for name in ("smallest_bytes", "recommended_bytes", "peak_used_kib")]
        trials = item["trials"]
    except (KeyError, TypeError, IndexError):
        return False
    return (
        all(isinstance(digest, str) and _SHA256.fullmatch(digest) for digest in digests)
        and all(isinstance(name, str) and name for name in names)
        and all(_positive(number) for number in numbers)
        and all(size is None or _positive(size) for size in sizes)
        and (sizes[0] is None) == (sizes[1] is None)
        and isinstance(trials, list)
    )


def _positive(number: t.Any) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and 0 < number < 1 << 60
