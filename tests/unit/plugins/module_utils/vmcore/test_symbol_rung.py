# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The symbol self-test as a rung of the ladder: dumps of every architecture with a table of symbols in them."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.linux.kdump.tests.unit.vmcore_files import write_elf, write_kdump
from ansible_collections.linux.kdump.tests.unit.vmcore_kinds import KINDS
from ansible_collections.linux.kdump.tests.unit.vmcore_symbols import Named, SymbolTable
from ansible_collections.linux.kdump.tests.unit.vmcores import Machine, Ring

Look = t.Callable[..., dict[str, t.Any]]
Valid = t.Callable[[dict[str, t.Any]], None]
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


@pytest.mark.parametrize("write", [write_elf, write_kdump])
@pytest.mark.parametrize("variant", KINDS)
def test_every_architecture(look: Look, valid: Valid, variant: str, write: t.Callable[[Machine], bytes]) -> None:
    document = look(write(Symbolic(variant=variant)), depth="full")
    valid(document)
    assert document["symbols"] == {"layout": "relative", "count": len(SYMBOLS)}, document["findings"]
    assert document["banner"] == "Linux version 6.1.0 of the tests"
    assert document["command_line"] == "root=/dev/vda1 ro"
    assert document["panic"]["taint"] == "GOE"


def test_a_crash_that_left_no_words(look: Look, valid: Valid) -> None:
    ring = Ring()
    ring.say("all is well")
    document = look(write_elf(Symbolic(ring)))
    valid(document)
    panic = document["panic"]
    assert (panic["class"], panic["cpu"], panic["taint"], document["signature"]) == ("unknown", 1, "GW", None)


@pytest.mark.parametrize(
    ("name", "finding"),
    [
        ("kallsyms_names", "symbols-damaged"),
        ("kallsyms_token_index", "symbols-damaged"),
        ("kallsyms_num_syms", "symbols-damaged"),
        ("kallsyms_offsets", "symbols-disagree"),
    ],
)
def test_a_table_that_lies(look: Look, valid: Valid, name: str, finding: str) -> None:
    machine = Symbolic()
    place = machine.table.places[name]
    machine.put(machine.image(place - machine.table.base), bytes(len(machine.table.regions[place])))
    document = look(write_elf(machine))
    valid(document)
    assert (document["verdict"], [found["id"] for found in document["findings"]]) == ("corrupt", [finding])
    # What else is known stays known.
    assert document["panic"]["class"] == "sysrq" and document["symbols"] is None
