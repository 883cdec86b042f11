# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The log ring: what the writer stored is what the reader finds, however often the ring went round."""

from __future__ import annotations

import struct
import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.findings import UnreadableError
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.log import records as limits
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.log import ring as reader
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.log.log import judge_log, summarise
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.log.text import safe_text
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.vmcore.log.walks import (
    ABI_NAMES,
    ABIS,
    texts,
    walk,
    walk_flat,
)
from ansible_collections.linux.kdump.tests.unit.vmcore_logs import FLAT, PAGE, Flat
from ansible_collections.linux.kdump.tests.unit.vmcores import DESC, INFO, Ring

TEXTS = st.binary(max_size=90)
STEPS = st.lists(st.one_of(TEXTS, st.sampled_from(["lost", "empty line", "reserved"])), max_size=60)
HOLE = bytes(16)


def shown(ring: Ring) -> list[tuple[int, str]]:
    return [(said.seq, safe_text(said.text)) for said in ring.readable]


@settings(max_examples=400, deadline=None)
@given(steps=STEPS, exact=st.booleans(), size_bits=st.sampled_from([7, 8, 10]), abi=st.sampled_from(ABIS))
def test_every_record_that_survived_is_found(
    steps: list[t.Any], exact: bool, size_bits: int, abi: tuple[int, str]
) -> None:
    ring = Ring(count_bits=4, size_bits=size_bits, exact=exact, bits=abi[0], order=abi[1])
    for step in steps:
        if step == "reserved":
            ring.reserve()
        elif step in ("lost", "empty line"):
            ring.lose(1 if step == "lost" else 3)
        elif HOLE not in step:
            ring.say(step)
    found = walk(ring)
    assert texts(found.records) == shown(ring)
    assert found.damage == ()


@pytest.mark.parametrize(("bits", "order"), ABIS, ids=ABI_NAMES)
@pytest.mark.parametrize("exact", [False, True])
def test_a_block_that_fits_exactly_at_the_end(exact: bool, bits: int, order: str) -> None:
    ring = Ring(count_bits=4, size_bits=7, exact=exact, bits=bits, order=order)
    word = bits // 8
    for length in (32, 32, 64, word + 3):  # blocks of 32 + 32 + 64 bytes fill the ring of 128
        ring.say("x" * (length - word))
    ends = [following % 128 for _number, _begin, following, _said in ring.said]
    assert (0 in ends) is exact
    assert texts(walk(ring).records) == shown(ring)


