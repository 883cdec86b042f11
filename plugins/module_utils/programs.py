# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an ELF program is for, by the first bytes of its file: no more is needed to refuse one for another machine."""

from __future__ import annotations

import typing as t

#: e_machine and the byte order, and the architecture that they stand for.
_MACHINES: t.Final = {
    (62, "little"): "x86_64", (3, "little"): "i386", (183, "little"): "arm64", (21, "little"): "ppc64le",
    (22, "big"): "s390x",
}  # fmt: skip
#: Programs of another architecture that a kernel runs too.
ALSO_RUNS: t.Final = {"x86_64": ("i386",)}

_MAGIC: t.Final = b"\x7fELF"
_ORDERS: t.Final[dict[int, t.Literal["little", "big"]]] = {1: "little", 2: "big"}
_DATA, _MACHINE = 5, slice(18, 20)


def machine_of(path: str) -> str | None:
    """The architecture that a program is for; None where the file is no program of one that is known here."""
    with open(path, "rb") as stream:
        head = stream.read(_MACHINE.stop)
    if len(head) < _MACHINE.stop or not head.startswith(_MAGIC) or head[_DATA] not in _ORDERS:
        return None
    order = _ORDERS[head[_DATA]]
    return _MACHINES.get((int.from_bytes(head[_MACHINE], order), order))
