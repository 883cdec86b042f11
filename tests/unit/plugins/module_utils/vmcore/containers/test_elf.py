# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ELF cores: the fixtures are what pyelftools takes them for, and memory is read across segments and holes."""

from __future__ import annotations

import io
import struct
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.elf import ElfCore
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.source import FileSource
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.findings import UnreadableError
from ansible_collections.linux.kdump.tests.unit.vmcore_files import write_elf
from ansible_collections.linux.kdump.tests.unit.vmcores import BASE, KINDS, PAGE, SIZE, Machine, note

Look = Callable[..., dict[str, t.Any]]


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
        (64 + 2 * 56 + 8, "<Q", (1 << 64) - 1, "header-damaged"),
    ],
    ids=["entry size", "none", "too many", "place", "sections", "larger than its memory", "behind any file"],
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


def ids(document: dict[str, t.Any]) -> list[str]:
    return [found["id"] for found in document["findings"]]


@pytest.mark.parametrize("filtered", [False, True])
@pytest.mark.parametrize("variant", list(KINDS))
def test_a_core_of_every_machine(look: Look, tmp_path: Path, variant: str, filtered: bool) -> None:
    machine = Machine(variant=variant)
    data = write_elf(machine, filtered=filtered)
    document = look(data, depth="structure", expect={"cpus": 2})
    assert (document["verdict"], document["findings"], document["page_compression"]) == ("ok", [], None)
    assert document["machine"] == ("i386" if machine.machine == "i686" else machine.machine)
    assert read(tmp_path / "core", data, BASE, SIZE) == machine.memory


@pytest.mark.parametrize("xnum", [False, True])
@pytest.mark.parametrize("variant", ["i386", "i386-pae", "s390x", "ppc64"])
@pytest.mark.parametrize("bits", [32, 64])
def test_the_machine_decides_how_wide_a_word_is(tmp_path: Path, variant: str, bits: int, xnum: bool) -> None:
    """i386 kernels dump with headers of 64 bits where there is memory above 4 GiB."""
    machine = Machine(variant=variant)
    path = tmp_path / "core"
    path.write_bytes(write_elf(machine, bits=bits, xnum=xnum, filtered=True))
    with FileSource(str(path)) as source:
        core = ElfCore(source)
        assert (core.abi.bits, core.abi.order) == (machine.kind.bits, machine.kind.order)
        assert (core.findings, len(core.registers), core.vmcoreinfo is not None) == ([], 2, True)
        assert core.read_physical(BASE, 1 << 20) == machine.get(BASE, 1 << 20)


@pytest.mark.parametrize("variant", list(KINDS))
def test_virtual_addresses_of_the_headers(tmp_path: Path, variant: str) -> None:
    machine = Machine(variant=variant)
    path = tmp_path / "core"
    path.write_bytes(write_elf(machine))
    with FileSource(str(path)) as source:
        core = ElfCore(source)
        for virtual, physical, size in machine.loads:
            assert core.virtual_to_physical(virtual + 5) == (physical + 5, size - 5)
            assert core.virtual_to_physical(virtual + size) is None
        assert core.virtual_to_physical(0xFFFFFFFFFFFFFFFF) is None


@pytest.mark.parametrize("virtual", [0, (1 << 64) - 1])
def test_writers_that_know_no_virtual_addresses(tmp_path: Path, virtual: int) -> None:
    data = bytearray(write_elf(Machine()))
    for segment in (1, 2):
        struct.pack_into("<Q", data, 64 + segment * 56 + 16, virtual)
    path = tmp_path / "core"
    path.write_bytes(data)
    with FileSource(str(path)) as source:
        assert ElfCore(source).virtual_to_physical(0xFFFFFFFF81000000) is None


@pytest.mark.parametrize("shift", [0x10, 0x800])
def test_bytes_of_a_page_before_its_segment(look: Look, tmp_path: Path, shift: int) -> None:
    machine = Machine()
    data = write_elf(machine, filtered=True, shift=shift)
    assert (look(data)["verdict"], look(data)["findings"]) == ("ok", [])
    assert read(tmp_path / "core", data, BASE, SIZE) == machine.memory


def test_a_file_may_be_rounded_up_to_whole_pages(look: Look) -> None:
    data = write_elf(Machine(), filtered=True, shift=8)
    assert len(data) % PAGE
    assert ids(look(data + bytes(-len(data) % PAGE))) == []
    assert ids(look(data + bytes(-len(data) % PAGE + 1))) == ["trailing-data"]


