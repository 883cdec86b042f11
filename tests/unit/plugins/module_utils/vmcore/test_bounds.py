# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What looking at a file may cost, whatever it says: processor time and memory, each in a process of its own."""

from __future__ import annotations

import gzip
import json
import lzma
import os
import struct
import subprocess
import sys
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.examine import examine
from ansible_collections.linux.kdump.tests.unit.vmcore_files import KdumpOptions, flatten, write_elf, write_kdump
from ansible_collections.linux.kdump.tests.unit.vmcore_logs import Characters, Records, drill_log
from ansible_collections.linux.kdump.tests.unit.vmcore_symbolic import Symbolic
from ansible_collections.linux.kdump.tests.unit.vmcores import Machine, Ring, note

MEMORY = 150 << 20
SECONDS = 10.0
#: Prints what was found, and what it took: memory beyond that of an interpreter which has loaded the code.
_PROGRAM = r"""
import json, re, sys, time
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.examine import examine
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.summary import summarise
def usage(name):
    # What getrusage() tells is also that of the process before exec().
    with open("/proc/self/status") as status:
        return int(re.search(name + r":\s+(\d+) kB", status.read())[1]) * 1024, time.process_time()
memory, seconds = usage("VmRSS")
document = examine(sys.argv[1], depth="content", log=True)
summarise(document)
highest, end = usage("VmHWM")
print(json.dumps([document["verdict"], highest - memory, end - seconds]))
"""
#: Something of this size that takes no room on a disk.
HUGE = 1 << 36


def _put(data: bytes, at: int, packing: str, *values: int) -> bytes:
    changed = bytearray(data)
    struct.pack_into(packing, changed, at, *values)
    return bytes(changed)


def _segments(count: int) -> bytes:
    """As many segments as a header can tell of, all on the same bytes."""
    data = write_elf(Machine(), filtered=True)
    head = _put(data[:64], 32, "<Q", len(data))
    head = _put(head, 56, "<H", min(count, 0xFFFE))
    return head + data[64:] + struct.pack("<IIQQQQQQ", 1, 7, 64, 0, 0, 4096, 1 << 40, 0) * min(count, 0xFFFE)


def _many_notes() -> bytes:
    crowd = note(b"CORE\0", 1, bytes(336)) * 20_000 + note(b"VMCOREINFO\0", 0, b"A=" + b"x" * 1000) * 5_000
    return write_elf(Machine(), filtered=True, notes=crowd + Machine().notes)


def _info(lines: bytes) -> bytes:
    machine = Machine()
    notes = note(b"CORE\0", 1, bytes(336)) + note(
        b"VMCOREINFO\0", 0, lines + b"\n" + machine.vmcoreinfo + b"\n" + lines
    )
    return write_elf(machine, filtered=True, notes=notes)


def _loop() -> bytes:
    """Every table of pages leads back to itself."""
    machine = Machine()
    for entry in machine.entries:
        machine.put(entry, struct.pack("<Q", machine.root | 0x67))
    return write_kdump(machine)


def _symbols(name: str, data: bytes) -> bytes:
    machine = Symbolic()
    machine.put(machine.image(machine.table.places[name] - machine.table.base), data)
    return write_elf(machine, filtered=True)


def _ring(**places: tuple[int, bytes]) -> bytes:
    machine = Machine()
    for at, data in places.values():
        machine.put(machine.image(at), data)
    return write_elf(machine)


def _full(log: t.Any, count: int = 20_000) -> bytes:
    for number in range(count):
        log.say("\x01\x02" * 30 + str(number))
    return write_elf(Machine(drill_log(log)), filtered=True)


def _stream(count: int) -> bytes:
    records = (struct.pack(">qq", at * 7919 % count * 3, 1) + b"x" for at in range(count))
    return flatten(b"x" * 5000)[:4096] + b"".join(records)


def _kdump(at: int, packing: str, *values: int) -> bytes:
    return _put(write_kdump(Machine()), at, packing, *values)


