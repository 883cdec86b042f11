# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The comparison of a dump with the machine's memory: what it must find, on memory that is made up."""

from __future__ import annotations

import io
import struct
import typing as t
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.elf import ElfCore
from ansible_collections.linux.kdump.tests.matrix.oracle import (
    BACKUP,
    KEPT,
    Area,
    Comparison,
    Dump,
    Witness,
    compare,
    firmware,
    joined,
    without,
)

PAGE = 4096


class Bytes:
    """Memory in a dictionary of pages."""

    def __init__(self, pages: dict[int, bytes]) -> None:
        self.pages = pages

    def runs(self) -> Sequence[tuple[int, int]]:
        return list(joined((number * PAGE, (number + 1) * PAGE) for number in sorted(self.pages)))

    def read(self, address: int, length: int) -> bytes:
        return self.pages.get(address // PAGE, b"")[:length]


def page(text: bytes) -> bytes:
    return text.ljust(PAGE, b"\0")


MACHINE = {number: page(b"page %d" % number) for number in (*range(8), *range(16, 24))} | {20: bytes(PAGE)}


def test_a_whole_dump_is_equal() -> None:
    assert compare(Bytes(MACHINE), Bytes(dict(MACHINE))) == Comparison(compared=16)


def test_one_flipped_byte_is_found() -> None:
    changed = bytearray(MACHINE[17])
    changed[-1] ^= 1
    result = compare(Bytes(MACHINE), Bytes({**MACHINE, 17: bytes(changed)}))
    assert (result.compared, result.differing, result.first) == (16, 1, [17 * PAGE])
    assert "1 differ (first at 0x11000)" in str(result)


def test_pages_that_were_swapped_are_found() -> None:
    result = compare(Bytes(MACHINE), Bytes({**MACHINE, 2: MACHINE[3], 3: MACHINE[2]}))
    assert (result.differing, result.first) == (2, [2 * PAGE, 3 * PAGE])


def test_pages_that_are_not_in_the_dump_are_counted() -> None:
    kept = {number: content for number, content in MACHINE.items() if number not in (3, 4, 20)}
    result = compare(Bytes(MACHINE), Bytes(kept))
    assert (result.compared, result.differing, result.dropped, result.dropped_with_content) == (13, 0, 3, 2)
    reserved = Area(4 * PAGE, 8 * PAGE)
    assert compare(Bytes(MACHINE), Bytes(kept), left_out=[reserved]).dropped == 2


def test_a_page_that_the_machine_does_not_have_is_counted() -> None:
    result = compare(Bytes(MACHINE), Bytes({**MACHINE, 99: page(b"made up")}))
    assert (result.compared, result.unknown, result.differing) == (16, 1, 0)


def test_differences_are_allowed_in_their_area_only() -> None:
    changed = {**MACHINE, 1: page(b"x"), 16: page(b"x")}
    result = compare(Bytes(MACHINE), Bytes(changed), allowed=[Area(0, 8 * PAGE, "backup area")])
    assert (result.differing, result.first, result.allowed) == (1, [16 * PAGE], {"backup area": 1})
    assert "1 differ in the backup area" in str(result)


def test_of_many_differences_all_are_counted_and_some_are_kept() -> None:
    machine = {number: page(b"a") for number in range(3 * KEPT)}
    result = compare(Bytes(machine), Bytes(dict.fromkeys(machine, page(b"b"))))
    assert (result.differing, len(result.first)) == (3 * KEPT, KEPT)


@pytest.mark.parametrize(
    ("console", "expected"),
    [
        ("instantiating rtas at 0x000000001fff0000... done", (Area(0x1FFF0000, 0x20000000, "firmware's area"),)),
        ("Linux version 6.1", ()),
    ],
)
def test_firmware_says_where_it_is(console: str, expected: tuple[Area, ...]) -> None:
    assert firmware(console) == expected


def test_no_area_reaches_beyond_the_first_mebibyte() -> None:
    assert all(area.end <= 1 << 20 for areas in BACKUP.values() for area in areas)
    assert not any(call == "kexec_file_load" for _architecture, call in BACKUP)


def elf(segments: Sequence[tuple[int, bytes]]) -> bytes:
    """An ELF core with these segments by physical address."""
    ident = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    at = 64 + 56 * len(segments)
    header = struct.pack("<16sHHIQQQIHHHHHH", ident, 4, 62, 1, 0, 64, 0, 0, 64, 56, len(segments), 0, 0, 0)
    table, body = b"", b""
    for physical, data in segments:
        table += struct.pack("<IIQQQQQQ", 1, 7, at + len(body), 0, physical, len(data), len(data), 0)
        body += data
    return header + table + body


class Memory:
    """A source of bytes for our readers."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def extents(self) -> t.Iterable[tuple[int, int]]:
        return [(0, self.size)]

    def read(self, offset: int, length: int, what: str) -> bytes:
        return self._data[offset : offset + length]


def test_two_files_are_compared_by_physical_address() -> None:
    low, high = page(b"low"), page(b"high") + page(b"more")
    witness = Witness(io.BytesIO(elf([(1 << 20, high), (0, low)])))
    vmcore = elf([(0, low), (1 << 20, high[:PAGE]), ((1 << 20) + PAGE, page(b"less"))])
    result = compare(witness, Dump(ElfCore(Memory(vmcore)), io.BytesIO(vmcore)))
    assert result == Comparison(compared=3, differing=1, first=[(1 << 20) + PAGE])
    assert witness.runs() == [(0, PAGE), (1 << 20, (1 << 20) + 2 * PAGE)]
    assert witness.read(PAGE, PAGE) == b""


RUNS = st.lists(st.integers(0, 40), unique=True).map(lambda pages: list(joined((n, n + 1) for n in sorted(pages))))


@given(RUNS, RUNS)
def test_without_is_the_difference_of_sets(runs: list[tuple[int, int]], others: list[tuple[int, int]]) -> None:
    def numbers(some: t.Iterable[tuple[int, int]]) -> set[int]:
        return {number for start, end in some for number in range(start, end)}

    assert numbers(without(runs, others)) == numbers(runs) - numbers(others)


@pytest.mark.parametrize(("runs", "expected"), [([], []), ([(0, 1), (1, 3), (5, 6)], [(0, 3), (5, 6)]), ([(2, 2)], [])])
def test_runs_are_joined(runs: list[tuple[int, int]], expected: list[tuple[int, int]]) -> None:
    assert list(joined(runs)) == expected
