# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EFI programs with sections of which only the names and the texts are real."""

from __future__ import annotations

import struct


def pe_image(*lines: bytes) -> bytes:
    """A unified kernel image whose profiles pass these command lines."""
    sections = [(b".text", b"\x90" * 16), *((b".cmdline", line) for line in lines)]
    start, optional = 0x80, 0xF0
    offset = start + 24 + optional + 40 * len(sections)
    table, data = b"", b""
    for name, content in sections:
        raw = content.ljust((len(content) + 511) // 512 * 512, b"\0")
        table += struct.pack("<8sIIIIIIHHI", name, len(content), 0x1000, len(raw), offset + len(data), 0, 0, 0, 0, 0)
        data += raw
    head = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", start)
    coff = struct.pack("<4sHHIIIHH", b"PE\0\0", 0x8664, len(sections), 0, 0, 0, optional, 0)
    return head.ljust(start, b"\0") + coff + b"\0" * optional + table + data