@pytest.mark.parametrize("bits", [32, 64])
def test_names_of_sections_at_the_end_belong_to_the_dump(look: Look, bits: int) -> None:
    """As QEMU's dump-guest-memory writes them."""
    data = write_elf(Machine(variant="i386"), bits=bits, filtered=True, strings=True)
    assert ids(look(data, depth="structure")) == []
    assert ids(look(data + b"x", depth="structure")) == ["trailing-data"]
    assert look(data[:-1], depth="structure")["verdict"] == "incomplete"


OTHERS = [
    (b"LINUX\0", 0x700, bytes(2 << 20), []),
    (b"QEMU\0", 0, bytes(432), []),
    (b"ERASEINFO\0", 0, b"erase jiffies", ["erased"]),
    (b"VMCOREINFO_XEN\0", 0, b"xen=1", ["xen"]),
    (b"CORE\0", 3, bytes(136), []),
    (b"LINUX\0", 0x300, bytes(8), []),
    (b"", 5, b"x", []),
]


@pytest.mark.parametrize(("name", "kind", "body", "expected"), OTHERS)
@pytest.mark.parametrize("variant", ["x86_64", "s390x"])
def test_notes_of_others(look: Look, variant: str, name: bytes, kind: int, body: bytes, expected: list[str]) -> None:
    machine = Machine(variant=variant)
    other = note(name, kind, body, machine.kind.order)
    document = look(write_elf(machine, notes=other + machine.notes + other), depth="structure", expect={"cpus": 2})
    assert (document["verdict"], ids(document)) == ("ok", expected)


def test_segments_by_the_hundred_thousand_take_little_time(tmp_path: Path) -> None:
    count = 100_000
    rows = b"".join(
        struct.pack("<IIQQQQQQ", 1, 7, 0, 0xFFFF888000000000 + at * 8192, at * 8192, 0, 4096, 0) for at in range(count)
    )
    head = bytearray(write_elf(Machine(), filtered=True, xnum=True)[:128])
    struct.pack_into("<I", head, 64 + 44, count)
    path = tmp_path / "core"
    path.write_bytes(head + rows)
    with FileSource(str(path)) as source:
        core = ElfCore(source)
        assert core.read_physical(8192 * (count - 1), 4096) == bytes(4096)
        assert core.virtual_to_physical(0xFFFF888000000000 + 8192) == (8192, 4096)


def test_more_segments_than_any_memory_has_pieces(tmp_path: Path) -> None:
    head = bytearray(write_elf(Machine(), filtered=True, xnum=True))
    struct.pack_into("<I", head, 64 + 44, 0xFFFFFFFF)
    with pytest.raises(UnreadableError, match="4294967295 program headers"):
        read(tmp_path / "core", bytes(head), BASE, 1)


@pytest.mark.parametrize("variant", ["i386", "s390x", "aarch64-64k-52"])
def test_a_core_cut_anywhere_is_never_ok(look: Look, variant: str) -> None:
    data = write_elf(Machine(variant=variant), filtered=True)
    for end in sorted({len(data) * part // 40 for part in range(40)} | {4, 5, 6, 16, 51, 52, 63, 64, len(data) - 1}):
        assert look(data[:end], depth="structure")["verdict"] == "incomplete", end


def test_the_holes_of_a_sparse_file_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "core"
    path.write_bytes(write_elf(Machine(), filtered=True))
    with path.open("r+b") as file:
        file.seek(1 << 40)
        file.write(b"the end")
    with FileSource(str(path)) as source:
        extents = list(source.extents())
        if sum(end - start for start, end in extents) > 1 << 30:
            pytest.skip("this file system knows no holes")
        assert extents[0][0] == 0
        assert extents[-1][1] == source.size
        # Half a second, where a terabyte would take minutes.
        assert ElfCore(source).check_pages() == []


@pytest.mark.parametrize(("name", "rule"), [(b"ERASEINFO\0", "erased"), (b"VMCOREINFO_XEN\0", "xen")])
def test_notes_of_another_kind_do_not_make_up_for_vmcoreinfo(look: Look, name: bytes, rule: str) -> None:
    document = look(write_elf(Machine(), notes=note(name, 0, b"told")))
    assert (document["verdict"], ids(document)) == ("unrecognised", [rule, "not-a-kernel"])
