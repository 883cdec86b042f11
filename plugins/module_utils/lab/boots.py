# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lab images with another boot loader than GRUB on a BIOS, as data: what is in them, and how it gets to the disk.

The loader is installed by its own tools in the image's one boot before it is handed out, which QEMU starts without any.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

from . import recipe

#: The image as `recipe` has it.
BIOS_GRUB: t.Final = "bios-grub"
#: The EFI system partition is the first on the disk and the last in the table: the root file system is ``vda1`` in
#: every image, and can grow in every one.
ESP_NUMBER: t.Final = 15
ESP_MEBIBYTES: t.Final = 192
ESP: t.Final = "/boot/efi"


@dataclass(frozen=True)
class Boot:
    """How an image boots. ``install`` is the part of its one boot in which ``$kernel`` is its kernel's release."""

    packages: tuple[str, ...]
    install: str
    customize: str


#: How long a boot waits for it: an emulated guest on a busy machine needs more than systemd's own 90 seconds.
_LIMITS = "x-systemd.device-timeout=900,x-systemd.mount-timeout=900"

# The name of the distribution in the names of entries: the machine's own number is another one in every guest.
_INSTALL_SYSTEMD_BOOT = f"""\
run bootctl install --esp-path={ESP} --no-variables --entry-token=os-id --make-entry-directory=yes
run /etc/kernel/postinst.d/zz-systemd-boot "$kernel" "/boot/vmlinuz-$kernel"
ls {ESP}/loader/entries/*-"$kernel".conf >/run/entries || fail "kernel-install made no entry"
"""

BOOTS: t.Final[Mapping[str, Boot]] = {
    "efi-systemd-boot": Boot(
        packages=("systemd-boot", "dosfstools"),
        install=_INSTALL_SYSTEMD_BOOT,
        customize=f"printf 'root=UUID=%s ro {recipe.CONSOLE_LINE}\\n' \"$root\" >/etc/kernel/cmdline\n",
    ),
}


def packages(boot: Boot) -> tuple[str, ...]:
    """What is in every image, and the boot loader."""
    return (*(name for name in recipe.PACKAGES if name not in recipe.LOADER_PACKAGES), *boot.packages)


def files(boot: Boot) -> dict[str, tuple[str, int]]:
    """The files of every image but those of GRUB."""
    script = recipe.finish_script(_in_one_boot(boot), about="here its boot loader's own tools install it")
    common = {path: entry for path, entry in recipe.FILES.items() if path not in recipe.LOADER_FILES}
    return {**common, recipe.FINISH: (script, 0o755)}


def esp_serial(digest: str) -> str:
    """The number of a FAT file system, as mkfs.fat takes it."""
    return digest[:8].upper()


def customize_script(boot: Boot, *, uuid: str, esp: str) -> str:
    """The script that runs inside the new root once all packages and files are there."""
    partition = f"""\
mkdir -p {ESP}
echo 'UUID={esp[:4]}-{esp[4:]} {ESP} vfat umask=0077,{_LIMITS} 0 0' >>/etc/fstab
echo {esp} >{recipe.LIBRARY}/esp
"""
    after = partition + boot.customize
    return recipe.customize(before=f"root={uuid}\n", uuid=uuid, after=after)


def finish_argv(uuid: str) -> list[str]:
    """Further arguments for QEMU in the one boot: the kernel comes from the tree that the disk was made from."""
    line = f"root=UUID={uuid} ro {recipe.CONSOLE_LINE} {recipe.FINISH_PARAMETERS}"
    return ["-kernel", "tree/vmlinuz", "-initrd", "tree/initrd.img", "-append", line]


def _in_one_boot(boot: Boot) -> str:
    return f"""\
{_RUN}run mkfs.fat -F 32 -n ESP -i "$(cat {recipe.LIBRARY}/esp)" /dev/vda{ESP_NUMBER}
run mount {ESP}
kernel=$(uname -r)
{boot.install}run umount {ESP}
"""


_RUN = 'run() {\n    "$@" >/run/step.log 2>&1 || fail "$1: $(tail -n 1 /run/step.log)"\n}\n'
