# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The capture kernel's command line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.kexec.cmdline import (
    HEADROOM,
    MACHINES,
    POLICIES,
    REMOVE,
    Argument,
    CommandLineError,
    derive,
    fitting,
    parse_given,
    policy_of,
    setting,
    tokenise,
)

#: /proc/cmdline of Debian 12's cloud kernel, booted through GRUB in a guest without KVM.
DEBIAN = (
    "BOOT_IMAGE=/boot/vmlinuz-6.1.0-40-cloud-amd64 root=UUID=0a3407de-014b-458b-b5c1-848e92a327a3 ro "
    "console=tty0 console=ttyS0,115200n8 no_timer_check quiet crashkernel=64M"
)


def names(line: str) -> list[str]:
    return [argument.name for argument in tokenise(line)]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("  a  b\t\nc ", ["a", "b", "c"]),
        ('dyndbg="file a.c +p; func b +p" ro', ['dyndbg="file a.c +p; func b +p"', "ro"]),
        ('"name=a b" c', ['"name=a b"', "c"]),
        ('a="never closed b c', ['a="never closed b c']),
        ("a -- b root=c", ["a"]),
        ("a --b c", ["a", "--b", "c"]),
        ('a="-- x" b', ['a="-- x"', "b"]),
    ],
)
def test_splits_as_the_kernel_does(line: str, words: list[str]) -> None:
    assert [argument.text for argument in tokenise(line)] == words


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ro", "ro"),
        ("log-buf-len=1M", "log_buf_len"),
        ('"root=a b"', "root"),
        ('dyndbg="x=y"', "dyndbg"),
        ('"quiet"', "quiet"),
        ("a=b=c", "a"),
    ],
)
def test_knows_a_name_by_the_kernels_rules(text: str, name: str) -> None:
    assert Argument(text).name == name


@given(st.text(alphabet='ab=-" \t', max_size=60))
def test_splitting_is_stable(line: str) -> None:
    words = [argument.text for argument in tokenise(line)]
    assert [argument.text for argument in tokenise(" ".join(words))] == words


def test_keeps_what_the_machine_needs_and_drops_what_a_capture_kernel_must_not_have() -> None:
    line = derive(DEBIAN, machine="x86_64", settings=["kdump.target=UUID=1", "kdump.path=/var/crash"])
    assert line == (
        "console=tty0 console=ttyS0,115200n8 no_timer_check irqpoll nr_cpus=1 reset_devices cgroup_disable=memory "
        "mce=off numa=off nokaslr rootfstype=ramfs oops=panic panic=10 kdump.target=UUID=1 kdump.path=/var/crash"
    )


@pytest.mark.parametrize(
    "argument",
    [
        "root=/dev/vda1", "crashkernel=1G-:64M", "BOOT_IMAGE=/x", "hugepages=512", "quiet", "ro", "panic-on-warn=1",
        "systemd.unit=rescue.target", "rd.lvm.lv=a/b", "kdump.final=shell", "nr_cpus=8", "panic=1", "slub-debug=FZ",
        "elfcorehdr=0x1000", "rootfstype=ext4", "log_buf_len=16M", "init=/bin/sh", "mem=1G", '"root=LABEL=my disk"',
    ],
)  # fmt: skip
def test_does_not_inherit(argument: str) -> None:
    line = derive(f"console=ttyS0 {argument} acpi=off", machine="x86_64")
    assert line == derive("console=ttyS0 acpi=off", machine="x86_64")


@pytest.mark.parametrize(
    "argument", ["acpi=off", "pci=noacpi", "earlyprintk=serial", "no_timer_check", "iommu=soft", "rdma=x", "memtest=1"]
)
def test_inherits(argument: str) -> None:
    assert argument in derive(f"quiet {argument}", machine="x86_64").split()


def test_a_quote_left_open_does_not_swallow_what_is_added() -> None:
    assert derive('a=1 b="x', machine="x86_64", settings=["kdump.path=/x"]) == derive(
        "a=1", machine="x86_64", settings=["kdump.path=/x"]
    )


def test_the_callers_argument_replaces_the_policys() -> None:
    line = derive("console=ttyS0 debug=1", machine="x86_64", append='panic=3 debug="a b" nr-cpus=2')
    assert "panic=10" not in line
    assert "nr_cpus=1" not in line
    assert line.endswith('panic=3 debug="a b" nr-cpus=2')
    assert "debug=1" not in line


def test_the_caller_can_remove_by_name_and_by_prefix() -> None:
    line = derive("a.b=1 a.c=2 log-level=3 ab=4", machine="x86_64", remove=["a.", "log_level"])
    assert line.startswith("ab=4 irqpoll")


