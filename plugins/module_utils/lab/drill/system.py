# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The initramfs of the machine that is made to be crashed."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Iterator

from ...capture.initramfs import closure, newc
from ...capture.initramfs import modules as kernel_modules
from ...drill import NONCE_PREFIX
from . import init
from .argv import capture_line
from .spec import DrillError, DrillSpec

#: Modules for the disk; what a kernel has built in is not loaded. The kernel's own loader finds the bus's driver.
MODULES: t.Final[t.Mapping[str, tuple[str, ...]]] = {
    "virtio-blk-pci": ("virtio_pci", "virtio_blk", "ext4"),
    "virtio-blk-ccw": ("virtio_blk", "ext4"),
}
#: Where Debian has them, and the places of merged and unmerged trees.
_BUSYBOX: t.Final = ("bin/busybox", "usr/bin/busybox")
_KEXEC: t.Final = ("sbin/kexec", "usr/sbin/kexec")
_CONSOLE: t.Final = (5, 1)


def build(spec: DrillSpec, *, nonce: str, uuid: str) -> bytes:
    """The archive, not compressed: the emulator hands it over faster than any kernel unpacks it."""
    texts = {
        "modules": "".join(f"{'optional' if found.optional else 'needed'} {found.name}\n" for found in _modules(spec)),
        "syscall": f"{init.SYSCALLS[_syscall(spec)]}\n",
        "command_line": f"{capture_line(spec, uuid=uuid)}\n",
        "nonce": f"{NONCE_PREFIX}{nonce}\n",
        "late_console": f"{spec.machine.console}\n" if spec.machine.late_console else "",
    }
    return newc.archive(
        [
            newc.regular("init", init.INIT.encode(), permissions=0o755),
            # Before /dev is mounted, the kernel opens this one for /init's output.
            newc.character("dev/console", _CONSOLE),
            *(newc.regular(f"{init.FOLDER}/{name}", text.encode()) for name, text in texts.items()),
            *_programs(spec.tools),
            *_module_files(spec),
        ]
    )


def _syscall(spec: DrillSpec) -> str:
    return spec.machine.syscall if spec.syscall == "auto" else spec.syscall


def _programs(root: str) -> Iterator[newc.Member]:
    """busybox, kexec, and what kexec needs to start: its linker where it asks for it, its libraries in one folder."""
    yield newc.regular("bin/busybox", _contents(_tool(root, _BUSYBOX)), permissions=0o755)
    kexec = _tool(root, _KEXEC)
    found = closure.closure(kexec, root=root)
    yield newc.regular("bin/kexec", _contents(kexec), permissions=0o755)
    if found.interpreter:
        linker = _contents(root + found.interpreter)
        yield newc.regular(found.interpreter.lstrip("/"), linker, permissions=0o755)
    for library in found.libraries:
        yield newc.regular(f"lib/{library.name}", _contents(library.path), permissions=0o755)


def _tool(root: str, places: tuple[str, ...]) -> str:
    for place in places:
        path = os.path.join(root, place)
        if os.path.isfile(path):
            return path
    raise DrillError(
        f"Cannot drill with the tools in {root}: there is no {places[0]}. Name the root of a tree that holds"
        " busybox-static and kexec-tools of the architecture."
    )


def _modules(spec: DrillSpec) -> tuple[kernel_modules.KernelModule, ...]:
    if spec.modules is None:
        return ()
    return kernel_modules.in_order(kernel_modules.read_tree(spec.modules), MODULES[spec.machine.disk_device])


def _module_files(spec: DrillSpec) -> Iterator[newc.Member]:
    for module in _modules(spec):
        yield newc.regular(f"{init.MODULES_FOLDER}/{module.name}.ko", kernel_modules.unpacked(module, _refuse_zstd))


def _refuse_zstd(path: str) -> t.NoReturn:
    raise DrillError(f"Cannot drill with the module {path}: it is compressed by zstd. Name a tree that is not.")


def _contents(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError as error:
        raise DrillError(f"Cannot make the drill's initramfs: {path}: {error.strerror or error}.") from error
