# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trees of GRUB 2 beside Debian's, and of systems that boot images with it."""

from __future__ import annotations

import subprocess
import typing as t
from collections.abc import Mapping, Sequence
from pathlib import Path

from ansible_collections.linux.kdump.plugins.module_utils.bootloader.grub import Grub
from ansible_collections.linux.kdump.plugins.module_utils.bootloader.grub_bls import GrubBls
from ansible_collections.linux.kdump.plugins.module_utils.bootloader.ostree import Ostree
from ansible_collections.linux.kdump.plugins.module_utils.command import CommandRunner
from ansible_collections.linux.kdump.tests.unit.fakes import Answer
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.bootloader.box import Tree

_GENERATE: t.Final = """
set -e
. "$1/etc/default/grub"
echo "menuentry 'Linux' --class os \\$menuentry_id_option 'simple' {"
echo "  linux /boot/vmlinuz-6.4.0 root=/dev/vda2 $GRUB_CMDLINE_LINUX $GRUB_CMDLINE_LINUX_DEFAULT"
echo "}"
echo "menuentry 'Linux (recovery mode)' {"
echo "  linux /boot/vmlinuz-6.4.0 root=/dev/vda2 single $GRUB_CMDLINE_LINUX $GRUB_CMDLINE_LINUX_RECOVERY"
echo "}"
"""


def _generators(root: Path) -> Mapping[tuple[str, ...], Answer]:
    def answer(argv: Sequence[str]) -> tuple[int, str, str]:
        made = subprocess.run(
            ["/bin/sh", "-c", _GENERATE, "sh", str(root)], capture_output=True, text=True, check=True, timeout=20
        )
        Path(argv[argv.index("-o") + 1]).write_text(made.stdout)
        return 0, "", ""

    return {(str(root / f"usr/{folder}-mkconfig"),): answer for folder in ("sbin/grub2", "bin/grub", "sbin/grub")}


def _kargs(root: Path) -> Mapping[tuple[str, ...], Answer]:
    """rpm-ostree as far as ``kargs`` goes: --delete takes one that is there, --append adds at the end."""

    def answer(argv: Sequence[str]) -> tuple[int, str, str]:
        place = root / "run/next-kargs"
        words = place.read_text().split()
        for option in argv[2:]:
            name, _equals, value = option.partition("=")
            if name == "--delete":
                if value not in words:
                    return 1, "", f"error: No key '{value}' found"
                words.remove(value)
            else:
                words.append(value)
        if argv[2:]:
            place.write_text(" ".join(words) + "\n")
        return 0, " ".join(words) + "\n", ""

    return {(str(root / "usr/bin/rpm-ostree"), "kargs"): answer}


def _grub(runner: CommandRunner, root: str) -> Grub:
    return Grub(runner, root=root)


def _environment(*lines: str) -> str:
    return ("# GRUB Environment Block\n" + "".join(f"{line}\n" for line in lines)).ljust(1024, "#")


_ID: t.Final = "0123456789abcdef0123456789abcdef"
_MENU: t.Final = (
    "### BEGIN /etc/grub.d/00_header ###\nset pager=1\nif [ -s $prefix/grubenv ]; then\n  load_env\nfi\n"
    '### BEGIN /etc/grub.d/00_tuned ###\nset tuned_params="skew_tick=1"\nset tuned_initrd=""\n'
    "### BEGIN /etc/grub.d/10_linux ###\ninsmod part_msdos\n"
    'if [ -z "${kernelopts}" ]; then\n  set kernelopts="root=/dev/vda1 ro crashkernel=auto "\nfi\n'
    "insmod blscfg\nblscfg\n### END ###\n"
)
_STUB: t.Final = "search --no-floppy --fs-uuid --set=dev 0a1b\nset prefix=($dev)/grub2\nconfigfile $prefix/grub.cfg\n"


def _menu(default: str, recovery: str) -> str:
    """What the generator makes of these."""
    return (
        "menuentry 'Linux' --class os $menuentry_id_option 'simple' {\n"
        f"  linux /boot/vmlinuz-6.4.0 root=/dev/vda2  {default}\n}}\nmenuentry 'Linux (recovery mode)' {{\n"
        f"  linux /boot/vmlinuz-6.4.0 root=/dev/vda2 single  {recovery}\n}}\n"
    )


def _entry(release: str, options: str) -> str:
    return (
        f"title Red Hat Enterprise Linux ({release})\nversion {release}\nlinux /vmlinuz-{release}\n"
        f"initrd /initramfs-{release}.img $tuned_initrd\noptions {options}\nid rhel-{release}\n"
        "grub_users $grub_users\ngrub_arg --unrestricted\ngrub_class kernel\n"
    )


