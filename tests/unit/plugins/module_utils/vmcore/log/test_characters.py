# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ring of characters: what printk() put there and has not yet overwritten."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.findings import UnreadableError
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.log import characters as reader
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.log.dmesg import (
    MAKEDUMPFILE_CHARACTERS,
    comparable,
    dmesg_lines,
)
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.log.log import judge_log
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.vmcore.log.walks import (
    ABI_NAMES,
    ABIS,
    walk,
    walk_flat,
)
from ansible_collections.linux.kdump.tests.unit.vmcore_logs import BUFFER, LENGTH, PAGE, Characters, Flat

#: printk() ends at a zero; parts of a line without a line feed are gone on with.
PARTS = st.tuples(
    st.binary(max_size=40).map(lambda data: data.replace(b"\0", b"")), st.integers(0, 7), st.integers(0, 10**16)
)


@settings(max_examples=400, deadline=None)
@given(
    parts=st.lists(PARTS, max_size=40), size=st.sampled_from([64, 256, 1024]), times=st.booleans(),
    abi=st.sampled_from(ABIS), before=st.sampled_from([0, 5, 1000, (1 << 32) - 1024 * 20]),
)  # fmt: skip
def test_every_character_that_survived_is_found(
    parts: list[tuple[bytes, int, int]], size: int, times: bool, abi: tuple[int, str], before: int
) -> None:
    log = Characters(size=size, times=times, before=before, bits=abi[0], order=abi[1])
    log.ring[:] = b"." * size
    log.stream = b"." * min(size, before)
    for part in parts:
        log.printk(*part)
    found = walk(log)
    assert list(dmesg_lines(found.records, MAKEDUMPFILE_CHARACTERS)) == comparable(log.kept)
    assert found.damage == ()


@pytest.mark.parametrize(("bits", "order"), ABIS, ids=ABI_NAMES)
def test_fields_of_a_line(bits: int, order: str) -> None:
    log = Characters(bits=bits, order=order)
    log.say("first", 3, ts=4_086_119_000)
    log.printk(b"a line in ", 5)
    log.printk(b"two parts\nand another line\n", 4, ts=123456 * 10**9)
    log.say("from init", 6, facility=3)
    assert [(record.level, record.ts_nsec, record.from_kernel, record.text) for record in walk(log).records] == [
        (3, 4_086_119_000, True, "first"),
        (5, 10**9, True, "a line in two parts"),
        (4, 123456 * 10**9, True, "and another line"),
        (6, 10**9, False, "from init"),
    ]


@pytest.mark.parametrize(
    ("line", "level", "ts_nsec", "text"),
    [
        (b"nothing before it", None, None, "nothing before it"),
        (b"<6>", 6, None, ""),
        (b"<07>x", None, None, "<07>x"),
        (b"<8>x", 0, None, "x"),
        (b"<6>[1.000000] not as the kernel writes it", 6, None, "[1.000000] not as the kernel writes it"),
        (b"<6>[    1.00000] x", 6, None, "[    1.00000] x"),
        (b"<6>[     1.000000] x", 6, None, "[     1.000000] x"),
        (b"[    1.000000] x", None, 10**9, "x"),
        (b"<6>[123456.000001] x", 6, 123456 * 10**9 + 1000, "x"),
        (b"<6>\x1b[31m", 6, None, "\\x1b[31m"),
    ],
)
def test_what_stands_before_a_text(line: bytes, level: int | None, ts_nsec: int | None, text: str) -> None:
    log = Characters()
    log._emit(line + b"\n")
    (record,) = walk(log).records
    assert (record.level, record.ts_nsec, record.text, record.caller) == (level, ts_nsec, text, None)


def test_the_ring_goes_round() -> None:
    log = Characters(size=128)
    for number in range(20):
        log.say(f"line {number}")
    found = walk(log)
    assert found.records[-1].text == "line 19"
    assert found.overwritten is None
    assert [item.id for item in judge_log(found)] == ["log-wrapped"]


def test_a_ring_that_is_just_full() -> None:
    log = Characters(size=32, times=False)
    for _number in range(2):
        log.say("x" * 12)
    assert log.end == 32
    found = walk(log)
    assert [record.text for record in found.records] == ["x" * 12] * 2
    assert found.overwritten == 0


def test_an_empty_ring_is_a_finding() -> None:
    assert [found.id for found in judge_log(walk(Characters()))] == ["log-empty"]


def test_missing_pages() -> None:
    log = Characters(size=1 << 14)
    for number in range(400):
        log.say(f"line {number}")
    flat = Flat(log)
    whole = {record.text for record in walk_flat(flat).records}
    flat.missing = {BUFFER // PAGE + 1}
    found = walk_flat(flat)
    assert len(found.records) > 240
    assert len({record.text for record in found.records} - whole) <= 2  # lines of which one half is missing
    assert len(found.damage) == 1
    flat.missing = set(range(BUFFER // PAGE, BUFFER // PAGE + 4))
    with pytest.raises(UnreadableError, match="not in the dump"):
        walk_flat(flat)


def test_a_hole() -> None:
    log = Characters()
    for number in range(20):
        log.say(f"line {number}")
    log.ring[100:150] = bytes(50)
    found = walk(log)
    assert len(found.records) in (17, 18, 19)
    assert "holds zeros" in found.damage[0]


def test_more_lines_than_fit_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_RECORDS", 5)
    log = Characters()
    for number in range(20):
        log.say(f"line {number}")
    found = walk(log)
    assert [record.text for record in found.records] == [f"line {number}" for number in range(15, 20)]
    assert found.unread == 15


def test_more_characters_than_fit_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_MAX_KEPT", 512)
    log = Characters()
    for number in range(100):
        log.say(f"line {number}")
    found = walk(log)
    assert found.records[-1].seq == 99
    assert 10 < len(found.records) < 25
    assert found.unread == 100 - len(found.records)


def test_a_line_that_nothing_wrote() -> None:
    log = Characters(size=1 << 17)
    log.say("before")
    log.say("x" * (1 << 16))
    log.say("after")
    found = walk(log)
    assert [record.text for record in found.records] == ["before", "after"]
    assert "bytes long" in found.damage[0]


@pytest.mark.parametrize("value", [0, -1, (1 << 25) + 1])
def test_sizes_that_lie(value: int) -> None:
    flat = Flat(Characters())
    flat.put(LENGTH, struct.pack("<i", value))
    with pytest.raises(UnreadableError) as caught:
        walk_flat(flat)
    assert caught.value.finding.id == "log-damaged"


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"SYMBOL(log_end)": None}, "log-unsupported"),
        ({"SYMBOL(log_buf_len)": None}, "vmcoreinfo-lacks"),
        ({"SYMBOL(log_buf)": "0"}, "address-unmapped"),
    ],
)
def test_a_vmcoreinfo_that_lies(changes: dict[str, str | None], rule: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        walk(Characters(), **changes)
    assert caught.value.finding.id == rule
