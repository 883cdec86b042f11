# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The buffer of records: what is stored and not yet overwritten is found, whatever the structure is called."""

from __future__ import annotations

import struct
import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.findings import UnreadableError
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.log import buffer as reader
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.log import records as limits
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.log.log import judge_log
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.log.text import safe_text
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.vmcore.log.walks import (
    ABI_NAMES,
    ABIS,
    walk,
    walk_flat,
)
from ansible_collections.linux.kdump.tests.unit.vmcore_logs import (
    BUFFER,
    FIRST,
    FLAT,
    LAST,
    LENGTH,
    PAGE,
    Flat,
    Records,
)

HOLE = bytes(16)
TEXTS = st.tuples(st.binary(max_size=60), st.binary(max_size=30)).filter(lambda pair: HOLE not in pair[0])
#: The structure as kernels had it: before 3.10, before 3.11, since then; with callers, aligned to 4 or 8 bytes.
SHAPES = [
    (None, False, 4),
    ("log", False, 4),
    ("printk_log", False, 8),
    ("printk_log", True, 4),
    ("printk_log", True, 8),
]


@settings(max_examples=400, deadline=None)
@given(
    pairs=st.lists(TEXTS, max_size=60), size=st.sampled_from([512, 1024]), abi=st.sampled_from(ABIS),
    shape=st.sampled_from(SHAPES),
)  # fmt: skip
def test_every_record_that_survived_is_found(
    pairs: list[tuple[bytes, bytes]], size: int, abi: tuple[int, str], shape: tuple[str | None, bool, int]
) -> None:
    name, callers, align = shape
    log = Records(size=size, name=name, callers=callers, align=align, bits=abi[0], order=abi[1])
    for number, (text, dictionary) in enumerate(pairs):
        log.say(text, number % 8, dictionary=dictionary, ts=number * 10**9, caller=number, facility=number % 3)
    found = walk(log)
    assert [(record.text, record.level, record.ts_nsec, record.facility) for record in found.records] == [
        (safe_text(said.text), said.level, said.ts, said.facility) for said in log.readable
    ]
    assert [record.caller for record in found.records] == [
        f"T{said.caller}" if callers else None for said in log.readable
    ]
    assert found.damage == ()
    assert found.overwritten == (None if log.first else 0)


@pytest.mark.parametrize(("bits", "order"), ABIS, ids=ABI_NAMES)
def test_a_record_that_fits_exactly_at_the_end(bits: int, order: str) -> None:
    log = Records(size=256, bits=bits, order=order)
    # After each record there must be room for the mark that the next is at the beginning.
    for length in (32, 32, 32, 32, 32):
        log.say("x" * length)
    assert log.next == 256 - log.header
    log.say("at the beginning")
    assert [record.text for record in walk(log).records][-1] == "at the beginning"


def test_a_crash_between_the_mark_and_the_record_after_it() -> None:
    log = filled()
    log.buffer[log.next : log.next + log.header] = bytes(log.header)
    log.first, log.next = log.said[1][0], 0
    assert len(walk(log).records) == 49


def filled(**options: t.Any) -> Records:
    """A buffer with 50 records of 32 bytes."""
    log = Records(**options)
    for number in range(50):
        log.say(f"record {number:2}")
    return log


def test_a_caller_that_vmcoreinfo_does_not_name_is_known_by_the_size() -> None:
    log = filled(callers=True)
    assert walk(log, **{"OFFSET(printk_log.caller_id)": None}).records[0].caller == "T412"


def test_what_was_overwritten_is_not_counted_but_told() -> None:
    log = Records(size=512)
    for number in range(50):
        log.say(f"record {number:2}")
    assert [found.id for found in judge_log(walk(log))] == ["log-wrapped"]


def test_an_empty_buffer_is_a_finding() -> None:
    assert [found.id for found in judge_log(walk(Records()))] == ["log-empty"]


def test_few_reads_for_many_records() -> None:
    log = Records(size=1 << 16)
    for number in range(2000):
        log.say(f"record {number}")
    flat = Flat(log)
    assert len(walk_flat(flat).records) == 2000
    assert flat.reads < 10


