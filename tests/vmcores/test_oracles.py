# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real dumps beside readers that others wrote: they must agree, or docs/vmcore-readers.md says why they do not."""

from __future__ import annotations

import collections
import re
import subprocess
import typing as t

import drgn
import pytest
from drgn.helpers.linux.kallsyms import load_vmlinux_kallsyms
from elftools.elf.elffile import ELFFile

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.findings import UnreadableError
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.triage.kallsyms import Kallsyms
from ansible_collections.linux.kdump.tests.vmcores.dumps import Crashed
from ansible_collections.linux.kdump.tests.vmcores.guests import DUMPS
from ansible_collections.linux.kdump.tests.vmcores.opened import Opened, opened

_NT_PRSTATUS: t.Final = ("NT_PRSTATUS", 1)
#: Where the registers of struct elf_prstatus begin, and pid, by width.
_PRSTATUS: t.Final = {64: (112, 32), 32: (72, 24)}
_PRINTED: t.Final = re.compile(r"^\$\d+ = (0x[0-9a-f]+)", re.MULTILINE)
_PLACES: t.Final = 97
_LENGTH: t.Final = 256
_FORMATS: t.Final = pytest.mark.formats("elf", "elf-filtered", "qemu-elf")
#: Not what QEMU calls a kdump file: libkdumpfile does not open it.
_DRGN: t.Final = pytest.mark.formats(*DUMPS, "qemu-elf")


@_FORMATS
def test_pyelftools_sees_the_same_segments(crashed: Crashed, dump: str) -> None:
    path = crashed.dump(dump)
    with opened(path) as found, path.open("rb") as stream:
        for segment in ELFFile(stream).iter_segments("PT_LOAD"):
            place, size = segment["p_paddr"], segment["p_filesz"]
            for offset in {0, size // 2, size - 64} if size >= 64 else ():
                stream.seek(segment["p_offset"] + offset)
                assert found.container.read_physical(place + offset, 64) == stream.read(64)
            # QEMU knows no virtual addresses.
            if size and segment["p_vaddr"]:
                assert (found.container.virtual_to_physical(segment["p_vaddr"]) or (None,))[0] == place


@_FORMATS
def test_pyelftools_sees_the_same_notes(crashed: Crashed, dump: str) -> None:
    path = crashed.dump(dump)
    with opened(path) as found, path.open("rb") as stream:
        segment: t.Any = next(ELFFile(stream).iter_segments("PT_NOTE"))
        notes = list(segment.iter_notes())
    start, pid = _PRSTATUS[found.container.abi.bits]
    saved = [
        note["n_descdata"] if "n_descdata" in note else note["n_desc"]
        for note in notes
        if note["n_type"] in _NT_PRSTATUS
    ]
    assert len(saved) == len(found.container.registers) == crashed.guest.cpus
    for data, cpu in zip(saved, found.container.registers):
        raw = data if isinstance(data, bytes) else data.encode("latin-1")
        assert int.from_bytes(raw[pid : pid + 4], "little") == cpu.pid
        width = found.container.abi.bits // 8
        words = [int.from_bytes(raw[at : at + width], "little") for at in range(start, len(raw) - width + 1, width)]
        assert {cpu.pc, cpu.sp} <= set(words)


@_FORMATS
def test_gdb_sees_the_same_registers(crashed: Crashed, dump: str) -> None:
    path = crashed.dump(dump)
    argv = ["gdb-multiarch", "-nx", "-batch", f"--core={path}", "-ex", "p/x $pc", "-ex", "p/x $sp"]
    printed = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=True).stdout
    values = [int(value, 16) for value in _PRINTED.findall(printed)]
    with opened(path) as found:
        assert tuple(values) in {(cpu.pc, cpu.sp) for cpu in found.container.registers}


# crash and makedumpfile read dumps of their own architecture only.
@pytest.mark.machines("x86_64")
def test_crash_sees_the_same_release(crashed: Crashed, dump: str) -> None:
    argv = ["crash", "--osrelease", str(crashed.dump(dump))]
    assert subprocess.run(argv, capture_output=True, text=True, timeout=120, check=True).stdout.strip() == crashed.live(
        "release"
    )


@pytest.fixture
def program(crashed: Crashed, dump: str) -> drgn.Program:
    made = drgn.Program()
    made.set_core_dump(str(crashed.dump(dump)))
    return made


@_DRGN
def test_drgn_sees_the_same_vmcoreinfo(crashed: Crashed, dump: str, program: drgn.Program) -> None:
    theirs = program["VMCOREINFO"].string_().decode()
    with opened(crashed.dump(dump)) as found:
        for line in theirs.strip().splitlines():
            key, _equals, value = line.partition("=")
            assert found.info.text(key) == value


@_DRGN
def test_drgn_reads_the_same_physical_memory(crashed: Crashed, dump: str, program: drgn.Program) -> None:
    with opened(crashed.dump(dump)) as found:
        same = sum(_same(found, program, address) for address in _places(crashed))
    assert same >= 10


@_DRGN
def test_drgn_reads_the_same_virtual_memory(crashed: Crashed, dump: str, program: drgn.Program) -> None:
    with opened(crashed.dump(dump)) as found:
        for name in ("init_uts_ns", "_stext", "swapper_pg_dir"):
            address = found.info.symbol(name)
            assert found.memory.read(address, _LENGTH) == program.read(address, _LENGTH)


@_DRGN
def test_the_symbols_are_those_of_the_living_kernel_and_of_drgn(
    crashed: Crashed, dump: str, program: drgn.Program
) -> None:
    names: dict[int, set[str]] = collections.defaultdict(set)
    for address, kind, name, *module in map(str.split, crashed.live("kallsyms").splitlines()):
        if kind in "tT" and not module:
            names[int(address, 16)].add(name)
    finder = load_vmlinux_kallsyms(program)
    program.register_symbol_finder("kallsyms", finder, enable_index=0)
    with opened(crashed.dump(dump)) as found:
        table = Kallsyms(found.memory, found.info)
        for place in sorted(names)[:: len(names) // 500]:
            ours = table.symbol_at(place)
            assert ours is not None
            assert ours.address == place
            assert ours.name in names[place]
            # Of several names for one place, drgn may show another one.
            assert place in {symbol.address for symbol in program.symbols(ours.name)}


def _places(crashed: Crashed) -> t.Iterator[int]:
    """Physical addresses all over the memory that the guest had."""
    ranges = [line.split(" : ") for line in crashed.live("iomem").splitlines() if line.endswith("System RAM")]
    for start, end in ((int(text, 16) for text in place.split("-")) for place, _what in ranges):
        step = max((end - start) // _PLACES, 1) & ~0xFFF or 0x1000
        yield from range(start, end - _LENGTH, step)


def _same(found: Opened, program: drgn.Program, address: int) -> bool:
    """True where both could read it; what one cannot read, the other must not make up."""
    try:
        theirs = program.read(address, _LENGTH, True)
    except drgn.FaultError:
        theirs = None
    try:
        ours = found.container.read_physical(address, _LENGTH)
    except UnreadableError:
        ours = None
    assert ours is None or theirs is None or ours == theirs
    return ours is not None and theirs is not None
