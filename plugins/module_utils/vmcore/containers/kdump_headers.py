# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two headers of the kdump-compressed format, in each width, byte order and alignment, versions 1 to 6."""

from __future__ import annotations

import struct
import typing as t
from dataclasses import dataclass

from ..findings import unreadable
from .container import UTSNAME_SIZE, Utsname, parse_utsname
from .machines import MachineType, machine_by_name
from .source import Source

#: Enough for the first header in any layout; the second follows in the next block.
_HEADER_SIZE: t.Final = 464
_UTSNAME_AT: t.Final = 12
#: CRASHTIME, status, block_size, sub_hdr_size, bitmap_blocks and max_mapnr by the width of the machine.
_FIELDS: t.Final = {64: "408xq8xIiiII", 32: "404xi4xIiiII"}
#: phys_base, dump_level, split, start_pfn, end_pfn, then offset and size of VMCOREINFO, of the notes and of ERASEINFO,
#: then start_pfn, end_pfn and max_mapnr in 64 bits. Only 32-bit x86 aligns 64-bit numbers to 4 bytes.
_WIDE: t.Final = "QiiQQQQQQQQQQQ"
_PACKED: t.Final = "IiiIIQIQIQIQQQ"
_PADDED: t.Final = "IiiII4xQI4xQI4xQI4xQQQ"
_PACKING_MACHINES: t.Final = ("i386",)

_BLOCK_SIZES: t.Final = tuple(1 << bits for bits in range(12, 19))
_MAX_SUB_BLOCKS: t.Final = 1 << 20
#: 64 TiB of memory in pages of 4 KiB: a bitmap of 2 GiB.
_MAX_PAGES: t.Final = 1 << 34


@dataclass(frozen=True)
class Headers:
    """Both headers; fields that the header's version does not have yet are zero."""

    version: int
    bits: int
    order: str
    status: int
    block: int
    sub_blocks: int
    bitmap_blocks: int
    pages: int
    utsname: Utsname
    machine: MachineType | None
    dump_level: int
    split: bool
    start: int
    end: int
    vmcoreinfo: tuple[int, int]
    notes: tuple[int, int]
    erased: tuple[int, int]
    #: What is the same in all parts of one dump.
    identity: tuple[object, ...]


class _First(t.NamedTuple):
    crash_time: int
    status: int
    block: int
    sub_blocks: int
    bitmap_blocks: int
    pages: int


def read_headers(source: Source) -> Headers:
    """Both headers, in the one layout in which they make sense."""
    data = source.read(0, _HEADER_SIZE, "the header")
    bits, order, first = _choose(data)
    (version,) = struct.unpack_from(f"{order}i", data, 8)
    names = data[_UTSNAME_AT : _UTSNAME_AT + UTSNAME_SIZE]
    utsname = parse_utsname(names)
    machine = machine_by_name(utsname.machine)
    layout = _WIDE if bits == 64 else _PACKED if machine and machine.name in _PACKING_MACHINES else _PADDED
    second = struct.Struct(order + layout)
    values = second.unpack(source.read(first.block, second.size, "the second header"))
    # Page numbers got 64 bits in version 6; the older fields stay, cut to what fits.
    start, end = values[11:13] if version >= 6 else values[3:5]
    pages = (values[13] if version >= 6 else 0) or first.pages
    if not 0 < pages <= min(_MAX_PAGES, first.bitmap_blocks * first.block * 4):
        raise unreadable("header-damaged", cause=f"{pages} pages in {first.bitmap_blocks} blocks of bitmap")
    return Headers(
        version=version,
        bits=bits,
        order=order,
        status=first.status,
        block=first.block,
        sub_blocks=first.sub_blocks,
        bitmap_blocks=first.bitmap_blocks,
        pages=pages,
        utsname=utsname,
        machine=machine,
        dump_level=values[1] if version >= 1 else 0,
        split=version >= 2 and bool(values[2]),
        start=start,
        end=end,
        vmcoreinfo=values[5:7] if version >= 3 else (0, 0),
        notes=values[7:9] if version >= 4 else (0, 0),
        erased=values[9:11] if version >= 5 else (0, 0),
        identity=(bits, order, names, first.crash_time, first.block, pages),
    )


def _choose(data: bytes) -> tuple[int, str, _First]:
    for bits in (64, 32):
        for order in "<>":
            first = _First._make(struct.unpack_from(order + _FIELDS[bits], data))
            if first.block in _BLOCK_SIZES and 0 < first.sub_blocks < _MAX_SUB_BLOCKS and first.bitmap_blocks:
                return bits, order, first
    raise unreadable("header-damaged", cause="no layout of the kdump header makes sense of it")
