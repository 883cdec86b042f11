# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much memory a kernel takes when it starts, as its own image says."""

from __future__ import annotations

import struct
import typing as t

#: More than the headers of any image: ELF files of the kernel have theirs at the start.
HEADER_BYTES: t.Final = 1 << 16
_LOAD: t.Final = 1


def image_memory(head: bytes) -> t.Optional[int]:
    """Bytes of code, data and bss by the first bytes of a kernel's image; None where these do not say.

    Images of s390x and compressed ones of arm64 and ppc64le do not.
    """
    return _x86(head) or _arm64(head) or _elf(head) or None


def _x86(head: bytes) -> int:
    """The boot protocol's init_size, from version 2.10 on (Documentation/arch/x86/boot.rst)."""
    if len(head) < 0x264 or head[0x202:0x206] != b"HdrS" or int.from_bytes(head[0x206:0x208], "little") < 0x20A:
        return 0
    return int.from_bytes(head[0x260:0x264], "little")


def _arm64(head: bytes) -> int:
    """The header's image_size (Documentation/arch/arm64/booting.rst)."""
    return int.from_bytes(head[16:24], "little") if head[56:60] == b"ARMd" else 0


def _elf(head: bytes) -> int:
    """All that the program headers of a 64 bit little-endian file load."""
    if head[:6] != b"\x7fELF\x02\x01" or len(head) < 64:
        return 0
    start = int.from_bytes(head[32:40], "little")
    size, count = struct.unpack_from("<HH", head, 54)
    if size < 56 or start + size * count > len(head):
        return 0
    headers = [head[at : at + size] for at in range(start, start + size * count, size)]
    loaded = [header for header in headers if int.from_bytes(header[:4], "little") == _LOAD]
    return sum(int.from_bytes(header[40:48], "little") for header in loaded)
