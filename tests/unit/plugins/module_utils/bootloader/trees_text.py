# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trees of loaders with one text for all entries, and of those that a program has to tell."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping, Sequence
from pathlib import Path

from ansible_collections.linux.kdump.plugins.module_utils.bootloader.extlinux import Extlinux
from ansible_collections.linux.kdump.plugins.module_utils.bootloader.raspberry_pi import RaspberryPi
from ansible_collections.linux.kdump.plugins.module_utils.bootloader.sections import Lilo, Yaboot
from ansible_collections.linux.kdump.plugins.module_utils.bootloader.zipl import Zipl
from ansible_collections.linux.kdump.tests.unit.fakes import Answer
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.bootloader.box import Tree


def _recorders(root: Path) -> Mapping[tuple[str, ...], Answer]:
    """zipl, lilo and ybin as far as this goes: what they read is what boots."""

    def answer(argv: Sequence[str]) -> tuple[int, str, str]:
        files = [Path(argv[2]), *(sorted(Path(argv[4]).iterdir()) if len(argv) > 4 else ())]
        files += [
            Path(name) for name in re.findall(r"parmfile\s*=\s*(\S+)", files[0].read_text()) if Path(name).is_file()
        ]
        found = {value for path in files for value in re.findall(r"crashkernel=[^\s\"']*", path.read_text())}
        (root / "boot/record").write_text(" ".join(["record", *sorted(found)]) + "\n")
        return 0, "", ""

    return {(str(root / name),): answer for name in ("usr/sbin/zipl", "sbin/lilo", "usr/sbin/ybin")}


_EXTLINUX: t.Final = (
    "## /boot/extlinux/extlinux.conf\n##\n## IMPORTANT WARNING\n\ndefault l0\nmenu title U-Boot menu\nprompt 0\n"
    "timeout 50\n"
    "\n\nlabel l0\n\tmenu label Debian GNU/Linux 12 (bookworm) 6.1.0-1-arm64\n\tlinux /boot/vmlinuz-6.1.0-1-arm64\n"
    "\tinitrd /boot/initrd.img-6.1.0-1-arm64\n\tfdtdir /usr/lib/linux-image-6.1.0-1-arm64/\n\t\n"
    "\tappend root=UUID=1 ro quiet\n\nlabel l0r\n\tmenu label Debian GNU/Linux 12 (bookworm) (rescue target)\n"
    "\tlinux /boot/vmlinuz-6.1.0-1-arm64\n\tappend root=UUID=1 ro single\n\t\n"
)