GRUB: t.Final[dict[str, Tree]] = {
    "grub-bls, RHEL 8": Tree(
        {
            "boot/grub2/grub.cfg": _MENU,
            "boot/grub2/grubenv": _environment(
                "saved_entry=x", "kernelopts=root=/dev/vda1 ro crashkernel=auto rhgb quiet ", "boot_success=0"
            ),
            "etc/default/grub": 'GRUB_TIMEOUT=5\nGRUB_CMDLINE_LINUX="crashkernel=auto rhgb quiet"\n',
            f"boot/loader/entries/{_ID}-4.18.0-1.conf": _entry("4.18.0-1", "$kernelopts $tuned_params"),
            f"boot/loader/entries/{_ID}-0-rescue.conf": _entry("0-rescue", "$kernelopts crashkernel=2M"),
        },
        GrubBls, entries=2,
    ),
    "grub-bls, RHEL 9 with EFI": Tree(
        {
            "sys/firmware/efi/fw_platform_size": "64\n",
            "boot/efi/EFI/redhat/grub.cfg": _STUB,
            "boot/grub2/grub.cfg": _MENU,
            "boot/grub2/grubenv": _environment("saved_entry=x"),
            "etc/kernel/cmdline": "root=/dev/mapper/rhel-root ro crashkernel=1G-4G:192M,4G-64G:256M,64G-:512M\n",
            "etc/default/grub": "GRUB_CMDLINE_LINUX=\"\"\nGRUB_CMDLINE_LINUX='crashkernel=1M rd.lvm.lv=rhel/root'\n",
            f"boot/loader/entries/{_ID}-5.14.0-1.conf": _entry(
                "5.14.0-1", "root=/dev/mapper/rhel-root ro $tuned_params"
            ),
            f"boot/loader/entries/{_ID}-5.14.0-2.conf": _entry(
                "5.14.0-2", "root=/dev/mapper/rhel-root ro crashkernel=1G-:192M crashkernel=64M"
            ),
        },
        GrubBls, entries=2,
    ),
    "grub-bls, Fedora": Tree(
        {
            "usr/sbin/grub2-mkconfig": "#!/bin/sh\n",
            "boot/grub2/grub.cfg": _MENU,
            f"boot/loader/entries/{_ID}-6.9.4-200.fc40.conf": _entry("6.9.4-200.fc40", "root=UUID=1 ro rhgb quiet"),
            f"boot/loader/entries/{_ID}-6.8.5-301.fc40.conf": _entry("6.8.5-301.fc40", "root=UUID=1 ro rhgb quiet"),
            f"boot/loader/entries/{_ID}-0-rescue.conf": _entry("0-rescue", "root=UUID=1 ro"),
        },
        GrubBls, entries=3, made=("etc/kernel/cmdline",),
    ),
    "grub, SUSE": Tree(
        {
            "usr/sbin/grub2-mkconfig": "#!/bin/sh\n# reads /etc/default/grub\n",
            "boot/grub2/grub.cfg": _menu(
                "splash=silent quiet crashkernel=192M,high crashkernel=72M,low", "single"
            ),
            "etc/default/grub": (
                'GRUB_DISTRIBUTOR=""\nGRUB_CMDLINE_LINUX=""\n'
                'GRUB_CMDLINE_LINUX_DEFAULT="splash=silent quiet crashkernel=192M,high crashkernel=72M,low" # by YaST\n'
                'GRUB_CMDLINE_LINUX_RECOVERY="single"\n'
            ),
        },
        _grub, entries=2, answers=_generators,
    ),
    "grub, Arch": Tree(
        {
            "usr/bin/grub-mkconfig": "#!/bin/sh\n",
            "boot/grub/grub.cfg": _menu('loglevel=3 x="a b"', ""),
            "etc/default/grub": "GRUB_CMDLINE_LINUX=\"\"\nGRUB_CMDLINE_LINUX_DEFAULT=\"loglevel=3 x=\\\"a b\\\"\"\n",
        },
        _grub, entries=2, answers=_generators,
    ),
    "ostree, Fedora CoreOS": Tree(
        {
            "run/ostree-booted": "",
            "usr/bin/rpm-ostree": "",
            "run/next-kargs": "mitigations=auto ostree=/ostree/boot.1/fcos/1/0 crashkernel=1M crashkernel=2M rw\n",
            "boot/grub2/grub.cfg": _MENU,
            "boot/loader/entries/ostree-1-fedora-coreos.conf": (
                "title Fedora CoreOS 40 (ostree:0)\nversion 1\nlinux /ostree/1/vmlinuz\n"
                "options ostree=/ostree/boot.0 rw\n"
            ),
        },
        Ostree, entries=1, answers=_kargs,
    ),
}  # fmt: skip
