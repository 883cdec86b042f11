# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of machines that can crash in the tests: one row each, as its kernel lays out its memory.

What a row's kernel says in VMCOREINFO is what arch_crash_save_vmcoreinfo() of that architecture says.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from dataclasses import dataclass

from .vmcore_tables import Paging, arm64, hash_64k, i386, radix, s390, x86_64

if t.TYPE_CHECKING:
    from .vmcores import Machine

Lines = Callable[["Machine"], list[str]]
MASK64 = (1 << 64) - 1
IMAGE = 0xFFFFFFFF80000000


@dataclass(frozen=True)
class Kind:
    """One kind of machine."""

    #: As uname(2) and as ELF call it.
    machine: str
    number: int
    paging: Paging
    lines: Lines
    #: Where physical address 0 is in the linear map, and what its page tables map at once, as a power of two.
    linear: int
    linear_shift: int
    #: Where pages are mapped one by one, as vmalloc() does.
    scattered: int
    #: Where the kernel image is, and by what pages; without an address it is found in the linear map only.
    kernel: int | None = None
    image_shift: int = 0
    page: int = 4096
    bits: int = 64
    order: str = "<"
    #: Size of a struct elf_prstatus.
    prstatus: int = 336
    #: False where no reader can follow the page tables.
    walkable: bool = True


def _x86_lines(sme: int = 0, levels: int = 4) -> Lines:
    def lines(machine: Machine) -> list[str]:
        root, offset = machine.symbol(machine.root), machine.kernel - 0xFFFFFFFF81000000
        return [
            f"NUMBER(phys_base)={machine.base - (machine.kernel - IMAGE)}", f"SYMBOL(init_top_pgt)={root:x}",
            f"NUMBER(pgtable_l5_enabled)={int(levels == 5)}", f"SYMBOL(node_data)={machine.kernel + 0x5000:x}",
            "LENGTH(node_data)=1024", f"KERNELOFFSET={offset:x}", "NUMBER(KERNEL_IMAGE_SIZE)=1073741824",
            f"NUMBER(sme_mask)={sme}",
        ]  # fmt: skip

    return lines


def _x86(linear: int, scattered: int, *, kaslr: int = 0, sme: int = 0, levels: int = 4) -> Kind:
    return Kind(
        "x86_64", 62, x86_64(levels=levels, sme=sme), _x86_lines(sme, levels), linear, 30, scattered,
        kernel=0xFFFFFFFF81000000 + kaslr, image_shift=21,
    )  # fmt: skip


def _i386(*, pae: bool, offset: int = 0xC0000000) -> Kind:
    return Kind(
        "i686", 3, i386(pae=pae), lambda _machine: ["CONFIG_X86_PAE=y"] if pae else [], offset, 21 if pae else 22,
        0xF8800000, bits=32, prstatus=144,
    )  # fmt: skip


def _ppc64(machine: str, page_shift: int, radix_mmu: int | None) -> Kind:
    def lines(crashed: Machine) -> list[str]:
        told = [] if radix_mmu is None else [f"NUMBER(RADIX_MMU)={radix_mmu}"]
        return [f"SYMBOL(node_data)={crashed.kernel + 0x5000:x}", "LENGTH(node_data)=256", *told, "KERNELOFFSET=0"]

    paging = radix(page_shift=page_shift) if radix_mmu or page_shift == 12 else hash_64k()
    order = "<" if machine == "ppc64le" else ">"
    return Kind(
        machine, 21, paging, lines, 0xC000000000000000, 21 if radix_mmu != 0 else 0, 0xC008000000060000,
        page=1 << page_shift, order=order, prstatus=504, walkable=radix_mmu != 0,
    )  # fmt: skip


def _arm64_lines(configured: int, actual: int, linear: int, *, told: bool) -> Lines:
    def lines(machine: Machine) -> list[str]:
        # PHYS_OFFSET is where the linear map would begin, which need not be an address: it may be below 0.
        start = -(1 << configured) if told else -(1 << configured - 1)
        return [
            f"NUMBER(VA_BITS)={configured}", f"NUMBER(kimage_voffset)=0x{machine.kernel - machine.base & MASK64:x}",
            f"NUMBER(PHYS_OFFSET)=0x{start - linear & MASK64:x}",
            *([f"NUMBER(TCR_EL1_T1SZ)=0x{64 - actual:x}"] if told else []),
            "KERNELOFFSET=0", "NUMBER(KERNELPACMASK)=0x0",
        ]  # fmt: skip

    return lines


