# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines in a folder, one for each boot loader, in the form that distributions leave them in."""

from __future__ import annotations

import typing as t

from ansible_collections.linux.kdump.plugins.module_utils.bootloader.systemd_boot import SystemdBoot
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.bootloader.box import Box, Tree
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.bootloader.trees_grub import GRUB
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.bootloader.trees_text import TEXTS

__all__ = ["SYSTEMD_BOOT", "TREES", "Box", "kernel_install_entry"]

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

TREES: t.Final[dict[str, Tree]] = {**SYSTEMD_BOOT, **GRUB, **TEXTS}