def patched(at: int, layout: str, value: int) -> Records:
    log = filled()
    struct.pack_into(layout, log.buffer, at, value)
    return log


@pytest.mark.parametrize(
    ("log", "cause", "left"),
    [
        (patched(5 * 28 + 8, "<H", 0), "has no length", 5),
        (patched(5 * 28 + 8, "<H", 16), "is 16 bytes long", 5),
        (patched(5 * 28 + 8, "<H", 30), "is 30 bytes long", 5),
        (patched(5 * 28 + 8, "<H", 0xFFFC), "is 65532 bytes long", 5),
        (patched(5 * 28 + 10, "<H", 0xFFFF), "is 28 bytes long", 5),
        (patched(5 * 28 + 12, "<H", 0xFFFF), "is 28 bytes long", 5),
    ],
    ids=["no length", "too short", "not aligned", "too long", "text", "dictionary"],
)
def test_what_stands_before_the_damage_is_read(log: Records, cause: str, left: int) -> None:
    found = walk(log)
    assert len(found.records) == left
    assert cause in found.damage[0]
    assert "what follows is lost" in found.damage[0]


def test_a_hole_in_a_text_costs_that_text() -> None:
    log = Records()
    for text in ("before", "x" * 40, "after"):
        log.say(text)
    log.buffer[log.said[1][0] + log.header : log.said[1][0] + log.header + 20] = bytes(20)
    found = walk(log)
    assert [record.text for record in found.records] == ["before", "after"]
    assert "holds zeros" in found.damage[0]


def test_a_loop_ends() -> None:
    """A second mark would lead to the beginning again and again."""
    log = filled()
    log.next = 28 * 20 + 4  # between two records
    found = walk(log)
    assert len(found.records) == 20
    assert len(found.damage) == 1


def test_more_records_than_anyone_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_MAX_STEPS", 20)
    found = walk(filled())
    assert len(found.records) == 21
    assert "over 20 records" in found.damage[0]


def test_more_records_than_fit_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_RECORDS", 20)
    found = walk(filled())
    assert [record.seq for record in found.records] == list(range(30, 50))
    assert found.unread == 30


def test_missing_pages() -> None:
    log = Records(size=1 << 14)
    for number in range(300):
        log.say(f"record {number:3} " + "x" * 20)
    flat = Flat(log)
    flat.missing = {BUFFER // PAGE + 1}
    found = walk_flat(flat)
    assert 0 < len(found.records) < 100
    assert "not in the dump" in found.damage[0]
    flat.missing = {BUFFER // PAGE}
    with pytest.raises(UnreadableError, match="not in the dump"):
        walk_flat(flat)


@pytest.mark.parametrize(
    ("at", "value"),
    [(LENGTH, 0), (LENGTH, 8), (LENGTH, 1 << 31), (LENGTH, (1 << 25) + 1), (FIRST, 4096), (LAST, 0xFFFFFFFF)],
)
def test_variables_that_lie(at: int, value: int) -> None:
    flat = Flat(filled())
    flat.put(at, struct.pack("<I", value))
    with pytest.raises(UnreadableError) as caught:
        walk_flat(flat)
    assert caught.value.finding.id == "log-damaged"


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"SYMBOL(log_first_idx)": None}, "log-unsupported"),
        ({"SYMBOL(log_next_idx)": None}, "vmcoreinfo-lacks"),
        ({"SYMBOL(log_buf)": f"{FLAT + (1 << 30):x}"}, "address-unmapped"),
        ({"SYMBOL(log_buf)": f"{FLAT:x}"}, "address-unmapped"),
        ({"SIZE(printk_log)": "0"}, "vmcoreinfo-lacks"),
        ({"SIZE(printk_log)": "8"}, "vmcoreinfo-lacks"),
        ({"OFFSET(printk_log.len)": "10"}, "vmcoreinfo-lacks"),
        ({"OFFSET(printk_log.dict_len)": None}, "vmcoreinfo-lacks"),
    ],
)
def test_a_vmcoreinfo_that_lies(changes: dict[str, str | None], rule: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        walk(filled(), **changes)
    assert caught.value.finding.id == rule
