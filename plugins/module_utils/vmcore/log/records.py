# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel log is made of, whichever generation of the kernel wrote it."""

from __future__ import annotations

import typing as t
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from .text import is_plain, safe_text

#: Which half of the numbers of a caller are CPUs: the upper one.
_CPU_CALLER: t.Final = 1 << 31
#: As many of the newest records are kept, of as much text. Only a log_buf_len= of 16 MiB or more holds more.
MAX_RECORDS: t.Final = 100_000
MAX_BYTES: t.Final = 32 << 20
#: A byte may become four characters, each as wide in memory as the widest of its text.
_WIDEST: t.Final = 16
#: No message holds so many zeros in a row: they stand where a page of the dump is missing.
_HOLE: t.Final = bytes(16)


@dataclass(frozen=True)
class LogRecord:
    """One message of the kernel log; what its generation of the log does not store is None."""

    __slots__ = ("caller", "facility", "level", "seq", "text", "ts_nsec")

    seq: int
    ts_nsec: int | None
    level: int | None
    facility: int
    #: As the kernel prints it: C and a CPU, or T and a thread.
    caller: str | None
    #: Fit for a terminal; only line feeds and tabs are left of the control characters.
    text: str

    @property
    def from_kernel(self) -> bool:
        """False for what a process wrote to /dev/kmsg: from Linux 3.5 on that always carries a facility."""
        return self.facility == 0

    def as_dict(self) -> dict[str, t.Any]:
        """The record as the verdict document holds it."""
        return {
            "seq": self.seq,
            "ts": None if self.ts_nsec is None else self.ts_nsec / 1e9,
            "level": self.level,
            "caller": self.caller,
            "text": self.text,
        }


@dataclass(frozen=True)
class Walk:
    """What a walk over the log found."""

    #: Which generation of the log it is: C(characters), C(records) or C(lockless).
    generation: str
    records: tuple[LogRecord, ...]
    #: Records whose text found no room when they were written.
    lost: int = 0
    #: Records in the middle that were never finished.
    gaps: int = 0
    damage: tuple[str, ...] = ()
    #: Records that had been overwritten; None where the kernel does not tell how many.
    overwritten: int | None = 0
    #: Older records that were left out because there are so many.
    unread: int = 0


class DamagedError(ValueError):
    """One record cannot be believed."""


class Stored(t.NamedTuple):
    """A record as the kernel stored it."""

    seq: int
    ts_nsec: int | None
    level: int | None
    facility: int
    caller: int | None
    text: bytes

    def decoded(self) -> LogRecord:
        """The record as it is shown."""
        caller = None if self.caller is None else caller_name(self.caller)
        return LogRecord(self.seq, self.ts_nsec, self.level, self.facility, caller, safe_text(self.text))


class Newest:
    """Collects records and forgets the oldest when there are too many: a log may be larger than memory."""

    def __init__(self) -> None:
        self._stored: deque[Stored] = deque()
        self._costs: deque[int] = deque()
        self._room = MAX_BYTES
        self.unread = 0

    def add(self, stored: Stored) -> None:
        """Keep the record; what is forgotten again is never decoded."""
        cost = len(stored.text) * (1 if is_plain(stored.text) else _WIDEST)
        self._stored.append(stored)
        self._costs.append(cost)
        self._room -= cost
        while self._room < 0 or len(self._stored) > MAX_RECORDS:
            self._stored.popleft()
            self._room += self._costs.popleft()
            self.unread += 1

    def records(self) -> tuple[LogRecord, ...]:
        """What was kept, oldest first; it can be taken once."""
        return tuple(self._stored.popleft().decoded() for _number in range(len(self._stored)))


def caller_name(caller: int) -> str:
    """As the kernel prints it: C and a CPU, or T and a thread."""
    return f"C{caller & ~_CPU_CALLER}" if caller & _CPU_CALLER else f"T{caller}"


def level_of(flags: int, order: str) -> int:
    """Flags of 5 bits and a level of 3 share a byte; compilers for big-endian machines begin at its other end."""
    return flags >> 5 if order == "<" else flags & 7


def checked(text: bytes, name: str) -> bytes:
    """The text of a record; an error where a part of it is missing."""
    if _HOLE in text:
        raise DamagedError(f"the text of {name} holds zeros")
    return text


def summary(damage: Sequence[str]) -> tuple[str, ...]:
    """The first damage in words, the rest as a number."""
    if len(damage) <= 1:
        return tuple(damage)
    return (f"{damage[0]}, and {len(damage) - 1} more records are damaged",)
