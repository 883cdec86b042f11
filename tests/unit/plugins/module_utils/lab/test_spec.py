# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sizes, specs, names and command lines."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.lab.argv import OVMF, VARIABLES, Launch, detached, qemu_argv
from ansible_collections.linux.kdump.plugins.module_utils.lab.sizes import parse_size
from ansible_collections.linux.kdump.plugins.module_utils.lab.spec import GuestSpec, differences, guest_spec

OPTIONS: dict[str, t.Any] = {
    "name": "alpha", "image": "/images/image.qcow2", "memory": "1G", "cpus": 2, "disk_size": None, "disks": [],
    "accel": "tcg", "cpu": None, "port": None, "extra_args": [], "networks": [], "firmware": "bios",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "size"),
    [("512M", 512 << 20), ("4g", 4 << 30), ("1T", 1 << 40), ("64KiB", 64 << 10), ("4096", 4096), (" 2GB ", 2 << 30)],
)
def test_sizes_are_read(text: str, size: int) -> None:
    assert parse_size(text, name="memory") == size


@pytest.mark.parametrize("text", ["", "0", "-1G", "1.5G", "G", "1X", "1 G", "9" * 40, "1G\n1G", "٣G"])
def test_what_is_no_size_is_refused_by_option_name(text: str) -> None:
    with pytest.raises(KdumpError, match="disk_size"):
        parse_size(text, name="disk_size")


@given(st.text(max_size=20))
def test_any_text_is_a_size_or_a_clear_error(text: str) -> None:
    try:
        assert parse_size(text, name="memory") > 0
    except KdumpError as error:
        assert error.message.startswith("Cannot use memory")


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a.b", "../etc", "a/b", "a" * 64, "a\n", "ä"])
def test_names_that_are_no_host_names_are_refused(name: str) -> None:
    with pytest.raises(KdumpError, match="guest's name"):
        guest_spec({**OPTIONS, "name": name})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"memory": "64M"}, "128M"),
        ({"cpus": 0}, "1 to 64"),
        ({"cpus": 65}, "1 to 64"),
        ({"port": 0}, "1 to 65535"),
        ({"port": 70000}, "1 to 65535"),
        ({"disks": ["1M"] * 26}, "at most 25"),
        ({"disks": ["large"]}, "disks"),
    ],
)
def test_specs_no_guest_can_have_are_refused(change: dict[str, t.Any], words: str) -> None:
    with pytest.raises(KdumpError, match=words):
        guest_spec({**OPTIONS, **change})


def test_a_spec_survives_the_state_file_and_names_what_changed() -> None:
    spec = guest_spec({**OPTIONS, "disks": ["64M"], "extra_args": ["-s"]})
    assert differences(spec.as_dict(), spec) == []
    assert differences({**spec.as_dict(), "memory": 1, "disks": []}, spec) == ["memory", "disks"]


def test_guests_of_before_there_was_a_choice_of_firmware_have_a_bios() -> None:
    record = {name: value for name, value in guest_spec(OPTIONS).as_dict().items() if name != "firmware"}
    assert differences(record, guest_spec(OPTIONS)) == []
    assert differences(record, guest_spec({**OPTIONS, "firmware": "efi"})) == ["firmware"]


def test_efi_is_a_program_that_nobody_writes_to_and_variables_of_the_guest() -> None:
    assert "-drive" not in line()[: line().index("-netdev")]
    code, variables = (drive for drive in following(line(firmware="efi"), "-drive") if "pflash" in drive)
    assert "readonly=on" in code and OVMF[0] in code
    assert "readonly" not in variables and f"file={VARIABLES}" in variables


def line(**change: t.Any) -> list[str]:
    return qemu_argv(guest_spec({**OPTIONS, **change}), Launch(accel="tcg", console="console-3.log", port=0))


def following(argv: list[str], option: str) -> list[str]:
    return [argv[index + 1] for index, word in enumerate(argv) if word == option]


def test_the_command_line_says_what_the_spec_says() -> None:
    argv = line(memory="768M", cpus=3, disks=["64M", "1G"], extra_args=["-s"])
    assert following(argv, "-m") == ["768M"]
    assert following(argv, "-smp") == ["3"]
    assert following(argv, "-serial") == ["file:console-3.log"]
    assert [drive.split(",")[1] for drive in following(argv, "-drive")] == [
        "file=disk.qcow2", "file=disk-1.qcow2", "file=disk-2.qcow2",
    ]  # fmt: skip
    assert sum("bootindex" in device for device in following(argv, "-device")) == 1
    assert argv[-1] == "-s"


def test_the_guest_is_reached_through_the_loopback_interface_only() -> None:
    assert following(line(), "-netdev") == ["user,id=net0,hostfwd=tcp:127.0.0.1:0-:22"]


@pytest.mark.parametrize(
    ("accel", "cpu", "expected"),
    [("tcg", None, "qemu64,-svm"), ("kvm", None, "host"), ("tcg", "max", "max")],
)
def test_the_processor_suits_the_accelerator_unless_named(accel: str, cpu: str | None, expected: str) -> None:
    spec = GuestSpec(name="a", image="/i", memory=1 << 30, cpus=1, cpu=cpu)
    assert following(qemu_argv(spec, Launch(accel=accel, console="c", port=0)), "-cpu") == [expected]


def test_a_detached_guest_has_a_limited_life() -> None:
    argv = detached(["qemu"], lifetime=60)
    assert argv[:2] == ["setsid", "--fork"]
    assert argv[-3:] == ["sh", "60", "qemu"]
    assert "timeout --kill-after" in argv[4]


def test_a_full_disk_of_the_controller_is_an_error_in_the_guest_and_no_guest_that_stands_still() -> None:
    argv = qemu_argv(guest_spec({**OPTIONS, "disks": ["1G"]}), Launch(accel="tcg", console="c", port=0))
    drives = [value for option, value in zip(argv, argv[1:]) if option == "-drive"]
    assert len(drives) == 2
    assert all("werror=report" in drive for drive in drives)
