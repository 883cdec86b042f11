# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command lines of a drill."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.kexec.cmdline import tokenise
from ansible_collections.linux.kdump.plugins.module_utils.lab.drill import argv, machines
from ansible_collections.linux.kdump.plugins.module_utils.lab.drill.spec import DrillSpec

UUID = "11111111-2222-3333-4444-555555555555"


def spec(**change: t.Any) -> DrillSpec:
    facts = {"architecture": "x86_64", "kernel": "k", "capture_kernel": "c", "initramfs": "i", "tools": "t", **change}
    return DrillSpec(**facts)


def options(command: t.Sequence[str], name: str) -> list[str]:
    return [command[index + 1] for index, word in enumerate(command) if word == name]


@pytest.mark.parametrize("name", sorted(machines.MACHINES))
def test_every_machine_boots_from_its_own_table(name: str) -> None:
    machine = machines.find(name)
    command = argv.qemu_argv(spec(architecture=name, memory=256 << 20))
    assert command[0] == machine.emulator
    assert options(command, "-machine") == [f"{machine.machine},memory-backend=ram"]
    assert options(command, "-m") == ["256M"]
    assert options(command, "-object") == ["memory-backend-ram,id=ram,size=256M,reserve=off"]
    assert options(command, "-device") == [f"{machine.disk_device},drive=drill,serial=drill"]
    assert "-no-reboot" in command
    assert f"console={machine.console} " in options(command, "-append")[0]


def test_what_is_given_is_added() -> None:
    command = argv.qemu_argv(spec(extra_args=("-device", "vmcoreinfo"), system_append="debug quiet", crashkernel="24M"))
    assert command[-2:] == ["-device", "vmcoreinfo"]
    assert options(command, "-append")[0].endswith(" crashkernel=24M debug quiet")


@pytest.mark.parametrize("name", sorted(machines.MACHINES))
def test_the_capture_kernel_gets_what_a_host_would_give_it(name: str) -> None:
    line = argv.capture_line(spec(architecture=name), uuid=UUID)
    words = {argument.text for argument in tokenise(line)}
    assert {f"console={machines.find(name).console}", "panic=1", "rootfstype=ramfs"} <= words
    assert {f"kdump.target=UUID={UUID}", "kdump.fstype=ext4", "kdump.path=/var/crash"} <= words
    assert not {word for word in words if word.startswith(("crashkernel=", "loglevel=", "panic=10"))}


def test_on_i386_what_fails_before_the_console_is_told_too() -> None:
    # Seen there: a kernel that found no place for its initramfs, and an end without a word.
    assert " earlyprintk=ttyS0 " in argv.capture_line(spec(architecture="i386"), uuid=UUID)
    assert "earlyprintk" not in argv.system_line(spec(architecture="i386"))


def test_on_s390x_the_emulator_is_stopped_once() -> None:
    # Seen there: the capture kernel's first instructions were the dead kernel's, which QEMU 7.2 had kept translated.
    assert options(argv.qemu_argv(spec(architecture="s390x")), "-gdb") == ["unix:gdb.sock,server=on,wait=off"]
    assert machines.find("s390x").capture_entry == 0x10010
    assert [name for name in machines.MACHINES if "-gdb" in argv.qemu_argv(spec(architecture=name))] == ["s390x"]


def test_given_targets_take_the_place_of_the_drills_own_disk() -> None:
    words = ("kdump.target=ssh,kdump@10.0.2.2:22,alpha", "kdump.net=52:54:00:00:00:01,dhcp")
    line = argv.capture_line(spec(targets=words, append="initcall_debug"), uuid=UUID)
    assert line.endswith(f" initcall_debug {' '.join(words)}")
    assert UUID not in line
