# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's kernels on emulated machines, and what they say of a reservation that they were passed."""

from __future__ import annotations

import os
import pathlib
import typing as t
from dataclasses import dataclass

from ansible_collections.linux.kdump.plugins.module_utils.capture.initramfs import newc
from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel.build import default_cache
from ansible_collections.linux.kdump.plugins.module_utils.host.kernel_config import read_config
from ansible_collections.linux.kdump.plugins.module_utils.host.tree import Host
from ansible_collections.linux.kdump.plugins.module_utils.lab.drill.machines import find
from ansible_collections.linux.kdump.plugins.module_utils.lab.packages import Store, Wanted
from ansible_collections.linux.kdump.plugins.plugin_utils.command import LocalRunner

RUNNER: t.Final = LocalRunner()
#: The package of each architecture that depends on Debian's newest kernel of it.
_KERNELS: t.Final = {
    "x86_64": "linux-image-cloud-amd64",
    "i386": "linux-image-686-pae",
    "ppc64le": "linux-image-powerpc64le",
    "arm64": "linux-image-arm64",
    "s390x": "linux-image-s390x",
}
#: Seconds for one boot, many times what it takes on an idle machine.
_LIMIT: t.Final = 600
_INIT: t.Final = """#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
echo 1 >/proc/sys/kernel/printk
echo "told: size $(cat /sys/kernel/kexec_crash_size 2>/dev/null || echo none)"
dmesg | sed 's/^/told: log /'
sed 's/^/told: iomem /' /proc/iomem
echo 'told: end'
poweroff -f
"""


@dataclass(frozen=True)
class Told:
    """What one boot told."""

    #: Bytes, None where the kernel knows of no crash kernel.
    reserved: int | None
    log: str
    iomem: str
    #: What the kernel was built with, by the file in its package.
    config: t.Mapping[str, str]


def boot(folder: pathlib.Path, architecture: str, *, parameters: str, memory: str) -> Told:
    """Boot the kernel once with these parameters."""
    machine = find(architecture)
    wanted = Wanted(machine.architecture.debian, ("busybox-static",), _KERNELS[architecture])
    tree = Store(default_cache(os.environ), RUNNER).ensure(wanted, force=False, check=False)
    console, initramfs = folder / "console", folder / "initramfs"
    initramfs.write_bytes(_initramfs(pathlib.Path(tree["path"])))
    argv = [
        "timeout", str(_LIMIT), machine.emulator, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-machine", machine.machine, "-cpu", machine.cpu, "-accel", machine.accel, "-m", memory, "-smp", "1",
        "-serial", f"file:{console}", "-kernel", str(tree["kernel"]), "-initrd", str(initramfs),
        "-append", f"console={machine.console} {machine.append} {parameters}",
    ]  # fmt: skip
    RUNNER.run(argv, what="boot a machine", timeout=_LIMIT + 30)
    text = console.read_text(errors="replace").replace("\r", "")
    assert "told: end" in text, text[-3000:]
    size, log, iomem = ("\n".join(_lines(text, kind)) for kind in ("size", "log", "iomem"))
    return Told(None if size == "none" else int(size), log, iomem, _config(pathlib.Path(tree["path"])))


def _config(root: pathlib.Path) -> t.Mapping[str, str]:
    (file,) = (root / "boot").glob("config-*")
    return read_config(Host(str(root)), file.name.removeprefix("config-")) or {}


def _lines(text: str, kind: str) -> list[str]:
    start = f"told: {kind} "
    return [line[len(start) :] for line in text.splitlines() if line.startswith(start)]


def _initramfs(root: pathlib.Path) -> bytes:
    return newc.archive([
        newc.regular("init", _INIT.encode(), permissions=0o755),
        newc.character("dev/console", (5, 1)),
        newc.regular("bin/busybox", (root / "bin/busybox").read_bytes(), permissions=0o755),
    ])  # fmt: skip
