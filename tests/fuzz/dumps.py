# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Valid dumps to begin with: each container, some architectures, each generation of the log; all of them small."""

from __future__ import annotations

import gzip
import struct

from ansible_collections.linux.kdump.tests.unit.vmcore_files import KdumpOptions, flatten, write_elf, write_kdump
from ansible_collections.linux.kdump.tests.unit.vmcore_logs import Characters, Records, drill_log
from ansible_collections.linux.kdump.tests.unit.vmcore_symbolic import Symbolic
from ansible_collections.linux.kdump.tests.unit.vmcores import BASE, Machine

from .recipes import Base, everywhere

_HEADERS = 1 << 13
_PAGE = 4096


def whole_files() -> list[Base]:
    """For the target that looks at a file as the module does."""
    plain, old, older = Symbolic(), Machine(drill_log(Records())), Machine(drill_log(Characters()))
    compact, big = Symbolic(variant="i386-pae"), Symbolic(variant="s390x")
    bases = [
        _base(plain, write_elf(plain, filtered=True)),
        _base(compact, write_kdump(compact, KdumpOptions("raw"))),
        _base(old, write_elf(old, filtered=True, xnum=True, strings=False)),
        _base(older, write_elf(older, filtered=True, strings=True)),
        _base(big, write_elf(big, filtered=True)),
        _base(plain, write_kdump(plain, KdumpOptions("raw", erased=b"erased"))),
    ]
    bases += [
        _base(machine, write_elf(machine, filtered=True)) for machine in map(_symbolic, ("aarch64-4k-39", "i386"))
    ]
    packed = [KdumpOptions("zlib"), KdumpOptions("lzo", split=(0x2000, 0x2080)), KdumpOptions("lzo", version=3)]
    bases += [everywhere(data, (0, _HEADERS)) for data in (write_kdump(plain, options) for options in packed)]
    streams = [flatten(write_elf(plain, filtered=True)), flatten(write_kdump(plain))]
    bases += [_records(stream) for stream in streams]
    return [*bases, everywhere(gzip.compress(bases[0].data, 1, mtime=0), (0, 64))]


def kdump_files() -> list[Base]:
    """Files of a few pages, so that headers and descriptors are most of them."""
    few = tuple(range(BASE // _PAGE + 8, (BASE >> 12) + 1024))
    machines = {"x86_64": Machine(), "i386": Machine(variant="i386"), "s390x": Machine(variant="s390x")}
    options = [KdumpOptions(codec, drop=few) for codec in ("raw", "zlib", "lzo", "snappy", "zstd")]
    options += [KdumpOptions("lzo", version=version, drop=few) for version in (1, 4)]
    data = [write_kdump(machine, one) for machine in machines.values() for one in options[2:3]]
    data += [write_kdump(machines["x86_64"], one) for one in options]
    return [everywhere(one, (0, 480), (_PAGE, 1536), (4 * _PAGE, 24 * 16), (2 * _PAGE, 2 * _PAGE)) for one in data]


def streams() -> list[Base]:
    """Flattened streams of something short."""
    return [_records(flatten(bytes(range(256)) * 300)), _records(flatten(b"\x7fELF" + bytes(120_000)))]


def _symbolic(variant: str) -> Symbolic:
    return Symbolic(variant=variant)


def _base(machine: Machine, data: bytes) -> Base:
    """The headers, and each page of memory that is found in the file as it is."""
    page = machine.kind.page
    pages = {machine.get(at, page) for at in range(machine.base, machine.base + machine.size, page)} - {bytes(page)}
    starts = sorted(data.find(one) for one in pages)
    info = data.find(b"VMCOREINFO\0")
    return everywhere(data, (0, 64), (64, 512), (0, _HEADERS), (info, 2048), *((at, page) for at in starts if at >= 0))


def _records(stream: bytes) -> Base:
    """The header and each record's own header."""
    at, places = _PAGE, []
    while at + 16 <= len(stream):
        places.append((at, 16))
        _start, size = struct.unpack_from(">qq", stream, at)
        if size < 0:
            break
        at += 16 + size
    return everywhere(stream, (0, 64), *places, (_PAGE, 1 << 10))
