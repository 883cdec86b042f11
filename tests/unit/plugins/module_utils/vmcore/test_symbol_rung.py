# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The symbol self-test as a rung of the ladder: dumps of every architecture with a table of symbols in them."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.linux.kdump.tests.unit.vmcore_files import write_elf, write_kdump
from ansible_collections.linux.kdump.tests.unit.vmcore_kinds import KINDS
from ansible_collections.linux.kdump.tests.unit.vmcore_symbolic import SYMBOLS, Symbolic
from ansible_collections.linux.kdump.tests.unit.vmcores import Machine, Ring

Look = t.Callable[..., dict[str, t.Any]]
Valid = t.Callable[[dict[str, t.Any]], None]


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
