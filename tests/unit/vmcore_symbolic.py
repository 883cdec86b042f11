# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines of every kind whose kernel has a table of symbols."""

from __future__ import annotations

from .vmcore_symbols import Named, SymbolTable
from .vmcores import Machine

#: In the kernel image, where nothing else of these machines is.
TABLE, DATA = 0xA0000, 0xB0000
SYMBOLS = (
    Named("T", "_stext", 0),
    Named("t", "sysrq_handle_crash", 0x100),
    Named("T", "_etext", 0x800),
    Named("D", "init_uts_ns", 0x3000),
    Named("D", "panic_cpu", DATA),
    Named("D", "tainted_mask", DATA + 0x10),
    Named("B", "saved_command_line", DATA + 0x20),
    Named("R", "linux_banner", DATA + 0x100),
    Named("B", "_end", DATA + 0x1000),
)


class Symbolic(Machine):
    """A machine whose kernel tells its symbols."""

    layout = "relative"

    def __post_init__(self) -> None:
        super().__post_init__()
        kind = self.kind
        self.table = SymbolTable(
            bits=kind.bits, order=kind.order, layout=self.layout, base=self.kernel, symbols=SYMBOLS, table=TABLE
        )
        for place, data in self.table.regions.items():
            self.put(self.image(place - self.table.base), data)
        word = self.table.word
        self.put(self.image(DATA), self.table.pack("i", 1))
        self.put(self.image(DATA + 0x10), self.table.pack(word, 1 << 9))
        self.put(self.image(DATA + 0x20), self.table.pack(word, self.table.base + DATA + 0x200))
        self.put(self.image(DATA + 0x100), b"Linux version 6.1.0 of the tests\0")
        self.put(self.image(DATA + 0x200), b"root=/dev/vda1 ro\0")

    @property
    def vmcoreinfo(self) -> bytes:
        """With the places of the table, but not twice that of _stext."""
        told = [line for line in self.table.vmcoreinfo.splitlines() if b"(_stext)" not in line]
        return b"\n".join([*told, super().vmcoreinfo])
