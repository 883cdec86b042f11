# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VMCOREINFO: the lines in which a kernel tells where its things are."""

from __future__ import annotations

import re
import typing as t

from .findings import unreadable

_NUMBER: t.Final = re.compile(r"-?(?:0[xX][0-9a-fA-F]{1,16}|[0-9]{1,20})")
#: With CONFIG_SPARSEMEM_EXTREME this is a pointer, and since 4.15 the kernel exports where it leads.
_ELSEWHERE: t.Final = ("SYMBOL(mem_section)",)
_HEX: t.Final = re.compile(r"(?:0[xX])?[0-9a-fA-F]{1,16}")


class VmcoreInfo:
    """The lines, looked up by key; a key that is absent or makes no sense is an UnreadableError naming it."""

    def __init__(self, text: bytes) -> None:
        self._lines: dict[str, str] = {}
        for line in text.rstrip(b"\0").decode("ascii", "replace").splitlines():
            key, separator, value = line.partition("=")
            if separator:
                self._lines[key.strip()] = value.strip()

    def __contains__(self, key: str) -> bool:
        return key in self._lines

    def text(self, key: str) -> str | None:
        """The value as it stands."""
        return self._lines.get(key)

    def symbol(self, name: str) -> int:
        """The run-time address of a symbol."""
        key = f"SYMBOL({name})"
        value = self._lines.get(key, "")
        if not _HEX.fullmatch(value):
            raise unreadable("vmcoreinfo-lacks", key=key)
        return int(value, 16)

    def image_symbols(self) -> tuple[int, ...]:
        """The run-time addresses of all symbols that are told and lie in the kernel image."""
        told = (value for key, value in self._lines.items() if key.startswith("SYMBOL(") and key not in _ELSEWHERE)
        found = tuple(int(value, 16) for value in told if _HEX.fullmatch(value))
        if not found:
            raise unreadable("vmcoreinfo-lacks", key="SYMBOL")
        return found

    def address(self, key: str, default: int) -> int:
        """A line that holds a bare hexadecimal number, such as KERNELOFFSET."""
        value = self._lines.get(key)
        if value is None:
            return default
        if not _HEX.fullmatch(value):
            raise unreadable("vmcoreinfo-lacks", key=key)
        return int(value, 16)

    def page_shift(self) -> int:
        """The size of the kernel's pages, as a power of two."""
        size = self._integer("PAGESIZE", 1 << 12)
        if size not in (1 << 12, 1 << 14, 1 << 16):
            raise unreadable("vmcoreinfo-lacks", key="PAGESIZE")
        return size.bit_length() - 1

    def number(self, name: str, default: int | None = None) -> int:
        """A NUMBER(), decimal or hexadecimal as the kernel chose to print it."""
        return self._integer(f"NUMBER({name})", default)

    def offset(self, name: str) -> int:
        """Where a member is in its structure."""
        return self._small(f"OFFSET({name})")

    def size(self, name: str) -> int:
        """The size of a structure."""
        return self._small(f"SIZE({name})")

    def epoch(self, key: str) -> int | None:
        """A time in seconds."""
        value = self._lines.get(key, "")
        return int(value) if value.isdecimal() and len(value) <= 12 else None

    def _small(self, key: str) -> int:
        value = self._integer(key, None)
        if not 0 <= value < 1 << 16:
            raise unreadable("vmcoreinfo-lacks", key=key)
        return value

    def _integer(self, key: str, default: int | None) -> int:
        if key not in self._lines and default is not None:
            return default
        value = self._lines.get(key, "")
        if not _NUMBER.fullmatch(value):
            raise unreadable("vmcoreinfo-lacks", key=key)
        return int(value, 16) if "x" in value.lower() else int(value)
