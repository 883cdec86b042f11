# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is fuzzed: each target takes bytes, and raises where the code under test does what it must not."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import tempfile
import typing as t
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import jsonschema

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers import lzo
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.aids import Aids
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.flat import FlatSource
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.kdump import KdumpFile
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.machines import MACHINES
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.notes import read_notes
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.packed import Room
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.source import check_bounds, read_all
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.examine import DEPTHS, examine
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.findings import UnreadableError
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.log.log import judge_log, read_log
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.log.records import LogRecord
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.log.text import safe_text
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.summary import summarise
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.triage.panic import find_panic
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.triage.symbols import open_symbols
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.triage.triage import triage
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.vmcoreinfo import VmcoreInfo
from ansible_collections.linux.kdump.tests.unit.vmcore_files import pack_lzo, write_elf
from ansible_collections.linux.kdump.tests.unit.vmcore_logs import Characters, Flat, Records, drill_log
from ansible_collections.linux.kdump.tests.unit.vmcore_ring import PANIC_LINES, Ring
from ansible_collections.linux.kdump.tests.unit.vmcore_symbols import LAYOUTS, SymbolTable
from ansible_collections.linux.kdump.tests.unit.vmcores import Machine, note

from . import dumps
from .recipes import LENGTH, Base, cook, everywhere, seeds

_SCHEMA: t.Final = Path(__file__).parents[2].joinpath("docs", "schemas", "verdict.schema.json")
#: Compressed files may unpack to this much here.
_LIMIT: t.Final = 8 << 20
_PAGE: t.Final = 4096


@dataclass(frozen=True)
class Target:
    """Something to fuzz: what it begins with, and how long its inputs are at most."""

    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    length: int = LENGTH