def _arm64(page_shift: int, configured: int, actual: int | None = None, *, flipped: bool = True) -> Kind:
    """``flipped``: since 5.4 the linear map is the lower half of the kernel's addresses, before it was the upper."""
    told, actual = flipped, actual or configured
    folded = page_shift != 16 and actual != configured
    wide = configured == 52
    paging = arm64(
        page_shift=page_shift, bits=actual if folded else configured,
        lpa=wide and page_shift == 16, lpa2=wide and page_shift != 16 and not folded,
    )  # fmt: skip
    half = 1 << (47 if page_shift == 14 and wide else min(48, configured)) - 1
    linear = (-(1 << actual) if flipped else -half) + (1 << 30)
    others = (-half if flipped else -2 * half) & MASK64
    blocks = {12: (21, 30), 14: (25, 25), 16: (16, 29)}[page_shift]
    return Kind(
        "aarch64", 183, paging, _arm64_lines(configured, actual, linear, told=told), linear & MASK64, blocks[1],
        others + (1 << 34), kernel=others + 0x8000000, image_shift=blocks[0], page=1 << page_shift, prstatus=392,
    )  # fmt: skip


def _s390(root: int, *, identity: int | None = None) -> Kind:
    """``identity``: since 6.10 memory need not be mapped from address 0 on, and the kernel lies elsewhere."""

    def lines(machine: Machine) -> list[str]:
        offset = 0 if identity is None else machine.kernel
        uncoupled = [f"IDENTITYBASE={identity:x}"] if identity is not None else []
        # The variable high_memory holds the end of the linear map.
        machine.put(machine.image(0x4000), (machine.linear(machine.base) + machine.size).to_bytes(8, "big"))
        return [
            f"SYMBOL(lowcore_ptr)={machine.kernel + 0x6000:x}", f"SYMBOL(high_memory)={machine.kernel + 0x4000:x}",
            "LENGTH(lowcore_ptr)=512", "SAMODE31=0", "EAMODE31=0", *uncoupled, f"KERNELOFFSET={offset:x}",
            *([f"KERNELOFFPHYS={machine.base:x}"] if uncoupled else []),
        ]  # fmt: skip

    return Kind(
        "s390x", 22, s390(root=root), lines, identity or 0, 20 if identity is None else 31, 0x38000000000,
        kernel=None if identity is None else 0x3FFE0000000, image_shift=20, order=">",
    )  # fmt: skip


KINDS: dict[str, Kind] = {
    "x86_64": _x86(0xFFFF888000000000, 0xFFFFC90000000000),
    "x86_64-5level": _x86(0xFF11000000000000, 0xFFA0000000000000, levels=5),
    "x86_64-kaslr": _x86(0xFFFF9A3640000000, 0xFFFFB1A8C0000000, kaslr=0x1CE00000),
    "x86_64-sme": _x86(0xFFFF888000000000, 0xFFFFC90000000000, sme=1 << 47),
    "i386": _i386(pae=False),
    "i386-pae": _i386(pae=True),
    "i386-pae-2g": _i386(pae=True, offset=0x80000000),
    "ppc64le": _ppc64("ppc64le", 16, 1),
    "ppc64le-4k": _ppc64("ppc64le", 12, None),
    "ppc64": _ppc64("ppc64", 16, 1),
    "ppc64le-hash": _ppc64("ppc64le", 16, 0),
    "aarch64": _arm64(12, 48),
    "aarch64-4k-39": _arm64(12, 39),
    "aarch64-4k-52": _arm64(12, 52),
    "aarch64-4k-52-on-48": _arm64(12, 52, 48),
    "aarch64-16k-47": _arm64(14, 47),
    "aarch64-16k-48": _arm64(14, 48),
    "aarch64-16k-52": _arm64(14, 52),
    "aarch64-64k-42": _arm64(16, 42),
    "aarch64-64k-48": _arm64(16, 48),
    "aarch64-64k-52": _arm64(16, 52),
    "aarch64-64k-52-on-48": _arm64(16, 52, 48),
    "aarch64-before-5.4": _arm64(12, 48, flipped=False),
    "s390x": _s390(31),
    "s390x-8p": _s390(42),
    "s390x-6.10": _s390(42, identity=0x4000000000),
}
