# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines in a folder, one for each boot loader, in the form that distributions leave them in."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.linux.kdump.plugins.module_utils.bootloader.detect import Candidate
from ansible_collections.linux.kdump.plugins.module_utils.bootloader.systemd_boot import SystemdBoot
from ansible_collections.linux.kdump.plugins.module_utils.command import CommandRunner
from ansible_collections.linux.kdump.tests.unit.fakes import Answer, FakeRunner

Content = t.Union[str, bytes]
Make = Callable[[CommandRunner, str], Candidate]


@dataclass(frozen=True)
class Tree:
    """``files`` by their names, and the back end for them. ``answers`` are those of the loader's own tools.

    ``entries`` is how many entries have to hold the value; ``made`` are files that setting it adds.
    """

    files: Mapping[str, Content]
    loader: Make
    entries: int
    made: tuple[str, ...] = ()
    answers: Callable[[Path], Mapping[tuple[str, ...], Answer]] = lambda root: {}


class Box:
    """A tree as files below ``root``."""

    def __init__(self, tree: Tree, root: Path) -> None:
        self.root = root
        for name, content in tree.files.items():
            self.write(name, content)
        self.runner = FakeRunner(tree.answers(root))
        self.loader = tree.loader(self.runner, str(root))

    def write(self, name: str, content: Content) -> None:
        """A file of the machine."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def read(self, name: str) -> str:
        """What a file of the machine says."""
        return (self.root / name).read_text()

    def snapshot(self) -> dict[str, tuple[bytes, int, int]]:
        """Every file with content, mode and time of change: equal snapshots mean that nothing was written."""
        files = (path for path in sorted(self.root.rglob("*")) if path.is_file())
        return {str(path): (path.read_bytes(), path.stat().st_mode, path.stat().st_mtime_ns) for path in files}

    def contents(self) -> dict[str, bytes]:
        """Every file that a boot loader or a package looks at; copies kept and files half written are none."""
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and "linux-kdump" not in str(path.relative_to(self.root)) and not _temporary(path.name)
        }

    def values(self) -> set[tuple[str, ...]]:
        """What the managed entries set."""
        return {
            tuple(word for word in entry.arguments if word.startswith("crashkernel="))
            for entry in self.loader.entries()
            if entry.managed
        }


def _temporary(name: str) -> bool:
    return re.fullmatch(r"\..+\.[a-z0-9_]{8}", name) is not None


_MACHINE: t.Final = "0123456789abcdef0123456789abcdef"


def kernel_install_entry(release: str, options: str) -> str:
    """What kernel-install of systemd 252 writes."""
    return (
        f"title      Debian GNU/Linux 12 (bookworm)\nversion    {release}\nmachine-id {_MACHINE}\nsort-key   debian\n"
        f"options    {options} systemd.machine_id={_MACHINE}\nlinux      /{_MACHINE}/{release}/linux\n"
        f"initrd     /{_MACHINE}/{release}/initrd.img-{release}\n"
    )


_ROOT: t.Final = "root=UUID=0a1b2c3d-0000-4000-8000-000000000000 ro"

SYSTEMD_BOOT: t.Final = {
    "systemd-boot, Debian": Tree(
        {
            "boot/efi/loader/loader.conf": f"timeout 3\ndefault {_MACHINE}-*\n",
            f"boot/efi/loader/entries/{_MACHINE}-6.1.0-1.conf": kernel_install_entry("6.1.0-1", f"{_ROOT} quiet"),
            f"boot/efi/loader/entries/{_MACHINE}-6.1.0-2+3-0.conf": kernel_install_entry("6.1.0-2", f"{_ROOT} quiet"),
            "boot/efi/loader/entries/memtest.conf": "title Memory test\nefi /EFI/memtest.efi\noptions console=ttyS0\n",
        },
        SystemdBoot, entries=2, made=("etc/kernel/cmdline",),
    ),
    "systemd-boot, Arch": Tree(
        {
            "boot/loader/loader.conf": "default arch.conf\n",
            "boot/loader/entries/arch.conf": (
                "title\tArch Linux\nlinux\t/vmlinuz-linux\ninitrd\t/initramfs-linux.img\n"
                'options\troot="LABEL=arch" rw dyndbg="file ec.c +p"\noptions\tcrashkernel=1M quiet crashkernel=2M\n'
            ),
            "boot/loader/entries/fallback.conf": (
                "# by hand\ntitle Arch Linux (fallback)\nlinux /vmlinuz-linux\r\n"
                "initrd /initramfs-linux-fallback.img\noptions root=LABEL=arch rw -- single"
            ),
        },
        SystemdBoot, entries=2,
    ),
    "systemd-boot, kernel-install with a command line": Tree(
        {
            "efi/EFI/systemd/systemd-bootx64.efi": b"MZ",
            "etc/kernel/cmdline": f"{_ROOT}\n  quiet splash  \n",
            "boot/loader/entries/token-6.12.conf": "title X\nversion 6.12\nlinux /token/6.12/linux\n",
        },
        SystemdBoot, entries=1,
    ),
}  # fmt: skip

TREES: t.Final[dict[str, Tree]] = {**SYSTEMD_BOOT}
