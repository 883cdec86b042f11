# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the estimators ask for, read from the host; what it does not tell is assumed, and said to be."""

from __future__ import annotations

import os
import re
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..errors import KdumpError
from ..host.devices import target_steps
from ..host.luks import key_memory
from ..host.tree import Host
from .estimate import FILE_FACTOR_USUAL, FILE_FACTORS, FOUR_GIB, Inputs
from .evaluate import ram_regions, system_ram
from .fit import IOMEM
from .image_memory import HEADER_BYTES, image_memory
from .machine import Machine, read_hardware

KERNELS: t.Final = ("/boot/vmlinuz-{}", "/boot/vmlinux-{}", "/boot/Image-{}", "/usr/lib/modules/{}/vmlinuz")
#: What distributions make for the capture kernel, and what every boot has.
INITRAMFS: t.Final = (
    "/var/lib/kdump/initrd.img-{}", "/boot/initramfs-{}kdump.img", "/var/lib/kdump/initramfs-{}kdump.img",
    "/var/lib/kdump/initrd", "/boot/initrd-{}-kdump",
)  # fmt: skip
SYSTEM_INITRAMFS: t.Final = ("/boot/initrd.img-{}", "/boot/initramfs-{}.img", "/boot/initrd-{}")
#: Debian's estimator notes here what was in use early in a boot.
EARLY: t.Final = "/var/lib/kdump/mem-{}"
#: What an archive comes to when it is unpacked, where nobody says: kernel modules and programs, compressed.
UNPACKED_FACTOR: t.Final = 3
_GRAPHICS: t.Final = "/sys/class/graphics"
_SLABS: t.Final = re.compile(r"^(?:Acpi-|ftrace_)\S* (.*)$", re.MULTILINE)
_KERNEL_PARTS: t.Final = re.compile(r"^\s+([0-9a-f]+)-([0-9a-f]+) : Kernel (?:code|rodata|data|bss)$", re.MULTILINE)


@dataclass
class _Notes:
    """What had to be assumed on the way."""

    assumed: list[str] = field(default_factory=list)

    def assume(self, text: str) -> None:
        self.assumed.append(text)


def observe(options: Mapping[str, t.Any], *, host: Host, machine: Machine) -> tuple[Inputs, tuple[str, ...]]:
    """Everything that the estimators ask for, and what of it was assumed."""
    notes = _Notes()
    iomem = host.read(IOMEM) or ""
    kernel, kernel_memory = _kernel(options, host, machine, notes)
    initramfs, unpacked = _initramfs(options, host, machine, notes)
    inputs = Inputs(
        architecture=machine.architecture,
        page=machine.page,
        ram=system_ram(iomem),
        cpus=machine.cpus,
        capture_cpus=options["cpus"],
        kernel=kernel,
        kernel_memory=kernel_memory,
        initramfs=initramfs,
        unpacked=unpacked,
        modules=_modules(options, host),
        luks=_luks(options["path"], host, notes),
        network=options["network"],
        framebuffer=_framebuffers(host),
        slabs=_slabs(host, machine.page, notes),
        early=_early(host, machine),
        largest_low=max(
            (min(end, FOUR_GIB) - start for start, end in ram_regions(iomem) if start < FOUR_GIB), default=0
        ),
        hardware=read_hardware(host),
    )
    return inputs, tuple(notes.assumed)


def _kernel(options: Mapping[str, t.Any], host: Host, machine: Machine, notes: _Notes) -> tuple[int, int]:
    """The size of the kernel's file, and what it takes in memory."""
    size, memory = options["kernel_bytes"], options["kernel_memory_bytes"]
    if size is None:
        path = _first(options["kernel"], KERNELS, host, machine, what="kernel")
        size = os.path.getsize(host.path(path))
        running = options["kernel"] is None
        memory = memory or image_memory(_head(host.path(path))) or (_running_kernel(host) if running else None)
    if memory is None:
        factor = FILE_FACTORS.get(machine.architecture, FILE_FACTOR_USUAL)
        memory = size * factor
        notes.assume(f"the kernel takes {factor} times its file in memory: nothing says how much")
    return size, memory