FILES: dict[str, Callable[[], bytes]] = {
    "segments": lambda: _segments(0xFFFE),
    "notes": _many_notes,
    "a note of 4 GiB": lambda: write_elf(Machine(), filtered=True, notes=struct.pack("<III", 11, 0xFFFFFFF0, 0)),
    "lines of VMCOREINFO": lambda: _info(b"\n".join(b"SYMBOL(s%d)=%x" % (at, at) for at in range(30_000))),
    "page tables that lead to themselves": _loop,
    "pages of a kdump file": lambda: _kdump(4096 + 128 - 24, "<QQQ", 0, 0, 1 << 34),
    "blocks of a kdump file": lambda: _kdump(424, "<iII", (1 << 20) - 1, 0xFFFFFFFF, 0xFFFFFFFF),
    "notes of a kdump file": lambda: _kdump(4096 + 56, "<QQ", 4096, 1 << 62),
    "a kdump file of one bit": lambda: write_kdump(Machine(), KdumpOptions("lzo"))[:8192] + b"\xff" * (8 << 20),
    "records of a flattened stream": lambda: _stream(300_000),
    "records that overlap": lambda: flatten(bytes(4096))[:4096] + (struct.pack(">qq", 0, 1) + b"x") * 200_000,
    "a stream far away": lambda: flatten(bytes(4096))[:4096] + struct.pack(">qq", (1 << 62), 1) + b"x" + b"\xff" * 16,
    "symbols without number": lambda: _symbols("kallsyms_num_syms", struct.pack("<I", (1 << 20) - 1)),
    "names of symbols": lambda: _symbols("kallsyms_names", b"\xff\x03" + b"T" * 511 + b"\x01T" * 2000),
    "a ring of 4 G records": lambda: _ring(counts=(0x2000, struct.pack("<I", 31) * 8), texts=(0x2040, b"\x1f" * 64)),
    "a ring of ones": lambda: _ring(all=(0x2000, b"\xff" * 256)),
    "control characters": lambda: _full(Ring(count_bits=12, size_bits=18)),
    "records of 3.5": lambda: _full(Records(size=1 << 18)),
    "characters of 2.6": lambda: _full(Characters(size=1 << 18), 4_000),
    "a bomb of gzip": lambda: gzip.compress(bytes(200 << 20), 9),
    "a bomb of xz": lambda: lzma.compress(bytes(64 << 20), preset=6),
    "a bomb in a bomb": lambda: gzip.compress(gzip.compress(bytes(100 << 20))),
}


def _measure(path: Path) -> tuple[str, int, float]:
    folder = Path(examine.__code__.co_filename).parents[6]
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(path)],
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return t.cast("tuple[str, int, float]", tuple(json.loads(done.stdout)))


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_costs_no_more_than_promised(tmp_path: Path, name: str) -> None:
    path = tmp_path / "vmcore"
    path.write_bytes(FILES[name]())
    _verdict, memory, seconds = _measure(path)
    assert memory < MEMORY and seconds < SECONDS, f"{memory >> 20} MiB, {seconds:.1f} s"


def _bitmap() -> bytes:
    """The header of a kdump file of 2 ** 34 pages: a bitmap of 2 GiB."""
    return _put(_kdump(436, "<II", 1 << 20, 0xFFFFFFFF), 4096 + 96, "<Q", 1 << 34)


HEADS: dict[str, Callable[[], bytes]] = {
    "zeros": bytes,
    "kdump": lambda: write_kdump(Machine()),
    "elf": lambda: write_elf(Machine(), filtered=True),
    "flattened": lambda: flatten(b"x" * 99),
    "a bitmap of 2 GiB": _bitmap,
}


@pytest.mark.parametrize("name", HEADS)
def test_a_huge_file_is_not_read_as_a_whole(tmp_path: Path, name: str) -> None:
    path = tmp_path / "vmcore"
    path.write_bytes(HEADS[name]())
    os.truncate(path, HUGE)
    _verdict, memory, seconds = _measure(path)
    assert memory < MEMORY and seconds < SECONDS, f"{memory >> 20} MiB, {seconds:.1f} s"
