# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machines that are crashed for real: stock kernels of Debian, in QEMU, with no disk to boot from."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

#: Modules for the disk that the dumps are written to; what a kernel has built in is not loaded.
MODULES: t.Final = ("virtio_pci", "virtio_blk", "ext4")
#: How each file of a guest is made, in the capture kernel. Level 31 leaves out all that can be left out.
DUMPS: t.Final = {
    "elf": "cat /proc/vmcore > {file}",
    "elf-filtered": "makedumpfile -E -d 31 /proc/vmcore {file}",
    "zlib": "makedumpfile -c -d 31 /proc/vmcore {file}",
    "lzo": "makedumpfile -l -d 31 /proc/vmcore {file}",
    "flat": "makedumpfile -F -l -d 31 /proc/vmcore > {file}",
    "flat-elf": "makedumpfile -F -E -d 31 /proc/vmcore > {file}",
}
#: How QEMU itself dumps a guest that has no capture kernel.
HYPERVISOR_DUMPS: t.Final[dict[str, dict[str, object]]] = {
    "qemu-elf": {"paging": False},
    "qemu-zlib": {"paging": False, "format": "kdump-zlib"},
}
#: Through this module the kernel tells QEMU where its VMCOREINFO is.
_HYPERVISOR_MODULES: t.Final = ("qemu_fw_cfg",)
#: What the tools of the guest's own architecture make of its memory.
READINGS: t.Final = {
    "makedumpfile.dmesg": "makedumpfile --dump-dmesg /proc/vmcore {file}",
    "vmcore-dmesg.dmesg": "vmcore-dmesg /proc/vmcore > {file}",
}


@dataclass(frozen=True)
class Guest:
    """A machine to crash."""

    name: str
    machine: str
    architecture: str  # as Debian calls it
    kernel: str  # a package that depends on the newest kernel package
    emulator: tuple[str, ...]
    console: str
    memory_mib: int
    reservation: str = ""  # where there is none, the hypervisor dumps the guest
    append: str = ""  # for both kernels
    capture_append: str = "nr_cpus=1"
    kexec: str = "-c"
    cpus: int = 2
    #: Lines written to the kernel log before the crash: enough of them wrap its ring.
    chatter: int = 0
    dumps: tuple[str, ...] = tuple(DUMPS)

    @property
    def readings(self) -> dict[str, str]:
        """What tools in the capture kernel make of it."""
        return READINGS if self.reservation else {}

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules that its kernels load, if these are not built in."""
        return MODULES if self.reservation else MODULES + _HYPERVISOR_MODULES


# On a busy machine an emulated timer may be so late that Linux believes that it has none.
_TIMER: t.Final = "no_timer_check"
_PC: t.Final = ("-machine", "q35", "-accel", "tcg,thread=multi")
# One CPU: where each is emulated by a thread of its own, the disk's interrupts get lost, by chance (QEMU 7.2); where
# they take turns, the one that waits for the capture kernel to end takes most of them.
_PSERIES: t.Final = ("qemu-system-ppc64", "-machine", "pseries", "-cpu", "power9", "-accel", "tcg,thread=single")

GUESTS: t.Final = (
    Guest(
        name="x86_64", machine="x86_64", architecture="amd64", kernel="linux-image-cloud-amd64",
        emulator=("qemu-system-x86_64", *_PC, "-cpu", "max,la57=off"), console="ttyS0", append=_TIMER,
        memory_mib=320, reservation="128M", kexec="-s",
    ),
    Guest(
        name="x86_64-la57", machine="x86_64", architecture="amd64", kernel="linux-image-cloud-amd64",
        emulator=("qemu-system-x86_64", *_PC, "-cpu", "max,la57=on"), console="ttyS0", append=_TIMER,
        memory_mib=320, reservation="128M", chatter=4000, dumps=("elf", "lzo"),
    ),
    Guest(
        name="i386", machine="i386", architecture="i386", kernel="linux-image-686-pae",
        emulator=("qemu-system-i386", *_PC, "-cpu", "max"), console="ttyS0", append=_TIMER,
        memory_mib=384, reservation="128M",
    ),
    Guest(
        name="ppc64le", machine="ppc64le", architecture="ppc64el", kernel="linux-image-powerpc64le",
        emulator=_PSERIES, console="hvc0", cpus=1, memory_mib=512, reservation="256M",
        capture_append="maxcpus=1 noirqdistrib",
    ),
    Guest(
        name="ppc64le-hash", machine="ppc64le", architecture="ppc64el", kernel="linux-image-powerpc64le",
        emulator=_PSERIES, console="hvc0", cpus=1, memory_mib=512, reservation="256M",
        append="disable_radix", capture_append="maxcpus=1 noirqdistrib", dumps=("elf", "lzo"),
    ),
    Guest(
        name="x86_64-qemu", machine="x86_64", architecture="amd64", kernel="linux-image-cloud-amd64",
        emulator=("qemu-system-x86_64", *_PC, "-cpu", "max,la57=off"), console="ttyS0", append=_TIMER,
        memory_mib=192, dumps=tuple(HYPERVISOR_DUMPS),
    ),
    Guest(
        name="arm64-qemu", machine="aarch64", architecture="arm64", kernel="linux-image-arm64",
        emulator=("qemu-system-aarch64", "-machine", "virt", "-cpu", "max", "-accel", "tcg,thread=multi"),
        console="ttyAMA0", memory_mib=256, dumps=tuple(HYPERVISOR_DUMPS),
    ),
)  # fmt: skip

#: The one that the benchmarks measure.
LARGE: t.Final = Guest(
    name="x86_64-1gib", machine="x86_64", architecture="amd64", kernel="linux-image-cloud-amd64",
    emulator=("qemu-system-x86_64", *_PC, "-cpu", "max,la57=off"), console="ttyS0", append=_TIMER,
    memory_mib=1024, reservation="128M", kexec="-s",
)  # fmt: skip
