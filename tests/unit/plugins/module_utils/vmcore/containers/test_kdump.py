# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kdump files of every machine, version and codec: memory reads back, and what is promised is there."""

from __future__ import annotations

import contextlib
import struct
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers import codecs
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.codecs import (
    CODECS,
    Codec,
    PageError,
    unpack,
)
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.descriptors import DescriptorTable
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.kdump import KdumpFile
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.source import FileSource
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.findings import UnreadableError
from ansible_collections.linux.kdump.tests.unit.vmcore_files import KdumpOptions, write_kdump
from ansible_collections.linux.kdump.tests.unit.vmcore_packers import PACKERS
from ansible_collections.linux.kdump.tests.unit.vmcores import BASE, KINDS, PAGE, RELEASE, SIZE, Machine

Look = Callable[..., dict[str, t.Any]]
#: Width, byte order and alignment: 64-bit, i386, and the other machines of 32 bits.
LAYOUTS = {
    "x86_64": (64, "<", 8),
    "s390x": (64, ">", 8),
    "i686": (32, "<", 4),
    "armv7l": (32, "<", 8),
    "ppc": (32, ">", 8),
}
INSTALLED = [codec.name for codec in CODECS.values() if codec.unpack]
CASES = [(name, version) for name in LAYOUTS for version in range(1, 7)]


def ids(document: dict[str, t.Any]) -> list[str]:
    return [found["id"] for found in document["findings"]]


def opened(path: Path, data: bytes) -> KdumpFile:
    path.write_bytes(data)
    return KdumpFile(FileSource(str(path)))


@pytest.mark.parametrize(("name", "version"), CASES)
def test_headers_of_every_layout_and_version(tmp_path: Path, name: str, version: int) -> None:
    machine = Machine(machine=name)
    options = KdumpOptions(version=version, layout=LAYOUTS[name], erased=b"e" * 77 if version >= 5 else b"")
    dump = opened(tmp_path / "core", write_kdump(machine, options))
    assert (dump.headers.bits, dump.headers.order) == LAYOUTS[name][:2]
    assert (dump.headers.version, dump.dump_level) == (version, 31)
    assert dump.headers.utsname.release == RELEASE
    for at in range(BASE, BASE + SIZE, 300_000):
        assert dump.read_physical(at, 5000) == machine.get(at, 5000)
    assert dump.check_pages() == []
    # The notes are those of a little-endian machine.
    readable = version >= 4 and LAYOUTS[name][1] == "<"
    assert dump.cpus == (2 if readable else 0)
    assert (dump.vmcoreinfo is not None) is (version >= 3)
    expected = {"version-old"} if version < 3 else set()
    expected |= {"erased"} if version >= 5 else set()
    expected |= {"note-damaged"} if version >= 4 and not readable else set()
    assert {found.id for found in dump.findings} == expected


@pytest.mark.parametrize("variant", list(KINDS))
def test_a_dump_of_every_machine(look: Look, variant: str) -> None:
    machine = Machine(variant=variant)
    document = look(write_kdump(machine), depth="structure", expect={"cpus": 2, "compression": "zlib"})
    assert (document["verdict"], document["findings"]) == ("ok", [])
    assert document["machine"] == ("i386" if machine.machine == "i686" else machine.machine)
    assert sum(document["page_compression"].values()) == SIZE // machine.kind.page


@pytest.mark.parametrize("name", INSTALLED)
def test_every_codec(look: Look, tmp_path: Path, name: str) -> None:
    machine = Machine()
    data = write_kdump(machine, KdumpOptions(name))
    dump = opened(tmp_path / "core", data)
    assert b"".join(dump.read_physical(at, 1 << 19) for at in range(BASE, BASE + SIZE, 1 << 19)) == machine.memory
    document = look(data, depth="full", expect={"compression": None if name == "raw" else name})
    assert (document["verdict"], document["findings"]) == ("ok", [])
    assert name in document["page_compression"]


@pytest.mark.parametrize("name", ["snappy", "zstd"])
def test_a_codec_that_is_missing_is_named_and_the_structure_checked(
    look: Look, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    flag = PACKERS[name][0]
    monkeypatch.setitem(CODECS, flag, Codec(name, None, "a-package"))
    data = write_kdump(Machine(), KdumpOptions(name))
    document = look(data, depth="structure", expect={"compression": name})
    assert (document["verdict"], document["findings"]) == ("ok", [])
    document = look(data)
    assert (document["verdict"], ids(document)[0]) == ("unrecognised", "codec-missing")
    assert "Install the Python package a-package" in document["findings"][0]["message"]


@pytest.mark.parametrize("wanted", ["zlib", "lzo", "snappy", "zstd"])
def test_raw_pages_instead_of_packed_ones_are_told(look: Look, wanted: str) -> None:
    """As Debian's makedumpfile 1.7.2 writes for -z and -p, and exits with 0."""
    document = look(write_kdump(Machine(), KdumpOptions("raw")), depth="structure", expect={"compression": wanted})
    assert (document["verdict"], ids(document)) == ("mismatch", ["compression-mismatch"])


@pytest.mark.parametrize("name", INSTALLED[1:])
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_damaged_pages_end_in_one_error(name: str, data: st.DataObject) -> None:
    flag, pack = PACKERS[name]
    packed = bytearray(pack(bytes(range(256)) * 8 + bytes(2048)))
    for _hit in range(data.draw(st.integers(1, 4))):
        packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(packed)))
    with contextlib.suppress(PageError):
        assert len(unpack(CODECS[flag], bytes(packed[:end]), PAGE)) == PAGE


