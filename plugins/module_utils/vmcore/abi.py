# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a machine lays out its numbers: the width of a pointer and the order of bytes."""

from __future__ import annotations

import struct
import typing as t


class Abi(t.NamedTuple):
    """One width and byte order; C(unsigned long) is as wide as a pointer on every Linux machine."""

    bits: int
    #: As the module struct writes it: "<" or ">".
    order: str

    @property
    def word(self) -> struct.Struct:
        """C(unsigned long), and any pointer."""
        return struct.Struct(f"{self.order}{'Q' if self.bits == 64 else 'I'}")

    def layout(self, members: str) -> struct.Struct:
        """A structure in this byte order, without padding of its own."""
        return struct.Struct(self.order + members)


ABIS: t.Final[dict[str, Abi]] = {
    "x86_64": Abi(64, "<"),
    "i386": Abi(32, "<"),
    "ppc64le": Abi(64, "<"),
    "ppc64": Abi(64, ">"),
    "aarch64": Abi(64, "<"),
    "s390x": Abi(64, ">"),
    "ppc": Abi(32, ">"),
    "arm": Abi(32, "<"),
    "riscv64": Abi(64, "<"),
}