@pytest.mark.parametrize("machine", sorted(MACHINES))
def test_every_known_machine_gets_a_line_that_dies_by_reboot(machine: str) -> None:
    words = derive("console=ttyS0 root=x rootfstype=xfs", machine=machine).split()
    assert {"oops=panic", "panic=10", "console=ttyS0"} <= set(words)
    # a root on tmpfs would hold the save environment only up to half of the reservation
    assert [word for word in words if Argument(word).name == "rootfstype"] == ["rootfstype=ramfs"]
    assert {"nr_cpus=1", "maxcpus=1"} & set(words)
    assert not {"root", "crashkernel"} & {Argument(word).name for word in words}


@given(st.text(alphabet=st.characters(codec="ascii", exclude_characters="\x00"), max_size=300))
def test_deriving_twice_changes_nothing(running: str) -> None:
    once = derive(running, machine="x86_64")
    assert derive(once, machine="x86_64") == once


def test_an_unknown_machine_is_named() -> None:
    with pytest.raises(CommandLineError, match=r"'riscv64'.*x86_64, i386.*command_line"):
        policy_of("riscv64")


@pytest.mark.parametrize(
    ("machine", "running", "line"),
    [
        (
            "i686",
            "BOOT_IMAGE=/boot/vmlinuz root=/dev/sda1 ro console=ttyS0 notsc quiet crashkernel=64M",
            "console=ttyS0 irqpoll nr_cpus=1 reset_devices numa=off rootfstype=ramfs oops=panic panic=10",
        ),
        (
            "ppc64le",
            "BOOT_IMAGE=/boot/vmlinux root=UUID=1 ro console=hvc0 kvm_cma_resv_ratio=10 crashkernel=512M@128M",
            "console=hvc0 irqpoll maxcpus=1 noirqdistrib reset_devices cgroup_disable=memory numa=off "
            "kvm_cma_resv_ratio=0 transparent_hugepage=never rootfstype=ramfs oops=panic panic=10",
        ),
        (
            "aarch64",
            "BOOT_IMAGE=/boot/vmlinuz root=UUID=1 ro console=ttyAMA0 swiotlb=65536 crashkernel=256M",
            "console=ttyAMA0 irqpoll nr_cpus=1 reset_devices cgroup_disable=memory swiotlb=noforce "
            "transparent_hugepage=never rootfstype=ramfs oops=panic panic=10",
        ),
        (
            "s390x",
            "root=/dev/dasda1 cio_ignore=all,!0.0.0100 vmcp_cma=8M prot_virt=1 zfcp.allow_lun_scan=1 crashkernel=192M",
            "cio_ignore=all,!0.0.0100 nr_cpus=1 cgroup_disable=memory numa=off vmcp_cma=0 "
            "transparent_hugepage=never rootfstype=ramfs oops=panic panic=10",
        ),
    ],
)
def test_each_architecture_has_its_own_line(machine: str, running: str, line: str) -> None:
    assert derive(running, machine=machine) == line
    assert derive(line, machine=machine) == line


@pytest.mark.parametrize(("machine", "size"), [("x86_64", 2048), ("s390x", 896), ("riscv64", 2048)])
def test_a_line_that_the_kernel_would_cut_off_is_refused(machine: str, size: int) -> None:
    longest = "a" * (size - 1 - HEADROOM)
    assert fitting(longest, machine=machine) == longest
    with pytest.raises(CommandLineError, match=f"{len(longest) + 1} bytes"):
        fitting(longest + "a", machine=machine)


@pytest.mark.parametrize("line", ['a="b', "a\nb", "a\0b", "naïve=1", "\x1b[2J"])
def test_what_the_kernel_would_misread_is_refused(line: str) -> None:
    with pytest.raises(CommandLineError, match="Cannot use the arguments"):
        parse_given(line, what="the arguments")


@pytest.mark.parametrize("value", ["", "a b", 'a"b', "a\\b", "$(x)", "/var/crash;reboot", "ä", "a\n"])
def test_a_setting_that_the_save_script_would_misread_is_refused(value: str) -> None:
    with pytest.raises(CommandLineError, match=r"kdump\.path"):
        setting("path", value)


def test_a_setting() -> None:
    assert setting("target", "UUID=0a3407de-014b") == "kdump.target=UUID=0a3407de-014b"


def test_the_tables_hold_names_as_the_kernel_compares_them() -> None:
    every = set(REMOVE).union(*(policy.remove for policy in POLICIES.values()))
    assert [name for name in every if "-" in name or "=" in name] == []