@pytest.mark.parametrize(("bits", "order"), ABIS, ids=ABI_NAMES)
@pytest.mark.parametrize("exact", [False, True])
def test_positions_that_pass_the_largest_number(exact: bool, bits: int, order: str) -> None:
    """They begin one ring below it, so that happens early; with an exact fit the end of a block is then zero."""
    ring = Ring(count_bits=4, size_bits=7, exact=exact, bits=bits, order=order)
    for number in range(4):
        ring.say(str(number) * (32 - bits // 8))
    assert (ring.said[-1][2] == 0) is exact
    assert texts(walk(ring).records) == shown(ring)


@pytest.mark.parametrize(("bits", "order"), ABIS, ids=ABI_NAMES)
def test_fields_of_a_record(bits: int, order: str) -> None:
    ring = Ring(bits=bits, order=order)
    ring.say("two\nlines \xe4 \\", 3, facility=1, caller=1 << 31 | 7, ts=4_086_119_000)
    ring.say(b"caf\xe9\xff", 0)
    first, second = walk(ring).records
    assert first.as_dict() == {"seq": 0, "ts": 4.086119, "level": 3, "caller": "C7", "text": "two\nlines \xe4 \\"}
    assert (first.from_kernel, second.from_kernel) == (False, True)
    assert second.text == "caf\\xe9\\xff"
    assert (second.caller, second.level) == ("T412", 0)


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


def test_a_record_that_is_not_finished_at_the_end_is_no_gap() -> None:
    ring = Ring()
    ring.reserve()
    ring.say("first")
    ring.reserve()
    assert summarise(walk(ring)).gaps == 0


def test_the_tail_stays_behind_until_its_slot_is_needed() -> None:
    """Text is often full long before the slots are: records without text are then still in the ring."""
    ring = Ring(count_bits=8, size_bits=9)
    for number in range(100):
        ring.say(f"record {number}")
    left = len(ring.said)
    ring.tail = ring.head - 99
    log = walk(ring)
    assert (len(log.records), log.overwritten, log.gaps, log.damage) == (left, 100 - left, 0, ())


def test_an_empty_ring_is_a_finding() -> None:
    assert [found.id for found in judge_log(walk(Ring()))] == ["log-empty"]


def test_few_reads_for_many_records() -> None:
    ring = Ring(count_bits=10, size_bits=15)
    for number in range(1000):
        ring.say(f"record {number}")
    flat = Flat(ring)
    assert len(walk_flat(flat).records) > 900
    assert flat.reads < 20


def filled(**options: t.Any) -> Ring:
    """A ring with 100 records."""
    ring = Ring(count_bits=8, **options)
    for number in range(100):
        ring.say(f"record {number}")
    return ring


def patched(array: str, at: int, layout: str, value: int) -> Ring:
    ring = filled()
    struct.pack_into(layout, getattr(ring, array), at, value)
    return ring


@pytest.mark.parametrize(
    ("ring", "cause"),
    [
        (patched("descs", 5 * DESC["size"], "<Q", 0), "belongs to another"),
        (patched("descs", 5 * DESC["size"] + 8, "<Q", 4), "lies at"),
        (patched("descs", 5 * DESC["size"] + 16, "<Q", 1 << 20), "lies at"),
        (patched("descs", 5 * DESC["size"] + 16, "<B", 1), "lies at"),
        (patched("descs", 5 * DESC["size"] + 8, "<Q", 1), "lies at"),
        (patched("infos", 5 * INFO["size"], "<Q", 77), "sequence number 77"),
        (patched("text", 0, "<Q", 1), "carries another number"),
    ],
    ids=["slot", "begin", "next", "alignment", "one half lost", "seq", "number"],
)
def test_damage_is_named_and_the_rest_still_read(ring: Ring, cause: str) -> None:
    log = walk(ring)
    assert len(log.damage) == 1
    assert cause in log.damage[0]
    assert len(log.records) == 99
    assert log.gaps == 0


def test_zeros_are_text_where_they_are_few_and_a_hole_where_they_are_many() -> None:
    ring = Ring()
    ring.say(b"one \0 of them")
    ring.say(b"many" + HOLE + b"of them")
    log = walk(ring)
    assert texts(log.records) == [(0, "one \\x00 of them")]
    assert "record" in log.damage[0]
    assert "holds zeros" in log.damage[0]


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
    ring = patched("descs", 0, "<Q", 0)
    ring.descs[: 30 * DESC["size"]] = bytes(30 * DESC["size"])
    messages = [found.message for found in judge_log(walk(ring)) if found.id == "log-damaged"]
    assert len(messages) == 1
    assert "and 29 more records are damaged" in messages[0]


def test_more_records_than_fit_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_RECORDS", 20)
    log = walk(filled())
    assert [record.seq for record in log.records] == list(range(80, 100))
    assert (log.unread, log.overwritten) == (80, 0)
    assert [found.id for found in judge_log(log)] == ["log-long"]


def test_more_text_than_fits_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_BYTES", 100)
    log = walk(filled())
    assert 0 < len(log.records) < 20
    assert log.records[-1].seq == 99
    assert log.unread == 100 - len(log.records)


def page_of(flat: Flat, offset: int) -> int:
    return (flat.scattered_place - FLAT + offset) // PAGE


def test_a_missing_page_costs_only_what_lies_on_it() -> None:
    flat = Flat(filled())
    flat.missing = {page_of(flat, 4096)}
    log = walk_flat(flat)
    lost = {seq for seq in range(100) if page_of(flat, seq * 88 + 87) == page_of(flat, 4096)}
    lost |= {seq for seq in range(100) if page_of(flat, seq * 88) == page_of(flat, 4096)}
    assert {record.seq for record in log.records} == set(range(100)) - lost
    assert len(log.damage) == 1


def test_a_ring_larger_than_any_default() -> None:
    """log_buf_len=64M makes 2^21 records; of these only the first few are in use."""
    ring = Ring(count_bits=4)
    ring.head = ring.tail = ring.ids
    for number in range(10):
        ring.say(f"record {number}")
    ring.count_bits = 21
    log = walk(ring)
    assert ([record.seq for record in log.records], log.damage) == (list(range(10)), ())


@pytest.mark.parametrize("size_bits", [13, 14])
def test_missing_texts(size_bits: int) -> None:
    ring = Ring(count_bits=8, size_bits=size_bits)
    for number in range(200):
        ring.say(f"record {number:3} " + "x" * 40)
    flat = Flat(ring)
    whole = walk_flat(flat).records
    flat.missing = {0x10000 // PAGE}
    log = walk_flat(flat)
    assert 0 < len(log.records) < len(whole)
    assert set(texts(log.records)) < set(texts(whole))
    assert "not in the dump" in log.damage[0]


def test_where_nothing_can_be_read_that_is_the_finding() -> None:
    flat = Flat(filled())
    flat.missing = {page_of(flat, at) for at in range(0, 100 * 88 + PAGE, PAGE)}
    with pytest.raises(UnreadableError) as caught:
        walk_flat(flat)
    assert caught.value.finding.id == "address-absent"


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"SYMBOL(prb)": None}, "log-unsupported"),
        ({"SYMBOL(prb)": "0"}, "address-unmapped"),
        ({"SYMBOL(prb)": "1000000000000000"}, "address-unmapped"),
        ({"SYMBOL(prb)": "rubbish"}, "vmcoreinfo-lacks"),
        ({"SIZE(prb_desc)": "8"}, "vmcoreinfo-lacks"),
        ({"SIZE(prb_desc)": None}, "vmcoreinfo-lacks"),
        ({"SIZE(printk_info)": "-1"}, "vmcoreinfo-lacks"),
        ({"OFFSET(printk_info.ts_nsec)": "4"}, "vmcoreinfo-lacks"),
        ({"OFFSET(printk_info.text_len)": "17"}, "vmcoreinfo-lacks"),
        ({"OFFSET(prb_desc_ring.count_bits)": "8"}, "log-damaged"),
        ({"OFFSET(prb_desc_ring.tail_id)": "0"}, "log-damaged"),
    ],
)
def test_a_vmcoreinfo_that_lies(changes: dict[str, str | None], rule: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        walk(filled(), **changes)
    assert caught.value.finding.id == rule
