# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ELF cores: the fixtures are what pyelftools takes them for, and memory is read across segments and holes."""

from __future__ import annotations

import io
import struct
import typing as t
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.elf import ElfCore
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.source import FileSource
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.findings import UnreadableError
from ansible_collections.linux.kdump.tests.unit.vmcore_files import (
    write_elf,
)
from ansible_collections.linux.kdump.tests.unit.vmcores import (
    BASE,
    PAGE,
    SIZE,
    Machine,
)


def read(path: Path, data: bytes, address: int, length: int) -> bytes:
    path.write_bytes(data)
    with FileSource(str(path)) as source:
        core = ElfCore(source)
        steps = range(address, address + length, 100_000)
        return b"".join(core.read_physical(at, min(100_000, address + length - at)) for at in steps)


@pytest.mark.parametrize("options", [{}, {"filtered": True}, {"filtered": True, "xnum": True}])
def test_the_fixtures_are_cores(options: dict[str, t.Any]) -> None:
    elffile = pytest.importorskip("elftools.elf.elffile")
    machine = Machine()
    core = elffile.ELFFile(io.BytesIO(write_elf(machine, **options)))
    assert core["e_type"] == "ET_CORE"
    note, *loads = core.iter_segments()
    names = [entry["n_name"] for entry in note.iter_notes()]
    assert names == ["CORE", "CORE", "VMCOREINFO"]
    for load in loads:
        assert load.data() == machine.get(load["p_paddr"], load["p_filesz"])


@pytest.mark.parametrize("filtered", [False, True])
def test_all_memory_reads_back_across_segments_and_holes(tmp_path: Path, filtered: bool) -> None:
    machine = Machine()
    start = BASE + 0x500
    data = write_elf(machine, filtered=filtered)
    assert read(tmp_path / "core", data, start, SIZE - PAGE) == machine.get(start, SIZE - PAGE)


@pytest.mark.parametrize("address", [0, BASE - 1, BASE + SIZE - 10])
def test_memory_that_is_not_there(tmp_path: Path, address: int) -> None:
    with pytest.raises(UnreadableError, match="is not in the dump"):
        read(tmp_path / "core", write_elf(Machine()), address, 64)


@pytest.mark.parametrize(
    ("at", "layout", "value", "rule"),
    [
        (54, "<H", 57, "header-damaged"),
        (56, "<H", 0, "header-damaged"),
        (56, "<H", 60000, "truncated"),
        (32, "<Q", 1 << 60, "truncated"),
        (40, "<Q", 1 << 60, "truncated"),
        (64 + 56 + 32, "<Q", 1 << 62, "header-damaged"),
    ],
    ids=["entry size", "none", "too many", "place", "sections", "larger than its memory"],
)
def test_headers_that_lie(tmp_path: Path, at: int, layout: str, value: int, rule: str) -> None:
    data = bytearray(write_elf(Machine(), filtered=True))
    struct.pack_into(layout, data, at, value)
    if at == 40:
        struct.pack_into("<H", data, 56, 0xFFFF)
    with pytest.raises(UnreadableError) as caught:
        read(tmp_path / "core", bytes(data), BASE, 1)
    assert caught.value.finding.id == rule


def test_segments_that_share_bytes_of_the_file(tmp_path: Path) -> None:
    data = bytearray(write_elf(Machine()))
    (offset,) = struct.unpack_from("<Q", data, 64 + 56 + 8)
    struct.pack_into("<Q", data, 64 + 2 * 56 + 8, offset)
    path = tmp_path / "core"
    path.write_bytes(data)
    with FileSource(str(path)) as source:
        assert "overlap" in [found.id for found in ElfCore(source).findings]
