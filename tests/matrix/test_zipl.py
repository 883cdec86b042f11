# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's zipl writes what the back end makes of its configuration, and the machine then boots with it."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.linux.kdump.tests.matrix.zipl import Machine

_VALUE: t.Final = "crashkernel=64M"
_LINE: t.Final = "root=/dev/vda1 console=ttysclp0 quiet"

#: Sections with a menu, as Debian and SUSE have them: quoted in all ways, and one that says nothing.
_SECTIONS: t.Final = {
    "etc/zipl.conf": f"""\
# The boot menu.
[defaultboot]
defaultmenu = menu

:menu
    target = /boot
    1 = linux
    2 = old
    3 = bare
    default = 1
    prompt = 0

[linux]
    target = /boot
    image = /boot/vmlinuz
    ramdisk = /boot/initrd.img
    parameters = "{_LINE}"

[old]
    target = /boot
    image = /boot/vmlinuz
    ramdisk = /boot/initrd.img
    parameters = '{_LINE} crashkernel=1G single'

[bare]
    target = /boot
    image = /boot/vmlinuz
    ramdisk = /boot/initrd.img
""",
}
#: The arguments in a file of their own, and one more beside it.
_PARMFILE: t.Final = {
    "etc/zipl.conf": """\
[defaultboot]
default=linux

[linux]
target=/boot
image=/boot/vmlinuz
ramdisk=/boot/initrd.img
parmfile=/boot/zipl.parm
parameters="quiet"
""",
    "boot/zipl.parm": _LINE.replace(" quiet", "\n"),
}
#: Entries in files of their own, as RHEL and Fedora have them.
_ENTRIES: t.Final = {
    "etc/zipl.conf": """\
[defaultboot]
defaultauto
prompt=0
timeout=1
target=/boot
""",
    **{
        f"boot/loader/entries/0123456789abcdef0123456789abcdef-6.1.{number}.conf": f"""\
title Linux 6.1.{number}
version 6.1.{number}
linux /boot/vmlinuz
initrd /boot/initrd.img
options {_LINE}
id linux-6.1.{number}
"""
        for number in (1, 2)
    },
    "etc/kernel/cmdline": f"{_LINE}\n",
}
_CASES: t.Final = {"sections": _SECTIONS, "parmfile": _PARMFILE, "entries": _ENTRIES}


def _passed(line: list[str]) -> list[str]:
    return [word for word in line if word.startswith("crashkernel=")]


@pytest.mark.parametrize("files", _CASES.values(), ids=list(_CASES))
def test_it_boots_with_the_value_and_without_it_again(files: dict[str, str], tmp_path: pathlib.Path) -> None:
    machine = Machine(tmp_path, files, steps=[[_VALUE], [], None])
    first = machine.boot(by_qemu=True)
    assert (first["error"], first["loader"]) == (None, "zipl")
    assert all(_passed(arguments) == [_VALUE] for _title, arguments in first["entries"]), first["entries"]

    second = machine.boot()
    assert second["error"] is None
    assert _passed(second["line"]) == [_VALUE]
    assert not any(_passed(arguments) for _title, arguments in second["entries"])

    third = machine.boot()
    assert _passed(third["line"]) == []
    assert third["line"][:3] == _LINE.split()
    expected = {f"/{name}": text.replace(" crashkernel=1G", "") for name, text in files.items()}
    assert third["files"] == expected


def test_what_zipl_refuses_is_not_written(tmp_path: pathlib.Path) -> None:
    files = {"etc/zipl.conf": _SECTIONS["etc/zipl.conf"].replace("    target = /boot\n    image", "    image")}
    told = Machine(tmp_path, files, steps=[[_VALUE]]).boot(by_qemu=True)
    assert "missing keyword 'target' in section 'linux'" in told["error"]
    assert told["files"] == {f"/{name}": text for name, text in files.items()}
