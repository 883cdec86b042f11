# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The size C(estimate): what three published estimators say that a capture kernel needs, each by its own formula.

They disagree by hundreds of MiB, since each has other things in mind. So each figure is told with what it is made of,
and the largest is taken. Sources: C(kdumpctl estimate) of rhkdump/kdump-utils, C(kdumptool calibrate) of
openSUSE/kdump, C(kdump-config show) of Debian's kdump-tools. Where they measure their own images or take constants for
them, the images that are to be loaded here are put in.
"""

from __future__ import annotations

import typing as t
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from .calibration import GRANULARITY
from .evaluate import RAM_ROUNDING
from .grammar import Ranges, parse_value
from .growth import MIB, growth
from .vendor import UPSTREAM, Distribution, Hardware, NoTableError, choose_table

#: What stands for a size.
ESTIMATE: t.Final = "estimate"
KIB: t.Final = 1 << 10
FOUR_GIB: t.Final = 1 << 32
#: What a bounce buffer for devices that reach no further than 4 GiB takes.
SWIOTLB: t.Final = 64 * MIB

#: kdumpctl: the initramfs and its unpacked copy in a tmpfs that may fill half of the memory; what else runs; and what
#: cryptsetup takes beside the memory of the key slot.
_COPIES: t.Final = 3
_RUNTIME: t.Final = 16 * MIB
_CRYPTSETUP: t.Final = {"arm64": 50 * MIB}
_CRYPTSETUP_USUAL: t.Final = 20 * MIB

#: Debian: what the kernel takes for each byte of its file, and the least that is kept for the rest.
FILE_FACTORS: t.Final = {"x86_64": 6, "i386": 6, "s390x": 6, "ppc64le": 2}
FILE_FACTOR_USUAL: t.Final = 4
_DEBIAN_LEAST: t.Final = 32 * MIB


@dataclass(frozen=True)
class Constants:
    """What calibrate was given for an architecture by measuring, in bytes."""

    #: Boot-time memory of the kernel that it gives back, and what each CPU takes.
    init: int
    per_cpu: int
    page_descriptor: int = 64
    pointer: int = 8
    #: Whether nr_cpus= makes the kernel smaller.
    reduces_cpus: bool = True
    #: Page descriptors come for this many bytes of memory at once.
    section: int = 0


#: openSUSE/kdump kdumptool/calibrate.cc at b7905e9: the constants that it had before they came to be measured for each
#: release of the package, whose outcome is not in the repository. That of arm64 for a CPU was never measured.
CONSTANTS: t.Final = {
    "x86_64": Constants(init=5 * MIB, per_cpu=108 * KIB),
    "i386": Constants(init=4 * MIB, per_cpu=56 * KIB, page_descriptor=36, pointer=4),
    "ppc64le": Constants(init=5 * MIB, per_cpu=172 * KIB, reduces_cpus=False),
    "s390x": Constants(init=512 * KIB, per_cpu=48 * KIB, section=256 * MIB),
    "arm64": Constants(init=MIB, per_cpu=0),
}
_DYNAMIC: t.Final = 8 * MIB  # sysfs, procfs and so on
_USER: t.Final = 30 * MIB
_USER_NETWORK: t.Final = 7 * MIB
_FRAMEBUFFER: t.Final = 1024 * 768 * 4
#: For each CPU beside what was measured: 100 KiB, three pages, 133 KiB.
_CPU_KIB: t.Final = 233
_CPU_PAGES: t.Final = 3
_DIRTY_PERCENT: t.Final = 20
#: File system and buffer heads, KiB for each dirty MiB.
_DIRTY_OVERHEAD: t.Final = 64
#: The kernel's large hashes: so many pointers for each MiB of memory.
_HASHES: t.Final = 232
_RESERVE_PERCENT: t.Final = 30
_RESERVE: t.Final = 64 * MIB


@dataclass(frozen=True)
class Inputs:
    """All that the estimators ask for. Sizes are in bytes."""

    architecture: str
    page: int
    ram: int
    cpus: int
    #: How many of them the capture kernel uses.
    capture_cpus: int
    #: The file, and what the kernel takes when it runs.
    kernel: int
    kernel_memory: int
    #: The file, and what is in it.
    initramfs: int
    unpacked: int
    #: What is loaded of kernel modules.
    modules: int = 0
    #: What the key derivation of the dump target's LUKS key slot that takes most asks for.
    luks: int = 0
    network: bool = False
    #: Pixels of the console; None where that cannot be told.
    framebuffer: t.Optional[int] = None
    #: Slabs of ACPI and ftrace, which the capture kernel has as well.
    slabs: int = 0
    #: What was in use early in a boot of this host, where Debian's estimator has noted it.
    early: t.Optional[int] = None
    #: The largest piece of RAM below 4 GiB.
    largest_low: int = FOUR_GIB
    hardware: Hardware = Hardware()  # noqa: RUF009 - it is frozen


@dataclass(frozen=True)
class Figure:
    """What one estimator says, and the parts that its figure is made of."""

    estimator: str
    bytes: int
    parts: dict[str, int]
    source: str
    date: str


@dataclass(frozen=True)
class Estimate:
    """What is reserved, what each estimator said, and what had to be assumed for want of a file that says it."""

    size_bytes: int
    figures: tuple[Figure, ...]
    inputs: Inputs
    assumed: tuple[str, ...] = ()

    @property
    def spread_bytes(self) -> int:
        """By how much they disagree."""
        sizes = [figure.bytes for figure in self.figures]
        return max(sizes) - min(sizes)

    def as_dict(self) -> dict[str, t.Any]:
        """The same as plain data."""
        return {
            "size_bytes": self.size_bytes,
            "spread_bytes": self.spread_bytes,
            "estimators": [asdict(figure) for figure in self.figures],
            "inputs": asdict(self.inputs),
            "assumed": list(self.assumed),
        }


def estimate(inputs: Inputs, assumed: Sequence[str] = ()) -> Estimate:
    """All three figures, and the largest of them in whole steps."""
    figures = (kdumpctl(inputs), calibrate(inputs), kdump_config(inputs))
    step = GRANULARITY[inputs.architecture]
    largest = max(figure.bytes for figure in figures)
    return Estimate(-(-largest // step) * step, figures, inputs, tuple(assumed))


def kdumpctl(inputs: Inputs) -> Figure:
    """Red Hat's: the images, three times the initramfs, the modules and the key, but never less than its own table."""
    parts = {
        "kernel": inputs.kernel_memory,
        "modules": inputs.modules,
        "initramfs": _COPIES * inputs.initramfs,
        "runtime": _RUNTIME,
        "luks": inputs.luks + _CRYPTSETUP.get(inputs.architecture, _CRYPTSETUP_USUAL) if inputs.luks else 0,
    }
    table = _table(inputs)
    return Figure(
        "kdumpctl", max(sum(parts.values()), table), {**parts, "table": table},
        "rhkdump/kdump-utils kdumpctl do_estimate (63f248c)", "2026-03",
    )  # fmt: skip


