# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a dump tells by the names of its kernel's symbols: scalars, functions, and the frames on a stack."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

from ...proof.text import printable
from ..findings import UnreadableError
from ..translate.memory import Memory
from ..vmcoreinfo import VmcoreInfo
from .frames import MAX_FRAMES, Frame
from .kallsyms import Kallsyms, is_available

#: What is looked up by name. Where the kernel lists functions only (no KALLSYMS_ALL), the scalars are not in the table.
NAMES: t.Final = ("_etext", "panic_cpu", "crashing_cpu", "tainted_mask", "linux_banner", "saved_command_line")
#: COMMAND_LINE_SIZE of s390, the largest; a banner is much shorter.
_MAX_TEXT: t.Final = 4096
_TEXT_STEP: t.Final = 256
#: The value of panic_cpu and crashing_cpu before any crash.
_NO_CPU: t.Final = -1
_MAX_CPUS: t.Final = 1 << 16
#: Stacks are aligned to their size, so this is also where one ends.
_STACKS: t.Final = {"i386": 1 << 13, "arm": 1 << 13}
_STACK: t.Final = 1 << 14
_PAGE: t.Final = 1 << 12


class Symbols:
    """The symbols of a kernel, and what lies behind some of them."""

    def __init__(self, memory: Memory, info: VmcoreInfo, machine: str) -> None:
        self._memory = memory
        self._abi = memory.abi
        self._stack = _STACKS.get(machine, _STACK)
        # Signed pointers carry a code in their upper bits (arm64); in the kernel's half they are all ones without it.
        self._signature = info.number("KERNELPACMASK", 0)
        self.table = Kallsyms(memory, info, NAMES)
        self._places = self.table.addresses

    def cpu(self, name: str) -> int | None:
        """A CPU's number from a variable of type int; None where there is none, or none yet."""
        value = self._number(name, "i")
        return value if value is not None and _NO_CPU < value < _MAX_CPUS else None

    def tainted_mask(self) -> int | None:
        """Why the kernel is tainted, as bits."""
        return self._number("tainted_mask", "Q" if self._abi.bits == 64 else "I")

    def banner(self) -> str | None:
        """The first line of any kernel's log."""
        place = self._places.get("linux_banner")
        return None if place is None else self._text(place)

    def command_line(self) -> str | None:
        """The kernel's command line."""
        pointer = self._number("saved_command_line", "Q" if self._abi.bits == 64 else "I")
        return None if pointer is None else self._text(pointer)

    def function_at(self, address: int, *, after_call: bool = False) -> Frame | None:
        """The function that holds an address of the kernel's text; a call may be the last thing a function does."""
        if not self._is_text(address):
            return None
        try:
            symbol = self.table.symbol_at(address - after_call)
        except UnreadableError:
            return None
        if symbol is None:
            return None
        name = printable(symbol.name)
        return Frame(name, f"{name}+{address - symbol.address:#x}/{symbol.size:#x}", not after_call)

    def stack(self, pointer: int) -> Iterator[Frame]:
        """Every word of a stack that could be a return address: some are left over from calls long gone."""
        count = 0
        for word in self._words(pointer):
            frame = self.function_at(word | self._signature, after_call=True)
            if frame:
                yield frame
                count += 1
            if count == MAX_FRAMES:
                return

    def _is_text(self, address: int) -> bool:
        return self._places["_stext"] <= address < self._places.get("_etext", 0)

    def _words(self, pointer: int) -> Iterator[int]:
        end = (pointer // self._stack + 1) * self._stack
        at = pointer - pointer % self._abi.word.size
        while at < end:
            following = min((at // _PAGE + 1) * _PAGE, end)
            try:
                data = self._memory.read(at, following - at)
            except UnreadableError:
                return
            for (word,) in self._abi.word.iter_unpack(data):
                yield word
            at = following

    def _number(self, name: str, code: str) -> int | None:
        if name not in self._places:
            return None
        layout = self._abi.layout(code)
        try:
            return int(layout.unpack(self._memory.read(self._places[name], layout.size))[0])
        except UnreadableError:
            return None

    def _text(self, address: int) -> str | None:
        data = b""
        try:
            while b"\0" not in data and len(data) < _MAX_TEXT:
                at = address + len(data)
                data += self._memory.read(at, _TEXT_STEP - at % _TEXT_STEP)
        except UnreadableError:
            return None
        return printable(data.split(b"\0")[0].decode("utf-8", "replace").strip(), limit=_MAX_TEXT) or None


def open_symbols(memory: Memory, info: VmcoreInfo, machine: str) -> Symbols | None:
    """The symbols; None where the dump does not tell where they are."""
    return Symbols(memory, info, machine) if is_available(info) else None
