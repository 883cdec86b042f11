# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record buffer of Linux 3.5 to 5.9 (kernel/printk.c, later kernel/printk/printk.c): records one after another.

A record whose length is zero says that the next one is at the beginning of the buffer. Records are not numbered.
"""

from __future__ import annotations

import struct
import typing as t

from ..findings import unreadable
from ..translate.memory import Memory
from ..vmcoreinfo import VmcoreInfo
from .arrays import Members, Window
from .records import DamagedError, Newest, Stored, Walk, checked, level_of, summary

#: The largest buffer that is believed, and the most records: a larger one would take minutes to walk through.
_MAX_SIZE: t.Final = 1 << 25
_MAX_STEPS: t.Final = 1 << 19
#: The structure's name since 3.11, and before.
_NAMES: t.Final = ("printk_log", "log")
#: The structure as it was before VMCOREINFO told (3.10), and never ceased to begin.
_SIZE: t.Final = 16
_OFFSETS: t.Final = {"ts_nsec": 0, "len": 8, "text_len": 10, "dict_len": 12}
_CALLER_SIZE: t.Final = 4
_ALIGN: t.Final = 4


class _Layout:
    """Where the members of a record are."""

    def __init__(self, memory: Memory, info: VmcoreInfo) -> None:
        name = next((name for name in _NAMES if f"SIZE({name})" in info), None)
        self.size = info.size(name) if name else _SIZE
        at = {member: info.offset(f"{name}.{member}") if name else offset for member, offset in _OFFSETS.items()}
        # VMCOREINFO has no key for these: they are the bytes behind dict_len.
        facility, flags, after = at["dict_len"] + 2, at["dict_len"] + 3, at["dict_len"] + 4
        members = [
            (at["ts_nsec"], "Q"), (at["len"], "H"), (at["text_len"], "H"), (at["dict_len"], "H"),
            (facility, "B"), (flags, "B"),
        ]  # fmt: skip
        # With CONFIG_PRINTK_CALLER (5.1), which has a key of its own; the structure is larger for it in any case.
        caller = info.offset(f"{name}.caller_id") if f"OFFSET({name}.caller_id)" in info else after
        self.has_caller = self.size >= max(caller, after) + _CALLER_SIZE
        members += [(caller, "I")] if self.has_caller else []
        self.members = Members(memory.abi, self.size, *members)


class _Header(t.NamedTuple):
    """The members of a record, in the order of _Layout."""

    ts_nsec: int
    length: int
    text_length: int
    dict_length: int
    facility: int
    flags: int
    caller: int | None = None


class _Buffer:
    """The buffer as it was at the moment of the crash."""

    def __init__(self, memory: Memory, info: VmcoreInfo) -> None:
        self._memory = memory
        self._order = memory.abi.order
        self._layout = _Layout(memory, info)
        self._number = memory.abi.layout("I")
        size = self._read(info.symbol("log_buf_len"), self._number)
        if not self._layout.size <= size <= _MAX_SIZE:
            raise unreadable("log-damaged", cause=f"its buffer is {size} bytes large")
        self._end = size - self._layout.size
        self.first = self._read(info.symbol("log_first_idx"), self._number)
        self.next = self._read(info.symbol("log_next_idx"), self._number)
        if max(self.first, self.next) > self._end:
            raise unreadable("log-damaged", cause=f"it runs from {self.first} to {self.next} of {size} bytes")
        self.window = Window(memory, self._read(info.symbol("log_buf"), memory.abi.word), size)

    def header(self, at: int) -> _Header:
        """What stands before a text. There is always room for one more."""
        if at > self._end:
            raise DamagedError(f"it ends at byte {self._end}, its next record would be at {at}")
        header = _Header(*self._layout.members.of(self.window.read(at, self._layout.size)))
        end = self.next if at < self.next else self._end
        least = self._layout.size + header.text_length + header.dict_length
        if header.length and (header.length % _ALIGN or header.length < least or at + header.length > end):
            raise DamagedError(f"the record at byte {at} is {header.length} bytes long")
        return header

    def record(self, at: int, header: _Header, seq: int) -> Stored:
        """The record; its dictionary, which names a device, is left out."""
        text = self.window.read(at + self._layout.size, header.text_length)
        checked(text, f"the record at byte {at}")
        return Stored(seq, header.ts_nsec, level_of(header.flags, self._order), header.facility, header.caller, text)

    def wrap(self, at: int) -> int:
        """Where the walk goes on after a record without a length."""
        if at < self.next:
            raise DamagedError(f"the record at byte {at} has no length")
        return 0

    def _read(self, address: int, layout: struct.Struct) -> int:
        value: int = layout.unpack(self._memory.read(address, layout.size))[0]
        return value


def walk(memory: Memory, info: VmcoreInfo) -> Walk:
    """Every record from the oldest to the newest; behind a damaged one nobody knows where the next begins."""
    buffer = _Buffer(memory, info)
    newest, damage = Newest(), []
    at, steps = buffer.first, 0
    try:
        while at != buffer.next:
            header = buffer.header(at)
            if not header.length:
                at = buffer.wrap(at)
                continue
            try:
                newest.add(buffer.record(at, header, steps))
            except DamagedError as error:
                damage.append(str(error))
            at, steps = at + header.length, steps + 1
            if steps > _MAX_STEPS:
                raise DamagedError(f"it holds over {_MAX_STEPS} records")
    except DamagedError as error:
        damage.append(f"{error}, and what follows is lost")
    if not steps and buffer.window.error:
        raise buffer.window.error
    return Walk(
        generation="records",
        records=newest.records(),
        damage=summary(damage),
        overwritten=None if buffer.first else 0,
        unread=newest.unread,
    )
