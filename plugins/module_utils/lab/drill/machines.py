# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulated machine of each architecture that a drill can run on: everything that differs between them."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ...capture.kernel import architectures
from ...capture.kernel.architectures import Architecture
from ...errors import KdumpError
from ..argv import ACCELERATORS, MACHINE


class MachineError(KdumpError):
    """There is no such machine."""


@dataclass(frozen=True)
class DrillMachine:
    """One architecture's machine in QEMU."""

    #: The architecture as this collection calls it.
    name: str
    #: QEMU's program, the Debian package that it is in, and the arguments that make the machine.
    emulator: str
    emulator_package: str
    machine: str
    cpu: str
    accel: str
    #: The console's name in Linux; QEMU's first serial device is behind it on each of these machines.
    console: str
    #: The device that a disk is attached by. Disks appear as vda, vdb, in the order in which they are given.
    disk_device: str
    #: Most processors that a guest may have here.
    most_cpus: int = 64
    #: For both kernels' command lines, and for the capture kernel's only.
    append: str = ""
    capture_append: str = ""
    #: How the crash image is loaded unless something else is asked for: kexec_file_load or kexec_load.
    syscall: str = "auto"
    #: The console gathers lines for a moment before it shows them, and a crash takes those with it: the system waits
    #: for its last words to be shown before it dies, and nobody hears it panic.
    late_console: bool = False
    #: Where the capture kernel begins to run, on an emulator that has to be stopped there (see breakpoint.py).
    capture_entry: int | None = None
    #: Debian's package that depends on its newest kernel, where that kernel can be armed, and else None.
    kernel_package: str | None = None

    @property
    def architecture(self) -> Architecture:
        """What else differs: the names that others give it, and what is built for it."""
        return architectures.find(self.name)


# On a busy machine an emulated timer may be so late that Linux believes that it has none, and panics.
_TIMER: t.Final = "no_timer_check"

MACHINES: t.Final = {
    machine.name: machine
    for machine in (
        DrillMachine(
            name="x86_64",
            emulator="qemu-system-x86_64", emulator_package="qemu-system-x86",
            machine=MACHINE, cpu=ACCELERATORS["tcg"][1], accel=ACCELERATORS["tcg"][0],
            console="ttyS0", disk_device="virtio-blk-pci", append=_TIMER,
            kernel_package="linux-image-cloud-amd64",
        ),
        DrillMachine(
            name="i386",
            emulator="qemu-system-i386", emulator_package="qemu-system-x86",
            # The default processor of this emulator has no PAE in its newest versions; the full one always has.
            machine=MACHINE, cpu="max", accel=ACCELERATORS["tcg"][0],
            console="ttyS0", disk_device="virtio-blk-pci", append=_TIMER,
            # It lays out its memory before it has a console, and what fails there would be a silent end.
            capture_append="earlyprintk=ttyS0",
            # kexec_file_load exists on 64-bit x86 only (arch/x86/Kconfig, KEXEC_FILE).
            syscall="kexec_load",
            kernel_package="linux-image-686-pae",
        ),
        DrillMachine(
            name="ppc64le",
            emulator="qemu-system-ppc64", emulator_package="qemu-system-ppc",
            machine="pseries", cpu="power9",
            # One processor: where each is emulated by a thread of its own, the disk's interrupts get lost, by chance
            # (QEMU 7.2); where they take turns, the one that waits for the capture kernel's end takes most of them.
            accel="tcg,thread=single", most_cpus=1,
            console="hvc0", disk_device="virtio-blk-pci",
            # Debian 12 builds its kernel without KEXEC_FILE.
            syscall="kexec_load",
            kernel_package="linux-image-powerpc64le",
        ),
        DrillMachine(
            name="arm64",
            emulator="qemu-system-aarch64", emulator_package="qemu-system-arm",
            # The newest processors sign every return address, and that costs an emulator more than all the rest. The
            # second version of the interrupt controller keeps no tables in memory that a dead kernel could leave on.
            machine="virt,gic-version=2", cpu="cortex-a72", accel="tcg,thread=multi", most_cpus=8,
            console="ttyAMA0", disk_device="virtio-blk-pci",
            # Debian's kernel has neither KEXEC_FILE nor KALLSYMS_ALL: kexec cannot tell where that kernel lies, says
            # that all went well, and the dump is one of 1.8e19 bytes.
            syscall="kexec_file_load",
        ),
        DrillMachine(
            name="s390x",
            emulator="qemu-system-s390x", emulator_package="qemu-system-misc",
            # A crash on another processor than the first makes Linux start the capture kernel by a restart of the
            # first, and nothing that is to be shown here needs a second one.
            machine="s390-ccw-virtio", cpu="max", accel="tcg,thread=multi", most_cpus=1,
            console="ttysclp0", disk_device="virtio-blk-ccw", late_console=True,
            # startup_kdump (arch/s390/boot/head.S), part of the kernel's ABI. The capture kernel's memory is swapped
            # with the system's: both kernels' first instructions lie at the same addresses.
            capture_entry=0x10010,
            # Debian's kernel is built without CRASH_DUMP (and Debian 13's without KEXEC).
            syscall="kexec_file_load",
        ),
    )
}  # fmt: skip


def find(name: str) -> DrillMachine:
    """The machine of an architecture."""
    if name not in MACHINES:
        raise MachineError(
            f"Cannot drill on the architecture {name[:40]!r}: it is none of {', '.join(MACHINES)}. Choose one of them."
        )
    return MACHINES[name]
