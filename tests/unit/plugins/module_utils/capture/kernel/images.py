# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel images to test with."""

from __future__ import annotations

import struct


def header(*, sectors: int = 31, protocol: int = 0x20F, memory: int = 0x5A6000) -> bytes:
    """What begins a bzImage, as Linux 6.1 writes it."""
    start = bytearray(1024)
    start[0x1F1] = sectors
    start[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", start, 0x206, protocol)
    struct.pack_into("<I", start, 0x260, memory)
    return bytes(start)
