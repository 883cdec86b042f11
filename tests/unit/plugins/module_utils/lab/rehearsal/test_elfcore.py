# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The header for the capture kernel and the memory behind it, read back as the kernel does and as a dump is."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.lab.rehearsal import donor, elfcore
from ansible_collections.linux.kdump.plugins.module_utils.lab.rehearsal.elfcore import Piece
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.examine import examine
from ansible_collections.linux.kdump.tests.unit import vmcores
from ansible_collections.linux.kdump.tests.unit.vmcore_files import flatten, write_elf, write_kdump

PIECES = st.lists(
    st.builds(Piece, st.integers(0, 1 << 40), st.integers(1, 1 << 40), st.integers(0, (1 << 63) - 1)), max_size=20
)


def rows(header: bytes) -> list[tuple[int, ...]]:
    count = struct.unpack_from("<H", header, 56)[0]
    return [struct.unpack_from("<IIQQQQQQ", header, 64 + 56 * number) for number in range(count)]


@given(PIECES, st.binary(max_size=9000), st.integers(0, 1 << 30), st.integers(0, 1 << 40))
def test_every_header_says_where_the_memory_and_the_notes_are(
    pieces: list[Piece], notes: bytes, page: int, old_at: int
) -> None:
    address = page * 4096
    header = elfcore.core_header(pieces, notes, address=address, old_at=old_at)
    assert header[:6] == b"\x7fELF\x02\x01"
    assert len(header) % 4096 == 0
    (kind, _flags, offset, _virtual, _physical, room, _memsz, _align), *loads = rows(header)
    assert kind == 4
    assert header[offset - address :][: len(notes)] == notes
    assert header[offset - address + len(notes) :].strip(b"\0") == b""
    assert room >= len(notes) + 12
    lowest = min((piece.physical for piece in pieces), default=0)
    assert [(row[0], row[2] - old_at + lowest, row[3], row[4], row[5], row[6]) for row in loads] == [
        (1, piece.physical, piece.virtual, piece.physical, piece.size, piece.size) for piece in pieces
    ]


def test_the_memory_of_a_dump_is_the_same_after_the_move(tmp_path: Path) -> None:
    """As /proc/vmcore shows it: the header, and each segment from where its offset points."""
    machine = vmcores.Machine()
    path, moved = tmp_path / "dump", tmp_path / "moved"
    for filtered in (False, True):
        path.write_bytes(write_elf(machine, filtered=filtered))
        found = donor.read(str(path))
        assert (found.release, found.cpus, found.lowest, found.span) == (machine.release, 2, machine.base, machine.size)
        assert len(found.pieces) == (1 if filtered else 2)
        old_at = 0x100000
        image = bytearray(old_at + found.span)
        image[:old_at] = elfcore.core_header(found.pieces, found.notes, address=0, old_at=old_at).ljust(old_at, b"\0")

        def write(distance: int, data: bytes, image: bytearray = image, at: int = old_at) -> None:
            image[at + distance : at + distance + len(data)] = data

        donor.copy(str(path), found, write)
        assert bytes(image[old_at:]) == bytes(machine.memory)
        moved.write_bytes(image)
        assert examine(str(moved))["release"] == machine.release
        assert examine(str(moved))["nonce"] == examine(str(path))["nonce"]
        assert examine(str(path))["nonce"] is not None


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"nothing", "it is no ELF dump"), (write_kdump(vmcores.Machine()), "it is no ELF dump"),
        (flatten(write_elf(vmcores.Machine())), "it is no ELF dump"),
        (write_elf(vmcores.Machine(variant="aarch64")), "it is of aarch64"),
        (write_elf(vmcores.Machine(), notes=vmcores.note(b"CORE\0", 1, bytes(336))), "or of no Linux kernel"),
    ],
    ids=["text", "kdump", "flat", "arm64", "no-vmcoreinfo"],
)  # fmt: skip
def test_other_files_are_no_donors(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "dump"
    path.write_bytes(data)
    with pytest.raises(donor.DonorError, match=words):
        donor.read(str(path))


def test_a_dump_that_does_not_say_where_the_kernel_saw_it_is_refused(tmp_path: Path) -> None:
    machine = vmcores.Machine()
    data = bytearray(write_elf(machine))
    for number in range(1, struct.unpack_from("<H", data, 56)[0]):
        struct.pack_into("<Q", data, 64 + 56 * number + 16, 0)
    path = tmp_path / "dump"
    path.write_bytes(data)
    with pytest.raises(donor.DonorError, match="as dumps of hypervisors do not"):
        donor.read(str(path))


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9), st.sampled_from([0, 1000]))))
def test_merging_loses_and_adds_no_address(runs: list[tuple[int, int, int]]) -> None:
    pieces = sorted((Piece(at, size, at + off) for at, size, off in runs), key=lambda piece: piece.physical)

    def addresses(many: list[Piece]) -> set[tuple[int, int]]:
        return {
            (piece.physical + step, piece.virtual + step - piece.physical - step)
            for piece in many
            for step in range(piece.size)
        }

    merged = list(donor.merged(pieces))
    assert addresses(merged) == addresses(pieces)
    assert len(merged) <= len(pieces)


def test_placeholders_are_notes_that_every_reader_takes(tmp_path: Path) -> None:
    notes = elfcore.placeholders(cpus=3, release="6.1.0-none")
    path = tmp_path / "dump"
    path.write_bytes(elfcore.core_header([], notes, address=0, old_at=0))
    found = examine(str(path))
    assert (found["cpus"], found["release"]) == (3, "6.1.0-none")
