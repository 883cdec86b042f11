# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One drill on an emulated machine that boots straight from kernel and initramfs: the request and what came of it."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from ...errors import KdumpError
from . import machines

#: Every outcome.
OUTCOMES: t.Final = {
    "captured": "the capture kernel saved its dump and its record",
    "out_of_memory": "the capture kernel ran out of memory: the reservation is too small",
    "save_failed": "the capture kernel ran and could not save",
    "no_capture": "the system crashed and no capture kernel saved anything",
    "never_armed": "the system kernel did not boot, or the crash image could not be loaded",
    "timeout": "the drill did not end within its time limit",
}
SYSCALLS: t.Final = ("auto", "kexec_file_load", "kexec_load")
#: The file system of the drill's own disk, and the folder of dumps in it.
DUMP_PATH: t.Final = "/var/crash"
#: Less than this, and not even the smallest system kernel comes up with a reservation.
LEAST_MEMORY: t.Final = 128 << 20
_LARGEST_LIMIT: t.Final = 86400


class DrillError(KdumpError):
    """A drill that cannot be run: nothing has been crashed."""


@dataclass(frozen=True)
class DrillSpec:
    """Everything that decides how a drill goes."""

    architecture: str
    #: The kernel to crash, and its modules (``lib/modules/<release>``) where it has any that the disk needs.
    kernel: str
    capture_kernel: str
    #: The real save environment, as capture_initramfs makes it.
    initramfs: str
    #: The root of a tree that holds busybox (static) and kexec of the architecture.
    tools: str
    modules: str | None = None
    #: Bytes of memory, processors, and the reservation as ``crashkernel=`` takes it.
    memory: int = 512 << 20
    cpus: int = 1
    crashkernel: str = "64M"
    #: Words for the capture kernel's command line that name its dump targets, in order. Where there are none, the dump
    #: goes to the drill's own disk, an ext4, and is read back from there.
    targets: tuple[str, ...] = ()
    #: More arguments for the capture kernel's command line, and for the system kernel's.
    append: str = ""
    system_append: str = ""
    syscall: str = "auto"
    #: The size of the drill's own disk in bytes: by default the memory and as much again as anything else needs.
    disk: int | None = None
    #: More arguments for QEMU: further disks, network interfaces. Relative names are in the drill's folder.
    extra_args: tuple[str, ...] = ()
    #: Seconds for the whole drill, and for how long the console may be silent between the crash and the first line of
    #: the save environment.
    timeout: int = 600
    stall: int = 120
    #: Stop the machine when the save environment begins, call back, and let it go on.
    hold: bool = False
    #: 32 hex digits that are to be found in the dump; made up where not given.
    nonce: str | None = None

    def __post_init__(self) -> None:
        machine = machines.find(self.architecture)
        if self.memory < LEAST_MEMORY:
            raise DrillError(f"Cannot drill with {self.memory >> 20} MiB of memory: give the machine 128M or more.")
        if not 1 <= self.cpus <= machine.most_cpus:
            raise DrillError(
                f"Cannot drill with {self.cpus} processors: the emulated {machine.name} machine is to have"
                f" 1 to {machine.most_cpus}."
            )
        if self.syscall not in SYSCALLS:
            raise DrillError(f"Cannot load by {self.syscall!r}: it is none of {', '.join(SYSCALLS)}.")
        for name, seconds in (("timeout", self.timeout), ("stall", self.stall)):
            if not 1 <= seconds <= _LARGEST_LIMIT:
                raise DrillError(f"Cannot use {name} {seconds}: it is not between 1 and {_LARGEST_LIMIT} seconds.")

    @property
    def machine(self) -> machines.DrillMachine:
        """The machine that it runs on."""
        return machines.find(self.architecture)


@dataclass(frozen=True)
class DrillEvent:
    """Something that the console showed, seconds after QEMU was started.

    Names: ``start``, ``kernel`` (the system kernel's first line), ``armed``, ``triggered``, ``panic``,
    ``capture_kernel`` (its first line), the tags of ``drill.STAGES`` and ``drill.FAILURES``,
    ``capture_out_of_memory``, ``capture_panic``, ``end`` (QEMU ended).
    """

    name: str
    seconds: float
    text: str = ""

    def as_dict(self) -> dict[str, t.Any]:
        """The same as plain data."""
        return {**asdict(self), "seconds": round(self.seconds, 2)}


@dataclass(frozen=True)
class DrillResult:
    """What a drill came to; files are in the drill's folder."""

    outcome: str
    #: One line: what happened and what to do next; empty where all is well.
    message: str
    nonce: str
    events: tuple[DrillEvent, ...]
    #: The serial console, all of it.
    console: str
    #: kdump.json as the save environment wrote it, None where there is none.
    record: Mapping[str, t.Any] | None = None
    #: The folder of the dump, read back from the drill's own disk, and the core in it, compressed or encrypted or not.
    dump: str | None = None
    vmcore: str | None = None
    #: The verdict document of vmcore_info's library, with this drill's nonce expected; None of an encrypted core.
    verdict: Mapping[str, t.Any] | None = None
    #: Bytes that the system kernel had reserved when it was armed.
    reserved_bytes: int | None = None

    @property
    def captured(self) -> bool:
        """Whether the save environment says that it saved."""
        return self.outcome == "captured"

    @property
    def ok(self) -> bool:
        """Whether a dump of this very crash lies there and reads well."""
        return self.captured and (self.verdict or {}).get("verdict") == "ok"

    @property
    def peak_used_kib(self) -> int | None:
        """The most memory that the capture kernel was seen to use."""
        return t.cast("int | None", ((self.record or {}).get("memory") or {}).get("peak_used_kib"))

    @property
    def total_kib(self) -> int | None:
        """The memory that the capture kernel had."""
        return t.cast("int | None", ((self.record or {}).get("memory") or {}).get("total_kib"))

    def seconds(self, first: str, last: str) -> float | None:
        """Seconds from one event to another, None where either is missing."""
        times = {event.name: event.seconds for event in self.events}
        return times[last] - times[first] if first in times and last in times else None

    @property
    def seconds_to_saved(self) -> float | None:
        """From the panic to the vmcore under its final name."""
        return self.seconds("panic", "core-saved")
