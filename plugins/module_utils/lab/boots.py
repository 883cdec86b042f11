# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lab images with another boot loader than GRUB on a BIOS, as data: what is in them, and how it gets to the disk.

The loader is installed by its own tools in the image's one boot before it is handed out, which QEMU starts without any.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, field

from . import recipe

#: The image as `recipe` has it.
BIOS_GRUB: t.Final = "bios-grub"
#: An EFI system partition is the first on the disk and the last in the table: the root file system is ``vda1`` in every
#: image, and can grow in every one.
ESP_NUMBER: t.Final = 15
ESP_MEBIBYTES: t.Final = 192
ESP: t.Final = "/boot/efi"


@dataclass(frozen=True)
class Boot:
    """How an image boots. ``install`` is the part of its one boot in which ``$kernel`` is its kernel's release."""

    packages: tuple[str, ...]
    install: str
    esp: bool = True
    files: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    customize: str = ""
    features: str = ""


#: How long a boot waits for it: an emulated guest on a busy machine needs more than systemd's own 90 seconds.
_LIMITS = "x-systemd.device-timeout=900,x-systemd.mount-timeout=900"

_MENU_PARTS = f"cd /etc/grub.d\nchmod -x {' '.join(recipe.UNUSED_MENU_PARTS)}\ncd /\n"

_GRUB_DEFAULTS = f"""\
GRUB_TIMEOUT=0
GRUB_TERMINAL="console"
GRUB_CMDLINE_LINUX_DEFAULT=""
GRUB_CMDLINE_LINUX="{recipe.CONSOLE_LINE}"
GRUB_DISABLE_OS_PROBER=true
"""

_INSTALL_GRUB = f"""\
run grub-install --target=x86_64-efi --efi-directory={ESP} --no-nvram --force-extra-removable
run update-grub
grep -q '^menuentry ' /boot/grub/grub.cfg || fail "update-grub wrote a menu without entries"
grep -q {recipe.FINISH} /boot/grub/grub.cfg && fail "update-grub kept the finishing boot"
"""

# The name of the distribution in the names of entries: the machine's own number is another one in every guest.
_INSTALL_SYSTEMD_BOOT = f"""\
run bootctl install --esp-path={ESP} --no-variables --entry-token=os-id --make-entry-directory=yes
run /etc/kernel/postinst.d/zz-systemd-boot "$kernel" "/boot/vmlinuz-$kernel"
ls {ESP}/loader/entries/*-"$kernel".conf >/run/entries || fail "kernel-install made no entry"
"""

_INSTALL_EXTLINUX = """\
run dd if=/usr/lib/EXTLINUX/mbr.bin of=/dev/vda bs=440 count=1 conv=notrunc
mkdir -p /boot/extlinux
run extlinux --install /boot/extlinux
run u-boot-update
grep -q '^label ' /boot/extlinux/extlinux.conf || fail "u-boot-update wrote a menu without entries"
"""

_U_BOOT_DEFAULTS = f"""\
U_BOOT_ALTERNATIVES="default"
U_BOOT_TIMEOUT="1"
U_BOOT_PARAMETERS="ro {recipe.CONSOLE_LINE}"
"""

BOOTS: t.Final[Mapping[str, Boot]] = {
    "efi-grub": Boot(
        packages=("grub-efi-amd64", "dosfstools"),
        install=_INSTALL_GRUB,
        files={"/etc/default/grub.d/10-linux-kdump-lab.cfg": (_GRUB_DEFAULTS, 0o644)},
        customize=_MENU_PARTS,
    ),
    "efi-systemd-boot": Boot(
        packages=("systemd-boot", "dosfstools"),
        install=_INSTALL_SYSTEMD_BOOT,
        customize=f"printf 'root=UUID=%s ro {recipe.CONSOLE_LINE}\\n' \"$root\" >/etc/kernel/cmdline\n",
    ),
    # EXTLINUX finds nothing on ext4 whose block numbers have 64 bits. u-boot-update writes its menu, and takes the root
    # file system from fstab.
    "bios-extlinux": Boot(
        packages=("extlinux", "u-boot-menu"),
        install=_INSTALL_EXTLINUX,
        esp=False,
        files={"/etc/default/u-boot": (_U_BOOT_DEFAULTS, 0o644)},
        features=",^64bit",
    ),
}  # fmt: skip


def packages(boot: Boot) -> tuple[str, ...]:
    """What is in every image, and the boot loader."""
    return (*(name for name in recipe.PACKAGES if name not in recipe.LOADER_PACKAGES), *boot.packages)


def files(boot: Boot) -> dict[str, tuple[str, int]]:
    """The files of every image but those of GRUB, and those of the boot loader."""
    script = recipe.finish_script(_in_one_boot(boot), about="here its boot loader's own tools install it")
    common = {path: entry for path, entry in recipe.FILES.items() if path not in recipe.LOADER_FILES}
    return {**common, **boot.files, recipe.FINISH: (script, 0o755)}


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
    after = (partition if boot.esp else "") + boot.customize
    return recipe.customize(before=f"root={uuid}\n", uuid=uuid, after=after)


def finish_argv(uuid: str) -> list[str]:
    """Further arguments for QEMU in the one boot: the kernel comes from the tree that the disk was made from."""
    line = f"root=UUID={uuid} ro {recipe.CONSOLE_LINE} {recipe.FINISH_PARAMETERS}"
    return ["-kernel", "tree/vmlinuz", "-initrd", "tree/initrd.img", "-append", line]


def _in_one_boot(boot: Boot) -> str:
    esp = f'run mkfs.fat -F 32 -n ESP -i "$(cat {recipe.LIBRARY}/esp)" /dev/vda{ESP_NUMBER}\nrun mount {ESP}\n'
    start = (esp if boot.esp else "") + "kernel=$(uname -r)\n"
    return f"{_RUN}{start}{boot.install}" + (f"run umount {ESP}\n" if boot.esp else "")


_RUN = 'run() {\n    "$@" >/run/step.log 2>&1 || fail "$1: $(tail -n 1 /run/step.log)"\n}\n'
