# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel images for tests."""

from __future__ import annotations

import struct


def bzimage(
    *, code: bytes = b"\x90" * 5000, init_size: int = 8 << 20, alignment: int = 2 << 20, protocol: int = 0x20F,
    relocatable: int = 1, sectors: int = 3,
) -> bytes:  # fmt: skip
    """An image with the header that Documentation/x86/boot.rst describes."""
    head = bytearray((sectors + 1) * 512)
    head[0x1F1] = sectors
    struct.pack_into("<H", head, 0x1FE, 0xAA55)
    head[0x200:0x202] = b"\xeb\x6a"
    head[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", head, 0x206, protocol)
    struct.pack_into("<I", head, 0x230, alignment)
    head[0x234] = relocatable
    struct.pack_into("<I", head, 0x238, 2047)
    struct.pack_into("<I", head, 0x260, init_size)
    return bytes(head) + code
