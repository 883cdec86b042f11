# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways in which dumps have been lost, by reports of others, and which control finds each before the crash."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass


@dataclass(frozen=True)
class Mode:
    """One way to lose a dump. Without ``controls`` it cannot be found before, and ``how`` says why."""

    number: int
    title: str
    controls: tuple[str, ...]
    how: str


#: What only a crash shows; a drill is one.
_DRILL: t.Final = "KD-701"

MODES: t.Final = (
    Mode(1, "The capture kernel runs out of memory", ("KD-104",),
         "by what a drill measured; without one, by what the distribution reserves on such a machine"),
    Mode(2, "Nothing is reserved: too little memory, memory in pieces, a typo", ("KD-101", "KD-103"),
         "the kernel's own word against what its command line asks for"),
    Mode(3, "The initramfs does not fit when it is unpacked", ("KD-104", _DRILL),
         "by the memory that a drill measured, which unpacking is part of"),
    Mode(4, "Opening an encrypted disk takes more memory than is reserved", ("KD-104", "KD-403"),
         "the headers of LUKS2 tell how much Argon2 takes"),
    Mode(5, "Hardening forbids kexec before the image is loaded", ("KD-003", "KD-304"),
         "what the next boot sets, by which file, and whether the loader runs before it"),
    Mode(6, "Secure Boot or lockdown refuse the image", ("KD-304", "KD-301"),
         "a locked kernel that took the image in this boot takes it in the next"),
    Mode(7, "SELinux denies the service what it needs", ("KD-303", "KD-301", _DRILL),
         "a denial while loading leaves a service that failed; one while saving is seen in a drill"),
    Mode(8, "A boot entry was not changed, though the tool said so", ("KD-102",),
         "every entry is read as it would boot"),
    Mode(9, "After an update the save environment is missing or stale", ("KD-203", "KD-204"),
         "for every kernel that can boot next, and by the age of what it is made from"),
    Mode(10, "An odd path of the kernel or a unified image is not found", ("KD-203", "KD-301"),
         "nothing is loaded, or nothing is there for what boots next"),
    Mode(11, "The network does not come up: names, DHCP, VLANs", (_DRILL, "KD-401"),
         "only the capture kernel's own drivers and the network itself tell; a drill asks both"),
    Mode(12, "ssh is refused: key, known hosts, rights", ("KD-401", _DRILL),
         "a drill that has saved to the server, with the keys that are in the image"),
    Mode(13, "NFS is refused: module, path, export", ("KD-401", _DRILL),
         "a drill that has saved to the server"),
    Mode(14, "The capture kernel waits for a device that never comes", ("KD-403", "KD-204"),
         "the place for dumps by a name that lasts, on the file system that is there now"),
    Mode(15, "A driver is missing: cloned images, new hardware", ("KD-205",),
         "a drill over the very drivers that are on the way to the dump target"),
    Mode(16, "A path on btrfs is another one in the capture kernel", ("KD-204", _DRILL),
         "the file system is compared by its UUID; the path inside it is proven by a drill"),
    Mode(17, "The disk is full, the dump is cut off", ("KD-402", "KD-401", "KD-404"),
         "free space against the dump that makedumpfile expects, inodes, and how many dumps lie there"),
    Mode(18, "makedumpfile is older than the kernel", ("KD-201",),
         "a table of what each version knows, and what was seen to go wrong"),
    Mode(19, "A driver hangs when it takes the device over", (_DRILL,),
         "only a crash shows what a device does that was not shut down"),
    Mode(20, "The capture kernel does not find ACPI or EFI tables", (_DRILL,),
         "only a crash shows it; the running kernel has found them"),
    Mode(21, "Devices go on writing to memory behind an IOMMU", (_DRILL,),
         "only a crash with the devices at work shows it, and not every crash does"),
    Mode(22, "A watchdog resets the host in the middle of the dump", ("KD-703",),
         "the time limit of a watchdog that runs, against the time that a drill took to save"),
    Mode(23, "Drivers of network cards and controllers take hundreds of megabytes", ("KD-104",),
         "by what a drill measured, or the distribution adds for such hardware"),
    Mode(24, "Encrypted memory needs bounce buffers", ("KD-104",),
         "the distribution's table knows what it takes; a drill measures it"),
    Mode(25, "Memory or CPUs were plugged in, and the image does not know them", ("KD-305",),
         "whether the kernel or a rule of udev brings the image up to date"),
    Mode(26, "Settings are inherited: huge pages, panic_on_warn, cgroups", ("KD-206",),
         "the capture kernel's command line, word by word"),
    Mode(27, "kptr_restrict hides the symbols that kexec needs", ("KD-202", "KD-702"),
         "the dump of a drill that can be read; on arm64, what the kernel must offer instead"),
    Mode(28, "The hypervisor hangs or resets the guest instead", (),
         "it is a property of the hypervisor's version that no guest can read; only a drill on that very host shows "
         "it, and the guest may be moved to another the next day"),
    Mode(29, "A typo in the configuration is ignored without a word", ("KD-206",),
         "the distribution's configuration is read strictly, and what its tool would not take is a failure"),
    Mode(30, "The bug does not panic: oops, lockups, hung tasks, NMIs", ("KD-501", "KD-502", "KD-503"),
         "the settings as they are, and as the next boot sets them"),
)  # fmt: skip
