# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command lines of a drill: QEMU's, the system kernel's, the capture kernel's."""

from __future__ import annotations

import typing as t

from ...kexec.cmdline import derive
from .spec import DUMP_PATH, DrillSpec

#: Files in the drill's folder.
KERNEL_FILE: t.Final = "kernel"
SYSTEM_FILE: t.Final = "system.img"
DISK_FILE: t.Final = "disk.img"
CONSOLE_FILE: t.Final = "console.log"
DEBUGGER_FILE: t.Final = "gdb.sock"

#: A kernel that dies ends the drill at once: QEMU ends where the machine would reboot. The system kernel shows its
#: first line, which is a notice, and no more than it must: each line on a serial console costs it time.
_SYSTEM: t.Final = "loglevel=6 panic=1"
_CAPTURE: t.Final = "panic=1"


def qemu_argv(spec: DrillSpec) -> list[str]:
    """QEMU's command line; its file names are relative to the drill's folder.

    The machine may have more memory than this one: most of it is never touched, and none is reserved for it.
    """
    machine = spec.machine
    return [
        machine.emulator, "-name", "drill", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-machine", f"{machine.machine},memory-backend=ram", "-accel", machine.accel, "-cpu", machine.cpu,
        "-object", f"memory-backend-ram,id=ram,size={spec.memory >> 20}M,reserve=off",
        "-m", f"{spec.memory >> 20}M", "-smp", str(spec.cpus), "-rtc", "base=utc",
        "-qmp", "unix:qmp.sock,server=on,wait=off", "-serial", f"file:{CONSOLE_FILE}",
        "-kernel", KERNEL_FILE, "-initrd", SYSTEM_FILE, "-append", system_line(spec),
        "-drive", f"id=drill,file={DISK_FILE},format=raw,if=none,cache=unsafe,discard=unmap,werror=report",
        "-device", f"{machine.disk_device},drive=drill,serial=drill",
        *(() if machine.capture_entry is None else ("-gdb", f"unix:{DEBUGGER_FILE},server=on,wait=off")),
        *spec.extra_args,
    ]  # fmt: skip


def system_line(spec: DrillSpec) -> str:
    """The command line of the kernel that is going to die."""
    machine = spec.machine
    parts = (f"console={machine.console}", _SYSTEM, machine.append, f"crashkernel={spec.crashkernel}")
    return _joined(*parts, spec.system_append)


def capture_line(spec: DrillSpec, *, uuid: str) -> str:
    """The capture kernel's command line, by the rules that hosts get theirs by.

    ``uuid`` is that of the drill's own disk, the target where the spec names none.
    """
    own = (f"kdump.target=UUID={uuid}", "kdump.fstype=ext4", f"kdump.path={DUMP_PATH}")
    return derive(
        system_line(spec),
        machine=spec.machine.architecture.machine,
        append=_joined(_CAPTURE, spec.machine.capture_append, spec.append),
        settings=spec.targets or own,
    )


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)