def calibrate(inputs: Inputs) -> Figure:
    """SUSE's: what kernel and user space take, room for dirty pages, hashes and page descriptors, and a margin."""
    constants = CONSTANTS[inputs.architecture]
    base = inputs.kernel_memory + _DYNAMIC
    parts = {
        "kernel": base,
        "initramfs": inputs.unpacked,
        "framebuffer": 2 * _framebuffer(inputs),
        "slabs": inputs.slabs,
        "cpus": _cpus(inputs, constants),
        "user": _user(inputs),
    }
    parts["dirty"] = _dirty(sum(parts.values()))
    parts["hashes"] = _hashes(sum(parts.values()), constants)
    parts["descriptors"] = _descriptors(sum(parts.values()), inputs.page, constants)
    boot = base + constants.init + inputs.initramfs + inputs.unpacked
    parts["boot"] = max(boot - sum(parts.values()), 0)
    parts["reserve"] = sum(parts.values()) * _RESERVE_PERCENT // 100 + _RESERVE
    parts["luks"] = inputs.luks
    parts["swiotlb"] = _swiotlb(inputs, sum(parts.values()))
    return Figure(
        "calibrate", sum(parts.values()), parts, "openSUSE/kdump kdumptool/calibrate.cc (34da4b8)", "2026-04-10"
    )


def kdump_config(inputs: Inputs) -> Figure:
    """Debian's: so many times the kernel's file, the initramfs twice, and what was in use early in a boot."""
    parts = {
        "kernel": inputs.kernel * FILE_FACTORS.get(inputs.architecture, FILE_FACTOR_USUAL),
        "initramfs": inputs.initramfs + inputs.unpacked,
        "early": max(inputs.early or 0, _DEBIAN_LEAST),
    }
    return Figure("kdump-config", sum(parts.values()), parts, "kdump-tools 1.10.7 kdump_mem_estimator", "2026-08")


def _table(inputs: Inputs) -> int:
    """What Red Hat's table has for this RAM; nothing below its first range or on an architecture that it lacks."""
    try:
        vendor = choose_table(
            Distribution("fedora"),
            architecture=inputs.architecture,
            page=inputs.page,
            hardware=inputs.hardware,
            tables=UPSTREAM,
        )
    except NoTableError:
        return 0
    value = parse_value(vendor.spec)
    rounded = -(-inputs.ram // RAM_ROUNDING) * RAM_ROUNDING
    ranges = value.ranges if isinstance(value, Ranges) else ()
    return next((entry.size for entry in ranges if entry.holds(rounded)), 0)


def _framebuffer(inputs: Inputs) -> int:
    usual = 0 if inputs.architecture == "s390x" else _FRAMEBUFFER
    return usual if inputs.framebuffer is None else inputs.framebuffer


def _cpus(inputs: Inputs, constants: Constants) -> int:
    count = inputs.capture_cpus if constants.reduces_cpus else inputs.cpus
    return count * (constants.per_cpu + _CPU_KIB * KIB + _CPU_PAGES * inputs.page)


def _user(inputs: Inputs) -> int:
    """Programs, with makedumpfile's bitmaps and table of sections for the RAM of the crashed machine."""
    grown = growth(memory=inputs.ram, cpus=0, architecture=inputs.architecture, page=inputs.page)
    return _USER + (_USER_NETWORK if inputs.network else 0) + grown.total


def _dirty(size: int) -> int:
    """Dirty pages may be 20 % of all memory, and need buffers: solved for what comes on top of ``size``."""
    share = _DIRTY_PERCENT * (KIB + _DIRTY_OVERHEAD)
    return size * 100 * KIB // (100 * KIB - share) - size


def _hashes(size: int, constants: Constants) -> int:
    return size * MIB // (MIB - _HASHES * constants.pointer) - size


def _descriptors(size: int, page: int, constants: Constants) -> int:
    """One descriptor for each page, of the descriptors' own pages too, and for whole sections on s390x."""
    pages = -(-(size * page // (page - constants.page_descriptor)) // page)
    if constants.section:
        at_once = constants.section // page
        pages = -(-pages // at_once) * at_once
    return pages * constants.page_descriptor


def _swiotlb(inputs: Inputs, size: int) -> int:
    """Above 4 GiB the capture kernel needs bounce buffers; it goes there where no RAM below holds it."""
    return SWIOTLB if inputs.architecture == "x86_64" and size > inputs.largest_low else 0
