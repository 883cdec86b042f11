# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs from architecture to architecture when a kernel is built."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ...errors import KdumpError
from .fragments import machines


class ArchitectureError(KdumpError):
    """No kernel can be built for this architecture."""


@dataclass(frozen=True)
class Architecture:
    """One architecture as kernel and compiler call it."""

    name: str
    #: The kernel's names for it: ARCH= and the folder below arch/.
    kernel_name: str
    #: What the target triplet of a compiler for it begins with.
    compiler: str
    #: Make target and file of the image that kexec loads.
    target: str
    image: str
    fragment: str


ARCHITECTURES: t.Final = {
    "x86_64": Architecture(
        name="x86_64", kernel_name="x86", compiler="x86_64-", target="bzImage", image="arch/x86/boot/bzImage",
        fragment=machines.X86_64,
    ),
}  # fmt: skip


def find(name: str) -> Architecture:
    """The architecture of that name."""
    if name not in ARCHITECTURES:
        known = ", ".join(sorted(ARCHITECTURES))
        raise ArchitectureError(
            f"Cannot build a kernel for the architecture {name[:40]!r}: it is not one of those known here ({known})"
        )
    return ARCHITECTURES[name]
