# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start a bzImage as kexec does: at any place, with a memory map of one's own, past every boot loader.

By the 32-bit boot protocol (Documentation/x86/boot.rst). What firmware leads to is a few instructions of our own that
point to the kernel's parameters and jump: the emulator loads them as a multiboot image, the kernel lies in memory.
"""

from __future__ import annotations

import struct
import typing as t
from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import KdumpError

#: Where the instructions are loaded; the capture kernel is not told of any memory here.
STUB_ADDRESS: t.Final = 1 << 20
PARAMETERS_SIZE: t.Final = 4096

_HEADER: t.Final = 0x1F1
_MAGIC_AT: t.Final = 0x202
_MAGIC: t.Final = b"HdrS"
#: The first protocol that tells init_size, Linux 2.6.35.
_PROTOCOL: t.Final = 0x20A
_E820_AT, _E820_COUNT_AT, _E820_MOST = 0x2D0, 0x1E8, 128
_USABLE: t.Final = 1
_OTHER_LOADER: t.Final = 0xFF
_LOADED_HIGH: t.Final = 1
_NORMAL_VIDEO: t.Final = 0xFFFF
_SECTOR: t.Final = 512

_MULTIBOOT: t.Final = 0x1BADB002
#: The image says itself where it wants to be, and is no ELF file.
_ADDRESSES: t.Final = 1 << 16
#: Flat segments of 4 GiB for code and data, at the selectors that the protocol asks for: 0x10 and 0x18.
_GDT: t.Final = struct.pack("<4Q", 0, 0, 0x00CF9A000000FFFF, 0x00CF92000000FFFF)
_CODE_AT: t.Final = 32


class ImageError(KdumpError):
    """A file that cannot be started as a capture kernel."""


@dataclass(frozen=True)
class BzImage:
    """A kernel image, taken apart."""

    header: bytes
    #: What runs in protected mode: the part that is put in place and jumped to.
    code: bytes
    #: Memory that it needs from its place on until it has found its own, and what its place is a multiple of.
    init_size: int
    alignment: int
    longest_line: int


def read(data: bytes) -> BzImage:
    """Take an image apart; an error where it is none, or cannot run where a reservation happens to be."""
    if len(data) < 0x264 or data[_MAGIC_AT : _MAGIC_AT + 4] != _MAGIC:
        raise ImageError("Cannot rehearse with the kernel: it is no bzImage of x86. Name the image that kexec loads.")
    (protocol,) = struct.unpack_from("<H", data, 0x206)
    if protocol < _PROTOCOL or not data[0x234]:
        raise ImageError("Cannot rehearse with the kernel: it is too old or not relocatable. Set CONFIG_RELOCATABLE.")
    alignment, longest = struct.unpack_from("<I", data, 0x230)[0], struct.unpack_from("<I", data, 0x238)[0]
    start = ((data[_HEADER] or 4) + 1) * _SECTOR
    end = _MAGIC_AT + data[0x201]
    if start >= len(data) or end > _E820_AT or not alignment:
        raise ImageError("Cannot rehearse with the kernel: its header is damaged. Build or copy it again.")
    return BzImage(
        header=data[_HEADER:end],
        code=data[start:],
        init_size=struct.unpack_from("<I", data, 0x260)[0],
        alignment=alignment,
        longest_line=longest,
    )


def parameters(
    image: BzImage, *, kernel: int, line: int, initramfs: tuple[int, int], usable: Sequence[tuple[int, int]]
) -> bytes:
    """The kernel's parameters, a page: where it is, its command line, its initramfs, and all memory that it may use."""
    if len(usable) > _E820_MOST:
        raise ImageError(f"Cannot rehearse with {len(usable)} pieces of memory: at most {_E820_MOST} fit.")
    page = bytearray(PARAMETERS_SIZE)
    page[_HEADER : _HEADER + len(image.header)] = image.header
    struct.pack_into("<H", page, 0x1FA, _NORMAL_VIDEO)
    page[0x210] = _OTHER_LOADER
    page[0x211] |= _LOADED_HIGH
    struct.pack_into("<III", page, 0x214, kernel, *initramfs)
    struct.pack_into("<I", page, 0x228, line)
    page[_E820_COUNT_AT] = len(usable)
    for number, (start, end) in enumerate(usable):
        struct.pack_into("<QQI", page, _E820_AT + 20 * number, start, end - start, _USABLE)
    return bytes(page)


def stub(*, entry: int, parameters: int) -> bytes:
    """A multiboot image that jumps to the kernel."""
    loads = b"\x8e\xd8\x8e\xc0\x8e\xd0\x8e\xe0\x8e\xe8"  # mov ax to ds, es, ss, fs, gs
    clears = b"\x31\xdb\x31\xed\x31\xff"  # xor ebx, ebp, edi: they must be 0
    tail = b"\x66\xb8\x18\x00" + loads + clears + struct.pack("<BIBI", 0xBE, parameters, 0xB8, entry) + b"\xff\xe0"
    # cli, cld; lgdt; a far jump to what follows it, by which the code segment is loaded
    after = STUB_ADDRESS + _CODE_AT + 2 + 7 + 7
    descriptor = after + len(tail)
    head = b"\xfa\xfc" + b"\x0f\x01\x15" + struct.pack("<I", descriptor) + b"\xea" + struct.pack("<IH", after, 0x10)
    table = struct.pack("<HI", len(_GDT) - 1, descriptor + 6) + _GDT
    checksum = -(_MULTIBOOT + _ADDRESSES) & 0xFFFFFFFF
    header = struct.pack(
        "<8I", _MULTIBOOT, _ADDRESSES, checksum, STUB_ADDRESS, STUB_ADDRESS, 0, 0, STUB_ADDRESS + _CODE_AT
    )
    return header + head + tail + table
