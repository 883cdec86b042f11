# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The log ring: what the writer stored is what the reader finds, however often the ring went round."""

from __future__ import annotations

import struct
import typing as t
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.abi import ABIS, Abi
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.findings import UnreadableError, unreadable
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.log.log import judge_log, read_log, summarise
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.log.ring import Walk
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.translate.x86_64 import X86Memory
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.vmcoreinfo import VmcoreInfo
from ansible_collections.linux.kdump.tests.unit.vmcores import BASE, DESC, INFO, SIZE, Machine, Ring

TEXTS = st.binary(max_size=90).map(lambda text: text.replace(b"\0", b" "))
STEPS = st.lists(st.one_of(TEXTS, st.sampled_from(["lost", "empty line", "reserved"])), max_size=60)


@dataclass
class Bare:
    """A machine's memory without a file around it."""

    machine: Machine
    abi: Abi = ABIS["x86_64"]

    def read_physical(self, address: int, length: int) -> bytes:
        if not BASE <= address <= BASE + SIZE - length:
            raise unreadable("address-absent", space="physical", address=hex(address))
        return self.machine.get(address, length)


def walk(ring: Ring, **changes: str | None) -> Walk:
    """Read the ring out of a machine's memory; the changes are to VMCOREINFO."""
    machine = Machine(ring)
    lines = dict(line.split("=", 1) for line in machine.vmcoreinfo.decode().splitlines())
    lines.update({key: value for key, value in changes.items() if value is not None})
    text = "\n".join(f"{key}={value}" for key, value in lines.items() if changes.get(key, "") is not None)
    info = VmcoreInfo(text.encode())

    return read_log(X86Memory(Bare(machine), info), info)


def shown(ring: Ring) -> list[tuple[int, str]]:
    return [(said.seq, said.text.decode("utf-8", "backslashreplace")) for said in ring.readable]


@settings(max_examples=300, deadline=None)
@given(steps=STEPS, exact=st.booleans(), size_bits=st.sampled_from([7, 8, 10]))
def test_every_record_that_survived_is_found(steps: list[t.Any], exact: bool, size_bits: int) -> None:
    ring = Ring(count_bits=4, size_bits=size_bits, exact=exact)
    for step in steps:
        if step == "reserved":
            ring.reserve()
        elif step in ("lost", "empty line"):
            ring.lose(1 if step == "lost" else 3)
        else:
            ring.say(step)
    found = walk(ring)
    assert [(record.seq, record.text) for record in found.records] == shown(ring)
    assert found.damage == ()


@pytest.mark.parametrize("exact", [False, True])
def test_a_block_that_fits_exactly_at_the_end(exact: bool) -> None:
    ring = Ring(count_bits=4, size_bits=7, exact=exact)
    for length in (24, 24, 56, 3):  # blocks of 32 + 32 + 64 bytes fill the ring of 128
        ring.say("x" * length)
    ends = [following % 128 for _number, _begin, following, _said in ring.said]
    assert (0 in ends) is exact
    assert [record.text for record in walk(ring).records] == [text for _seq, text in shown(ring)]


def test_fields_of_a_record() -> None:
    ring = Ring()
    ring.say("two\nlines \xe4 \\", 3, facility=1, caller=1 << 31 | 7, ts=4_086_119_000)
    ring.say(b"caf\xe9\xff", 0)
    first, second = walk(ring).records
    assert first.as_dict() == {"seq": 0, "ts": 4.086119, "level": 3, "caller": "C7", "text": "two\nlines \xe4 \\"}
    assert (first.from_kernel, second.from_kernel) == (False, True)
    assert second.text == "caf\\xe9\\xff"
    assert second.caller == "T412"


def test_losses_are_counted() -> None:
    ring = Ring(count_bits=4)
    for number in range(20):
        ring.say(f"record {number}")
    ring.lose()
    ring.reserve()
    ring.say("the last")
    log = walk(ring)
    summary = summarise(log)
    assert (summary.records, summary.lost, summary.gaps, summary.overwritten) == (14, 1, 1, 7)
    assert [found.id for found in judge_log(log)] == ["log-lost", "log-gaps", "log-overwritten"]


def test_an_empty_ring_is_a_finding() -> None:
    assert [found.id for found in judge_log(walk(Ring()))] == ["log-empty"]


def _patch(array: str, at: int, layout: str, value: int) -> Ring:
    ring = Ring(count_bits=8)
    for number in range(100):
        ring.say(f"record {number}")
    struct.pack_into(layout, getattr(ring, array), at, value)
    return ring


@pytest.mark.parametrize(
    ("ring", "cause"),
    [
        (_patch("descs", 5 * DESC["size"], "<Q", 0), "belongs to another"),
        (_patch("descs", 5 * DESC["size"] + 8, "<Q", 4), "lies at"),
        (_patch("descs", 5 * DESC["size"] + 16, "<Q", 1 << 20), "lies at"),
        (_patch("descs", 5 * DESC["size"] + 8, "<Q", 1), "lies at"),
        (_patch("infos", 5 * INFO["size"], "<Q", 77), "sequence number 77"),
        (_patch("text", 0, "<Q", 1), "carries another number"),
        (_patch("text", 10, "<B", 0), "holds zeros"),
    ],
    ids=["slot", "begin", "next", "one half lost", "seq", "number", "zeros"],
)
def test_damage_is_named_and_the_rest_still_read(ring: Ring, cause: str) -> None:
    log = walk(ring)
    assert len(log.damage) == 1
    assert cause in log.damage[0]
    assert len(log.records) == 99


def test_records_that_share_their_text_are_forged() -> None:
    ring = Ring(count_bits=4, size_bits=10)
    for _number in range(15):
        ring.say("x" * 56)
    ring.text[15 * 64 :] = b"x" * 64
    for number, _begin, _following, _said in ring.said:
        slot = number % ring.count
        struct.pack_into("<Q", ring.descs, slot * DESC["size"] + DESC["next"], 0)  # up to the end of the ring
        struct.pack_into("<H", ring.infos, slot * INFO["size"] + INFO["len"], 1000)
    with pytest.raises(UnreadableError, match="more text than it has room for"):
        walk(ring)


def test_much_damage_is_one_finding() -> None:
    ring = _patch("descs", 0, "<Q", 0)
    ring.descs[: 30 * DESC["size"]] = bytes(30 * DESC["size"])
    messages = [found.message for found in judge_log(walk(ring)) if found.id == "log-damaged"]
    assert len(messages) == 1
    assert messages[0].endswith("and 29 more records are damaged.")


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"SYMBOL(prb)": None}, "log-unsupported"),
        ({"SYMBOL(prb)": "ffffffff82000000"}, "address-unmapped"),
        ({"SYMBOL(prb)": "0"}, "address-unmapped"),
        ({"SYMBOL(prb)": "1000000000000000"}, "address-unmapped"),
        ({"SYMBOL(prb)": "rubbish"}, "vmcoreinfo-lacks"),
        ({"SIZE(prb_desc)": "8"}, "vmcoreinfo-lacks"),
        ({"SIZE(printk_info)": "-1"}, "vmcoreinfo-lacks"),
        ({"OFFSET(prb_desc_ring.count_bits)": "8"}, "log-damaged"),
        ({"OFFSET(prb_desc_ring.tail_id)": "0"}, "log-damaged"),
        ({"SYMBOL(swapper_pg_dir)": "ffffffff00000000"}, "address-absent"),
    ],
)
def test_a_vmcoreinfo_that_lies(changes: dict[str, str | None], rule: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        walk(_patch("text", 0, "<B", 0), **changes)
    assert caught.value.finding.id == rule
