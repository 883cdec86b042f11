# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs from architecture to architecture when a kernel is built and loaded."""

from __future__ import annotations

import posixpath
import typing as t
from dataclasses import dataclass

from ...errors import KdumpError
from .fragments import machines


class ArchitectureError(KdumpError):
    """No kernel can be built for this architecture."""


@dataclass(frozen=True)
class Architecture:
    """One architecture as kernel, compiler and Debian call it."""

    #: The name in this collection's options and documents.
    name: str
    #: What uname -m says; the first is the usual one.
    machines: tuple[str, ...]
    #: The kernel's ARCH= and the folder below arch/ with its source.
    kernel_name: str
    source_name: str
    #: Debian's name of the architecture, and the prefix of Debian's cross compiler for it.
    debian: str
    cross: str
    #: Make target and file of the image that kexec loads.
    target: str
    built: str
    fragment: str
    #: The kind of ELF core headers that kexec prepares for it.
    core_headers: t.Literal["elf32", "elf64"] = "elf64"
    #: What kexec_file_load needs there beyond what it needs everywhere; None where there is no such system call.
    file_load: str | None = ""
    #: kexec-tools takes the length of a capture kernel's file for the memory that it needs.
    full_length: bool = False

    @property
    def machine(self) -> str:
        """What uname -m says."""
        return self.machines[0]

    @property
    def image(self) -> str:
        """The name of the file that kexec loads."""
        return posixpath.basename(self.built)

    @property
    def compiler(self) -> str:
        """What the target triplet of a compiler for it begins with."""
        return self.cross.partition("-")[0] + "-"

    @property
    def packages(self) -> dict[str, str]:
        """Debian's packages of the cross compiler's commands."""
        triplet = self.cross.rstrip("-").replace("_", "-")
        return {f"{self.cross}gcc": f"gcc-{triplet}", f"{self.cross}ld": f"binutils-{triplet}"}


_ALL: t.Final = (
    Architecture(
        name="x86_64", machines=("x86_64", "amd64"), kernel_name="x86", source_name="x86",
        debian="amd64", cross="x86_64-linux-gnu-",
        target="bzImage", built="arch/x86/boot/bzImage", fragment=machines.X86_64,
    ),
    Architecture(
        # kexec-tools writes ELF32 headers where all memory lies below 4 GiB, which it does without PAE
        name="i386", machines=("i686", "i386", "i486", "i586"), kernel_name="i386", source_name="x86",
        debian="i386", cross="i686-linux-gnu-", core_headers="elf32", file_load=None,
        target="bzImage", built="arch/x86/boot/bzImage", fragment=machines.I386, full_length=True,
    ),
    Architecture(
        # the ELF file itself: neither firmware nor kexec on POWER needs another format
        name="ppc64le", machines=("ppc64le",), kernel_name="powerpc", source_name="powerpc",
        debian="ppc64el", cross="powerpc64le-linux-gnu-",
        target="vmlinux", built="vmlinux", fragment=machines.PPC64LE,
    ),
    Architecture(
        # not compressed: neither kexec-tools nor the kernel unpacks Image.gz for kexec_file_load
        name="arm64", machines=("aarch64", "arm64"), kernel_name="arm64", source_name="arm64",
        debian="arm64", cross="aarch64-linux-gnu-",
        target="Image", built="arch/arm64/boot/Image", fragment=machines.ARM64,
    ),
    Architecture(
        name="s390x", machines=("s390x",), kernel_name="s390", source_name="s390",
        debian="s390x", cross="s390x-linux-gnu-",
        target="bzImage", built="arch/s390/boot/bzImage", fragment=machines.S390X,
        file_load=machines.S390X_FILE_LOAD,
    ),
)  # fmt: skip

ARCHITECTURES: t.Final = {architecture.name: architecture for architecture in _ALL}

#: The architecture of each name that uname -m may give.
MACHINES: t.Final = {machine: architecture.name for architecture in _ALL for machine in architecture.machines}


def find(name: str) -> Architecture:
    """The architecture of that name, or of that answer of uname -m."""
    name = MACHINES.get(name, name)
    if name not in ARCHITECTURES:
        known = ", ".join(sorted(ARCHITECTURES))
        raise ArchitectureError(
            f"Cannot build a kernel for the architecture {name[:40]!r}: it is not one of those known here ({known})"
        )
    return ARCHITECTURES[name]