@pytest.mark.parametrize("name", INSTALLED[1:])
def test_a_page_that_unpacks_to_more_than_a_page(name: str) -> None:
    flag, pack = PACKERS[name]
    with pytest.raises(PageError):
        unpack(CODECS[flag], pack(bytes(64 * PAGE)), PAGE)


def test_a_codec_row_without_a_function_cannot_unpack() -> None:
    with pytest.raises(PageError):
        codecs.unpack(Codec("none", None), b"", PAGE)


@pytest.mark.parametrize("variant", ["x86_64", "i386-pae", "aarch64"])
def test_as_qemu_writes_it(look: Look, variant: str) -> None:
    """The header knows the machine only, and not even that of aarch64; release and host name are in memory."""
    document = look(write_kdump(Machine(variant=variant), KdumpOptions(anonymous=True)))
    assert (document["verdict"], document["findings"], document["release"]) == ("ok", [], RELEASE)
    assert document["machine"] == variant.partition("-")[0]


def test_a_machine_that_qemu_calls_unknown(tmp_path: Path) -> None:
    machine = Machine(variant="aarch64", machine="Unknown")
    dump = opened(tmp_path / "core", write_kdump(machine, KdumpOptions(anonymous=True)))
    assert (dump.machine, len(dump.registers), dump.abi.bits) == ("aarch64", 2, 64)
    assert "pstate" in dump.registers[0].registers


def test_lost_and_damaged_descriptors_are_counted(tmp_path: Path) -> None:
    first = BASE // PAGE
    data = bytearray(write_kdump(Machine(), KdumpOptions(lose=(first + 5, first + 900))))
    dump = opened(tmp_path / "core", bytes(data))
    found = {found.id: found.message for found in dump.findings}
    assert found["pages-lost"].startswith("2 of 1024 pages")
    table = (1 + dump.headers.sub_blocks + dump.headers.bitmap_blocks) * PAGE
    struct.pack_into("<I", data, table + 24 * 7 + 12, 0x40)
    struct.pack_into("<I", data, table + 24 * 9 + 8, PAGE + 1)
    found = {found.id: found.message for found in opened(tmp_path / "core", bytes(data)).findings}
    assert found["descriptors-damaged"].startswith(
        f"2 of 1024 page descriptors make no sense, first at byte {table + 168}"
    )


@pytest.mark.parametrize("order", ["<", ">"])
def test_descriptors_in_columns_say_what_each_says(tmp_path: Path, order: str) -> None:
    rows = [(24 * 2000 + at * 100, 100 if at % 3 else PAGE, 2 if at % 3 else 0, 0) for at in range(2000)]
    path = tmp_path / "table"
    path.write_bytes(b"".join(struct.pack(f"{order}QIIQ", *row) for row in rows))
    with FileSource(str(path)) as source:
        table = DescriptorTable(source, 0, 2000, order=order, block=PAGE)
        survey = table.survey()
        assert list(map(tuple, table)) == rows
        assert tuple(table[1999]) == rows[1999]
    assert survey.end == max(offset + size for offset, size, _flags, _page in rows)
    assert (survey.lost, survey.damaged, survey.seen) == (0, 0, 2000)
    assert dict(survey.methods) == {0: 667, 2: 1333}


def test_memory_that_is_not_in_the_dump(tmp_path: Path) -> None:
    dump = opened(tmp_path / "core", write_kdump(Machine()))
    assert dump.virtual_to_physical(0xFFFF888000000000) is None
    for address in (0, BASE - 1, BASE + SIZE):
        with pytest.raises(UnreadableError, match="is not in the dump"):
            dump.read_physical(address, 1)


@pytest.mark.parametrize("variant", ["x86_64", "s390x", "i386-pae"])
def test_a_dump_cut_anywhere_is_never_ok(look: Look, variant: str) -> None:
    data = write_kdump(Machine(variant=variant))
    for end in sorted({len(data) * part // 40 for part in range(40)} | {4, 12, 400, 460, 463, len(data) - 1}):
        assert look(data[:end], depth="structure")["verdict"] == "incomplete", end
