# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a kernel's table of symbols into a piece of memory, as scripts/kallsyms.c lays it out."""

from __future__ import annotations

import struct
import typing as t
from collections.abc import Sequence
from dataclasses import dataclass, field

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.abi import Abi
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.findings import unreadable

LAYOUTS = ("absolute", "percpu", "relative", "self-relative")
#: Where the table itself is; the text is far below.
TABLE = 0x300000
#: Bytes that stand for more than one letter.
PAIRS = {200: b"T_s", 201: b"sys", 202: b"crash", 203: b"Tsys", 204: b"et", 205: b"t"}


class Named(t.NamedTuple):
    """A symbol: the letter of its type, its name, how far from the kernel's start."""

    kind: str
    name: str
    offset: int


#: In the order of their addresses.
SYMBOLS = (
    Named("A", "fixed_percpu_data", -1),
    Named("T", "_stext", 0),
    Named("T", "_text", 0),
    Named("t", "sysrq_handle_crash", 0x100),
    Named("T", "panic", 0x200),
    Named("T", "a" * 300, 0x400),
    Named("T", "__crash_kexec", 0x500),
    Named("T", "_etext", 0x800),
    Named("D", "panic_cpu", 0x1000),
    Named("D", "tainted_mask", 0x1010),
    Named("R", "linux_banner", 0x1100),
    Named("B", "saved_command_line", 0x1020),
    Named("B", "_end", 0x4000),
)


@dataclass
class SymbolTable:
    """Memory with a table in it, read as a translator would; what is not there cannot be read."""

    bits: int = 64
    order: str = "<"
    layout: str = "percpu"
    base: int = 0xFFFFFFFF81000000
    symbols: Sequence[Named] = SYMBOLS
    #: How far from the kernel's start it lies.
    table: int = TABLE
    regions: dict[int, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.mask = (1 << self.bits) - 1
        self.base &= self.mask
        self.abi = Abi(self.bits, self.order)
        self.word = "Q" if self.bits == 64 else "I"
        at = self.base + self.table
        self.places: dict[str, int] = {"_stext": self.base}
        tokens, starts = self._tokens()
        parts = {
            "kallsyms_num_syms": self.pack("I", len(self.symbols)),
            "kallsyms_names": b"".join(map(self._packed, self.symbols)),
            "kallsyms_token_table": tokens,
            "kallsyms_token_index": self.pack("256H", *starts),
        }
        for name, data in parts.items():
            at = self._place(name, at, data)
        self._place_addresses(at)

    def pack(self, members: str, *values: int) -> bytes:
        """Values in this kernel's byte order."""
        return struct.pack(self.order + members, *values)

    def address(self, symbol: Named) -> int:
        """Where it is; the one of the per-CPU area stands at zero."""
        return 0 if symbol.offset < 0 else self.base + symbol.offset & self.mask

    def _place(self, name: str, at: int, data: bytes) -> int:
        self.places[name] = at
        self.regions[at] = data
        return at + len(data) + 64 & -16

    def _place_addresses(self, at: int) -> None:
        if self.layout == "absolute":
            self._place(
                "kallsyms_addresses", at, self.pack(f"{len(self.symbols)}{self.word}", *map(self.address, self.symbols))
            )
            return
        values = [self._stored(symbol, at + 4 * number) for number, symbol in enumerate(self.symbols)]
        following = self._place("kallsyms_offsets", at, self.pack(f"{len(values)}I", *values))
        if self.layout != "self-relative":
            self._place("kallsyms_relative_base", following, self.pack(self.word, self.base))

    def _stored(self, symbol: Named, place: int) -> int:
        if symbol.offset < 0:
            return 0 if self.layout == "percpu" else 0x7F000000
        if self.layout == "percpu":
            return -1 - symbol.offset & 0xFFFFFFFF
        return (symbol.offset if self.layout == "relative" else self.address(symbol) - place) & 0xFFFFFFFF

    @staticmethod
    def _tokens() -> tuple[bytes, list[int]]:
        table, index = b"", []
        for code in range(256):
            index.append(len(table))
            table += PAIRS.get(code, bytes([code]) if 32 < code < 127 else b"?") + b"\0"
        return table, index

    def _packed(self, symbol: Named) -> bytes:
        text, out = (symbol.kind + symbol.name).encode(), bytearray()
        while text:
            code, token = max(PAIRS.items(), key=lambda pair: len(pair[1]) if text.startswith(pair[1]) else 0)
            if not text.startswith(token):
                code, token = text[0], text[:1]
            out.append(code)
            text = text[len(token) :]
        head = bytes([len(out)]) if len(out) < 128 else bytes([len(out) & 127 | 128, len(out) >> 7])
        return head + bytes(out)

    @property
    def vmcoreinfo(self) -> bytes:
        """What VMCOREINFO says of the table."""
        return "\n".join(f"SYMBOL({name})={place:x}" for name, place in self.places.items()).encode()

    def read(self, address: int, length: int) -> bytes:
        """Memory by virtual address. Each region is followed by zeros up to the next."""
        out = bytearray(length)
        known = False
        for start, data in self.regions.items():
            low, high = max(start, address), min(start + len(data), address + length)
            if low < high:
                out[low - address : high - address] = data[low - start : high - start]
            known = known or (address < start + len(data) + 4096 and start < address + length + 4096)
        if not known:
            raise unreadable("address-absent", space="virtual", address=hex(address))
        return bytes(out)
