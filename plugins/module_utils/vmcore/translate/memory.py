# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual memory of the crashed kernel: which class knows the page tables of which architecture."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ..abi import Abi
from ..containers.container import UTSNAME_SIZE, Container, Utsname, parse_utsname
from ..findings import UnreadableError, unreadable
from ..vmcoreinfo import VmcoreInfo
from .aarch64 import Arm64Memory
from .i386 import I386Memory
from .paged import Headers, PagedMemory, Physical
from .ppc64 import Ppc64Memory
from .s390x import S390Memory
from .x86_64 import X86Memory


class Memory(t.Protocol):
    """Something that reads the crashed kernel's memory by virtual address."""

    abi: Abi

    def read(self, address: int, length: int) -> bytes:
        """Exactly ``length`` bytes."""


#: Whose memory can be read; the keys are uname's names of machines.
ARCHITECTURES: t.Final[dict[str, Callable[[Physical, VmcoreInfo, t.Optional[Headers]], PagedMemory]]] = {
    "x86_64": X86Memory,
    "i386": I386Memory,
    "ppc64le": Ppc64Memory,
    "ppc64": Ppc64Memory,
    "aarch64": Arm64Memory,
    "s390x": S390Memory,
}


def open_memory(container: Container, info: VmcoreInfo) -> PagedMemory:
    """The memory of the dump's kernel."""
    architecture = ARCHITECTURES.get(container.machine or "")
    if architecture is None:
        raise unreadable("machine-unsupported", machine=container.machine, known=", ".join(ARCHITECTURES))
    return architecture(container, info, container.virtual_to_physical)


def read_utsname(memory: Memory, info: VmcoreInfo) -> Utsname | None:
    """Release and host name as the kernel itself held them; None where the dump does not tell."""
    try:
        return parse_utsname(memory.read(info.symbol("init_uts_ns") + info.offset("uts_namespace.name"), UTSNAME_SIZE))
    except UnreadableError:
        return None