class Bytes:
    """A source of bytes in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self._data)

    def extents(self) -> Iterable[tuple[int, int]]:
        """All of them."""
        return [(0, len(self._data))]

    def read(self, offset: int, length: int, what: str) -> bytes:
        """Some of them."""
        check_bounds(self, offset, length, what)
        return self._data[offset : offset + length]


class Files:
    """Writes files where the code under test finds them, in memory where the machine has such a folder."""

    def __init__(self) -> None:
        base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self._folder = tempfile.TemporaryDirectory(prefix="kdump-fuzz-", dir=base)
        self._path = Path(self._folder.name, "vmcore")
        self.validator = jsonschema.Draft202012Validator(json.loads(_SCHEMA.read_text(encoding="utf-8")))
        atexit.register(self._folder.cleanup)

    def look(self, data: bytes, *, way: int = 7, info: bytes | None = None) -> None:
        """Only a document comes out, it is valid, and every text in it is fit for a terminal."""
        self._path.write_bytes(data)
        room = Room(_LIMIT, self._folder.name)
        aids = Aids(vmcoreinfo=None if info is None else VmcoreInfo(info), room=room)
        self.check(examine(str(self._path), depth=DEPTHS[way & 3], log=bool(way & 4), aids=aids))

    def check(self, document: dict[str, t.Any]) -> None:
        """Whether this is a verdict document."""
        self.validator.validate(document)
        json.dumps(document, allow_nan=False, ensure_ascii=False).encode()
        for text in (*_texts(document), summarise(document)):
            bad = [
                character for character in text if unicodedata.category(character) == "Cc" and character not in "\n\t"
            ]
            if bad:
                raise AssertionError(f"{bad[0]!r} in {text[:80]!r}")


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in (*value, *value.values()):
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def make_file() -> Target:
    """A whole file, looked at as the module does."""
    files, bases = Files(), dumps.whole_files()

    def run(data: bytes) -> None:
        recipe = cook(data, bases)
        files.look(recipe.data, way=recipe.way)

    return Target(run, lambda: seeds(bases))


def make_vmcoreinfo() -> Target:
    """VMCOREINFO that leads the readers of a sound dump astray."""
    files, machines = Files(), [Machine(), Machine(variant="s390x"), Machine(variant="i386-pae")]
    written = [write_elf(machine, filtered=True, notes=note(b"CORE\0", 1, bytes(336))) for machine in machines]

    def run(data: bytes) -> None:
        files.look(written[data[0] % len(written)] if data else b"", info=data[1:])

    return Target(run, lambda: [bytes([at]) + one.vmcoreinfo for at, one in enumerate(machines)], 2048)


def make_notes() -> Target:
    """The notes of one segment, for each machine there is."""

    def run(data: bytes) -> None:
        machine = MACHINES[data[0] % len(MACHINES)] if data else None
        read_notes(Bytes(data[1:]), [(0, len(data[1:]))], machine, "<>"[len(data) & 1])

    found = [bytes([at]) + Machine(variant=kind).notes for kind in ("x86_64", "s390x") for at in range(len(MACHINES))]
    return Target(run, lambda: [*found, b"\0" + note(b"QEMU\0", 0, bytes(8)) + note(b"ERASEINFO\0", 0, b"x")], 4096)


def make_kdump() -> Target:
    """Headers, bitmap and descriptors."""
    bases = dumps.kdump_files()

    def run(data: bytes) -> None:
        with contextlib.suppress(UnreadableError):
            container = KdumpFile(Bytes(cook(data, bases).data))
            container.check_pages()
            for page in (0, 0x2000, 0x2001):
                with contextlib.suppress(UnreadableError):
                    container.read_physical(page * _PAGE, 8)

    return Target(run, lambda: seeds(bases))


def make_flat() -> Target:
    """The records of a flattened stream."""
    bases = dumps.streams()

    def run(data: bytes) -> None:
        with contextlib.suppress(UnreadableError):
            stream = FlatSource(Bytes(cook(data, bases).data))
            read_all(stream)
            stream.read(0, min(stream.size, 1 << 20), "all")

    return Target(run, lambda: seeds(bases))


def make_lzo() -> Target:
    """Our decoder, beside the library where there is one."""

    def outcome(decompress: Callable[[bytes, int], bytes], data: bytes) -> bytes | None:
        try:
            return decompress(data, _PAGE)
        except lzo.LzoError:
            return None

    def run(data: bytes) -> None:
        ours, theirs = outcome(lzo.decompress_python, data), outcome(lzo.decompress, data)
        if ours != theirs:
            raise AssertionError(f"{ours!r} is not {theirs!r}")

    pages = (b"abcabcabc" * 30, bytes(300), bytes(range(256)), b"")
    return Target(run, lambda: [*map(pack_lzo, pages), b"\x12a\x11\x00\x00"], 512)


def make_log() -> Target:
    """Each generation of the kernel log, in memory that holds nothing else."""
    logs = [
        Ring(),
        Ring(exact=True),
        Ring(bits=32, order=">"),
        Records(),
        Records(callers=True, order=">"),
        Characters(),
    ]
    memories = [Flat(drill_log(log)) for log in logs]
    infos = [VmcoreInfo("\n".join(one.log.lines(one)).encode()) for one in memories]
    starts = {0x1000: 0x80, 0x2000: 0x100, 0x10000: 1 << 13, 0x50010: 1 << 11, len(memories[0].memory) // 2: 1 << 13}
    bases = [everywhere(bytes(one.memory), *starts.items()) for one in memories]

    def run(data: bytes) -> None:
        recipe = cook(data, bases)
        memory = memories[recipe.base]
        memory.memory = bytearray(recipe.data)
        memory.size = len(recipe.data)
        with contextlib.suppress(UnreadableError):
            walk = read_log(memory, infos[recipe.base])
            judge_log(walk)
            find_panic(walk.records)

    return Target(run, lambda: seeds(bases))


def make_kallsyms() -> Target:
    """The table of symbols in each layout, and what is looked up in it."""
    tables = [SymbolTable(layout=layout, bits=bits, order=order)
              for layout in LAYOUTS for bits, order in ((64, "<"), (32, ">"))]  # fmt: skip
    infos = [VmcoreInfo(table.vmcoreinfo) for table in tables]
    bases = [_regions(table) for table in tables]

    def run(data: bytes) -> None:
        recipe = cook(data, bases)
        table = tables[recipe.base]
        for (at, size), start in zip(bases[recipe.base].places, table.regions):
            table.regions[start] = recipe.data[at : at + size]
        with contextlib.suppress(UnreadableError):
            symbols = open_symbols(table, infos[recipe.base], "x86_64")
            if symbols:
                [symbols.function_at(table.base + offset, after_call=True) for offset in range(0, 0x900, 0x80)]
                list(symbols.stack(table.base + (table.table & ~0x3FFF)))
                symbols.banner(), symbols.command_line(), symbols.tainted_mask(), symbols.cpu("panic_cpu")

    return Target(run, lambda: seeds(bases))


def _regions(table: SymbolTable) -> Base:
    data, places = b"", []
    for region in table.regions.values():
        places.append((len(data), len(region)))
        data += region
    return Base(data, tuple(places))


def make_triage() -> Target:
    """The text of a log, as far as to the summary."""
    files = Files()
    blank = examine(__file__)

    def run(data: bytes) -> None:
        lines = [safe_text(line) for line in data.split(b"\n")]
        records = [LogRecord(at, at * 10**6, at & 7, 0, None, line) for at, line in enumerate(lines)]
        found = triage(find_panic(records), records=records, registers=(), symbols=None)
        files.check({**blank, **found.as_dict()})

    return Target(run, _reports, 4096)


def _reports() -> list[bytes]:
    oops = (
        b"BUG: kernel NULL pointer dereference, address: 0000000000000000\n#PF: supervisor read access\n"
        b"Oops: 0000 [#1] PREEMPT SMP NOPTI\nCPU: 0 PID: 1 Comm: a b Tainted: G OE 6.1 #1\n"
        b"RIP: 0010:f.isra.0+0x1/0x2 [mod]\nCall Trace:\n <TASK>\n ? g+0x1/0x2\n h+0x3/0x4\n </TASK>\n"
        b"Modules linked in: a(OE) b [last unloaded: c]\nKernel panic - not syncing: Fatal exception\n"
    )
    others = [
        b"watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [x:1]",
        b"INFO: task a:1 blocked for more than 120 seconds.",
        b"rcu: INFO: rcu_sched detected stalls on CPUs/tasks:", b"Kernel BUG at mm/slub.c:1!", b"NMI: Not continuing",
        b"Internal error: Oops: 96000004 [#1] SMP\npc : f+0x1/0x2\nlr : g+0x1/0x2", b"Out of memory: Killed process 1",
        b"NIP [c000000000000000] f+0x1/0x2", b"Krnl PSW : 0704 0000 (f+0x1/0x2)", b"Pid: 1, comm: x Not tainted 2.6 #1",
    ]  # fmt: skip
    return [oops, "\n".join(line for line, _level in PANIC_LINES).encode(), *(oops[:200] + one for one in others)]


TARGETS: t.Final[dict[str, Callable[[], Target]]] = {
    "file": make_file,
    "vmcoreinfo": make_vmcoreinfo,
    "notes": make_notes,
    "kdump": make_kdump,
    "flat": make_flat,
    "lzo": make_lzo,
    "log": make_log,
    "kallsyms": make_kallsyms,
    "triage": make_triage,
}
