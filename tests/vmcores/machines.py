# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a guest in QEMU until its memory is saved, by its capture kernel or by QEMU itself."""

from __future__ import annotations

import pathlib
import subprocess
import time
import typing as t

from ansible_collections.linux.kdump.plugins.module_utils.lab.qmp import execute
from ansible_collections.linux.kdump.tests.vmcores.guests import HYPERVISOR_DUMPS, Guest
from ansible_collections.linux.kdump.tests.vmcores.initramfs import DONE

#: Seconds for a guest from power-on to the end, several times what it takes on a slow machine.
LIMIT: t.Final = 300
#: Seconds for one dump by QEMU.
_DUMP_LIMIT: t.Final = 120
_EVERY: t.Final = 0.2
#: The kernel's last words where nothing follows them.
_PANIC: t.Final = "---[ end Kernel panic"


class GuestError(RuntimeError):
    """A guest did not do what it was made for."""


def run(guest: Guest, folder: pathlib.Path) -> str:
    """Run the guest, with its inputs and its disk in the folder; its console."""
    console = folder / "console"
    with subprocess.Popen(_command(guest, folder), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            if not guest.reservation:
                _dump(process, folder, guest.dumps)
            _output, errors = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            raise GuestError(f"The guest {guest.name} did not end within {LIMIT} s:\n{_tail(console)}") from None
        finally:
            process.kill()
    if process.returncode or (DONE if guest.reservation else _PANIC) not in _tail(console):
        raise GuestError(f"The guest {guest.name} was not saved: {errors.decode()}\n{_tail(console)}")
    return console.read_text(errors="replace")


def _command(guest: Guest, folder: pathlib.Path) -> list[str]:
    inputs, disk, console, control = (folder / name for name in ("inputs", "disk", "console", "qmp"))
    append = f"console={guest.console} loglevel=5 {guest.append}"
    if guest.reservation:
        append += f" crashkernel={guest.reservation} panic=1"
    return [
        *guest.emulator, "-m", str(guest.memory_mib), "-smp", str(guest.cpus),
        "-display", "none", "-serial", f"file:{console}", "-qmp", f"unix:{control},server=on,wait=off",
        "-nodefaults", "-no-reboot", *([] if guest.reservation else ["-device", "vmcoreinfo"]),
        "-kernel", str(inputs / "kernel"), "-initrd", str(inputs / "initramfs"), "-append", append,
        "-drive", f"file={disk},format=raw,if=none,id=disk,cache=unsafe", "-device", "virtio-blk-pci,drive=disk",
    ]  # fmt: skip


def _dump(process: subprocess.Popen[bytes], folder: pathlib.Path, names: t.Iterable[str]) -> None:
    """Wait for the guest's panic, and have QEMU write its memory."""
    deadline = time.monotonic() + LIMIT
    while _PANIC not in _tail(folder / "console"):
        if time.monotonic() > deadline or process.poll() is not None:
            raise GuestError(f"The guest did not panic:\n{_tail(folder / 'console')}")
        time.sleep(_EVERY)
    control = str(folder / "qmp")
    execute(control, "stop")
    for name in names:
        target = {"protocol": f"file:{folder / 'result' / name}", **HYPERVISOR_DUMPS[name]}
        execute(control, "dump-guest-memory", target, timeout=_DUMP_LIMIT)
    execute(control, "quit")


def _tail(console: pathlib.Path) -> str:
    return console.read_text(errors="replace")[-4000:] if console.exists() else "(it has no console)"