def _initramfs(options: Mapping[str, t.Any], host: Host, machine: Machine, notes: _Notes) -> tuple[int, int]:
    """The size of the initramfs, and of what is in it."""
    size, unpacked = options["initramfs_bytes"], options["unpacked_bytes"]
    if size is None:
        path = _first(options["initramfs"], (*INITRAMFS, *SYSTEM_INITRAMFS), host, machine, what="initramfs")
        size = os.path.getsize(host.path(path))
        if options["initramfs"] is None and path in [place.format(machine.release) for place in SYSTEM_INITRAMFS]:
            notes.assume(f"the capture kernel's initramfs is like the system's, {path}: it has none of its own")
    if unpacked is None:
        unpacked = size * UNPACKED_FACTOR
        notes.assume(
            f"the initramfs is {UNPACKED_FACTOR} times as large when it is unpacked: unpacked_bytes is not given"
        )
    return size, unpacked


def _first(given: t.Optional[str], places: Sequence[str], host: Host, machine: Machine, *, what: str) -> str:
    """The file that was named, or the first of the usual ones."""
    paths = [given] if given else [place.format(machine.release) for place in places]
    found = next((path for path in paths if os.path.isfile(host.path(path))), None)
    if found is None:
        raise KdumpError(
            f"Cannot estimate the reservation: there is no {what}, looked for {', '.join(paths)}. Name it with the "
            f"option estimate.{what}, or its size with estimate.{what}_bytes."
        )
    return found


def _head(path: str) -> bytes:
    with open(path, "rb") as image:
        return image.read(HEADER_BYTES)


def _running_kernel(host: Host) -> t.Optional[int]:
    parts = _KERNEL_PARTS.findall(host.read(IOMEM) or "")
    return sum(int(end, 16) + 1 - int(start, 16) for start, end in parts) or None


def _modules(options: Mapping[str, t.Any], host: Host) -> int:
    """What the modules take that are loaded now: those that were named, or those on the way to the dumps."""
    names = options["modules"]
    if names is None:
        names = [step.module for step in target_steps(options["path"], host) if step.module]
    wanted = {name.replace("-", "_") for name in names}
    lines = (line.split() for line in (host.read("/proc/modules") or "").splitlines())
    return sum(int(words[1]) for words in lines if len(words) > 1 and words[0] in wanted and words[1].isdigit())


def _luks(path: str, host: Host, notes: _Notes) -> int:
    memory = key_memory(path, host)
    if memory is None:
        notes.assume(f"opening the encrypted disk of {path} takes no memory: its LUKS header cannot be read")
    return memory or 0


def _framebuffers(host: Host) -> t.Optional[int]:
    """Bytes of all consoles in graphics mode; None where there is none to be read."""
    try:
        names = sorted(name for name in os.listdir(host.path(_GRAPHICS)) if re.fullmatch(r"fb\d+", name))
    except OSError:
        return None
    sizes = [_framebuffer(os.path.realpath(host.path(f"{_GRAPHICS}/{name}")), host) for name in names]
    return sum(sizes) if sizes else None


def _framebuffer(folder: str, host: Host) -> int:
    inside = os.path.relpath(folder, os.path.realpath(host.root))
    size = re.fullmatch(r"\d{1,6},(\d{1,6})", host.line(f"{inside}/virtual_size") or "")
    return int(size[1]) * (host.number(f"{inside}/stride") or 0) if size else 0


def _slabs(host: Host, page: int, notes: _Notes) -> int:
    """What ACPI and ftrace keep: the capture kernel has them too."""
    text = host.read("/proc/slabinfo", limit=16 << 20)
    if text is None:
        notes.assume("ACPI and ftrace keep nothing: /proc/slabinfo cannot be read")
        return 0
    numbers = [[int(word) for word in re.findall(r"\b\d{1,12}\b", line)] for line in _SLABS.findall(text)]
    # objects, all objects, their size, objects and pages a slab, three tunables, slabs in use, slabs
    return sum(line[9] * line[4] * page for line in numbers if len(line) >= 10)


def _early(host: Host, machine: Machine) -> t.Optional[int]:
    """What was in use early in the boot, without what the other CPUs took; None where nobody has noted it."""
    text = host.read(EARLY.format(machine.release)) or ""
    found = {name: int(size) << 10 for name, size in re.findall(r"^(\w+):\s+(\d{1,15}) kB$", text, re.MULTILINE)}
    if not {"MemTotal", "MemFree"} <= found.keys():
        return None
    others = found.get("Percpu", 0) * (machine.cpus - 1) // machine.cpus
    return max(found["MemTotal"] - found["MemFree"] - others, 0)