TEXTS: t.Final[dict[str, Tree]] = {
    "extlinux, u-boot-menu": Tree(
        {
            "usr/sbin/u-boot-update": "#!/bin/sh\n",
            "etc/default/u-boot": '## /etc/default/u-boot\n#U_BOOT_UPDATE="true"\n#U_BOOT_PARAMETERS="ro quiet"\n',
            "boot/extlinux/extlinux.conf": _EXTLINUX,
        },
        Extlinux, entries=2, made=("etc/default/u-boot",),
    ),
    "extlinux, Alpine": Tree(
        {
            "sbin/update-extlinux": "#!/bin/sh\n",
            "etc/update-extlinux.conf": "overwrite=1\ndefault_kernel_opts=\"quiet rootfstype=ext4\"\nmodules=ext4\n",
            "boot/extlinux.conf": (
                "DEFAULT menu.c32\nPROMPT 0\nMENU TITLE Alpine\nAPPEND root=UUID=2 crashkernel=9M\nINCLUDE more.conf\n"
                "LABEL virt\n  MENU LABEL Linux virt\n  LINUX vmlinuz-virt\n  INITRD initramfs-virt\n"
                "LABEL lts\n  KERNEL vmlinuz-lts\n  APPEND root=UUID=2 modules=ext4 crashkernel=1M crashkernel=1M\n"
                "LABEL test\n  KERNEL memtest\n  APPEND crashkernel=5M\nLABEL disk\n  LOCALBOOT 0x80\n"
            ),
            "boot/more.conf": "label own\r\n  linux vmlinuz-own\r\n  initrd x\r\n",
        },
        Extlinux, entries=3,
    ),
    "zipl, RHEL": Tree(
        {
            "usr/sbin/zipl": "",
            "boot/record": "record\n",
            "etc/zipl.conf": "[defaultboot]\ndefaultauto\nprompt=1\ntimeout=5\ntarget=/boot\n",
            "etc/kernel/cmdline": "root=/dev/dasda1\n",
            "boot/loader/entries/x-5.14.0.s390x.conf": (
                "title RHEL\nversion 5.14.0.s390x\nlinux /boot/vmlinuz\ninitrd /boot/i\noptions root=/dev/dasda1\n"
            ),
            "boot/loader/entries/x-0-rescue.conf": (
                "title R\nversion 0-rescue\nlinux /boot/v\noptions root=/dev/dasda1\n"
            ),
        },
        Zipl, entries=2, answers=_recorders,
    ),
    "zipl, Debian": Tree(
        {
            "usr/sbin/zipl": "",
            "boot/record": "record\n",
            "etc/zipl.conf": (
                "[defaultboot]\ndefaultmenu = menu\n\n:menu\ntarget = /boot\n1 = debian\n2 = old\ndefault = 1\n\n"
                "[debian]\ntarget = /boot\nimage = /boot/vmlinuz\nramdisk = /boot/initrd.img\n"
                'parameters = "root=/dev/dasda1 vmhalt=LOGOFF"\n\n[old]\nimage=/boot/vmlinuz.old\n'
                "[bare]\nimage=/boot/v\nparameters=root=/dev/dasdb1\n[tape]\ndumpto=/dev/dasdz1\n"
            ),
        },
        Zipl, entries=3, answers=_recorders,
    ),
    "raspberry-pi, Raspberry Pi OS": Tree(
        {
            "boot/firmware/config.txt": "dtparam=audio=on\n[pi5]\ncmdline=five.txt # other\n[all]\narm_64bit=1\n",
            "boot/firmware/cmdline.txt": "console=tty1 root=PARTUUID=1-02 rootwait cfg80211.ieee80211_regdom=GB\n",
            "boot/firmware/five.txt": "console=tty1 crashkernel=1M root=PARTUUID=1-02 rootwait",
        },
        RaspberryPi, entries=2,
    ),
    "raspberry-pi, Debian": Tree(
        {
            "etc/default/raspi-firmware": "#CMA=64M\n",
            "boot/firmware/config.txt": "kernel=vmlinuz-6.1.0-1-arm64\n",
            "boot/firmware/cmdline.txt": "console=tty0 root=LABEL=RASPIROOT ro fsck.repair=yes net.ifnames=0\n",
        },
        RaspberryPi, entries=1, made=("etc/default/raspi-extra-cmdline",),
    ),
    "lilo": Tree(
        {
            "sbin/lilo": "",
            "boot/record": "record crashkernel=1M crashkernel=2M\n",
            "etc/lilo.conf": (
                "# /etc/lilo.conf\nlba32\nboot=/dev/sda\nroot=/dev/sda1\nappend=\"quiet x=\\\"a b\\\"\"\n\n"
                "image=/vmlinuz\n\tlabel=Linux\n\tread-only\n\nimage=/vmlinuz.old\n\tlabel=Old\n\toptional\n"
                "\tappend = \"noapic crashkernel=1M\"\n\taddappend=\" crashkernel=2M\"\n\n"
                "other=/dev/sda3\n\tlabel=DOS\n"
            ),
        },
        Lilo, entries=2, answers=_recorders,
    ),
    "yaboot": Tree(
        {
            "usr/sbin/ybin": "",
            "boot/record": "record\n",
            "etc/yaboot.conf": (
                "boot=/dev/sda2\ndevice=hd:\npartition=3\nroot=/dev/sda3\ntimeout=30\n"
                "magicboot=/usr/lib/yaboot/ofboot\n"
                "image=/boot/vmlinux\n\tlabel=Linux\n\tread-only\n\nimage=/boot/vmlinux.old\n\tlabel=old\n"
                "\tappend=\"root=/dev/sda3 quiet\"\n"
            ),
        },
        Yaboot, entries=2, answers=_recorders,
    ),
}  # fmt: skip
