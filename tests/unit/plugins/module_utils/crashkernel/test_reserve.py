# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's work, from its options to its result, on a machine in a folder."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.evaluate import NothingReservedError
from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.grammar import SpecError
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.host import paths
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.crashkernel.managed import Managed

M = 1 << 20


@pytest.fixture
def machine(tmp_path: Path) -> Managed:
    return Managed(tmp_path)


def passed(result: t.Mapping[str, t.Any]) -> list[tuple[t.Optional[str], t.Optional[str]]]:
    return [(entry["before"], entry["after"]) for entry in result["entries"]]


def test_the_four_beats_of_present(machine: Managed) -> None:
    untouched = machine.snapshot()
    foretold = machine.reserve("64M", check=True)
    assert machine.snapshot() == untouched
    done = machine.reserve("64M")
    assert foretold == done
    assert done["changed"]
    assert passed(done) == [("", "crashkernel=64M")] * 2
    assert (done["spec"], done["expected_bytes"], done["reserved_bytes"]) == ("crashkernel=64M", 64 * M, 0)
    settled = machine.snapshot()
    again, checked = machine.reserve("64M"), machine.reserve("64M", check=True)
    assert again == checked
    assert not again["changed"]
    assert passed(again) == [("crashkernel=64M", "crashkernel=64M")] * 2
    assert machine.snapshot() == settled
    assert machine.warnings == []


def test_the_four_beats_of_absent(machine: Managed) -> None:
    machine.reserve("64M")
    before = machine.snapshot()
    foretold = machine.reserve(None, check=True)
    assert machine.snapshot() == before
    done = machine.reserve(None)
    assert foretold == done
    assert passed(done) == [("crashkernel=64M", "")] * 2
    assert (done["spec"], done["expected_bytes"], done["reservation"]) == ("", 0, None)
    assert not machine.reserve(None)["changed"]
    assert not machine.reserve(None, check=True)["changed"]


@pytest.mark.parametrize("check", [False, True])
def test_what_could_not_hold_the_image_is_refused_before_anything_is_written(machine: Managed, check: bool) -> None:
    machine.reserve("64M")
    machine.running("crashkernel=64M", reserved=64 * M)
    before = machine.snapshot()
    with pytest.raises(
        KdumpError, match=r"crashkernel=16M: it reserves 16M on this.*are 16777217 bytes\. Reserve more"
    ):
        machine.reserve("16M", check=check, minimum=16 * M + 1)
    assert machine.snapshot() == before
    assert machine.reserve("16M", check=True, minimum=16 * M)["changed"]
    assert machine.reserve(None, check=True, minimum=16 * M)["changed"]


@pytest.mark.parametrize(
    ("running", "size", "check", "kept"),
    [
        ("", "64M", False, True),  # set already, rebooted for, and still not in force: another reboot is refused
        ("", "96M", False, False),  # a new value deserves a new reboot
        ("", "96M", True, True),
        ("crashkernel=64M", "64M", False, False),  # in force
        ("crashkernel=64M", "64M", True, True),
    ],
)
def test_the_note_of_a_reboot_goes_when_it_has_done_its_work_or_the_value_is_new(
    machine: Managed, running: str, size: str, check: bool, kept: bool
) -> None:
    machine.reserve("64M")
    machine.noted("one\ncrashkernel=64M\n", boot="two")
    other = machine.root / paths.KERNEL_REBOOT_NOTE.lstrip("/")
    other.write_text("kernel 6.1.192\n")
    machine.running(running, reserved=0)
    machine.reserve(size, check=check)
    assert machine.note.exists() == kept
    assert other.exists()  # a host that was rebooted for a kernel: not this module's business


def test_the_diff_shows_the_file_and_every_entry(machine: Managed) -> None:
    first, second = machine.reserve("64M", check=True)["diff"]
    assert first["before_header"] == first["after_header"] == machine.layout.drop_in
    assert first["before"] == ""
    assert "crashkernel=64M" in first["after"]
    assert second["before"] == "Debian: -\nAdvanced > Debian (recovery mode): -\n"
    assert second["after"] == "Debian: crashkernel=64M\nAdvanced > Debian (recovery mode): crashkernel=64M\n"


@pytest.mark.parametrize(
    ("running", "size", "required"),
    [
        ("", "64M", True),
        ("crashkernel=64M", "64M", False),
        ("crashkernel=65536K", "64M", False),
        ("crashkernel=1M crashkernel=64M", "64M", False),
        ("crashkernel=64M crashkernel=1M", "64M", True),
        ("crashkernel=1G-:64M", "64M", True),
        ("crashkernel=128M,low crashkernel=256M,high", "256M,high 128M,low", False),
        ("crashkernel=auto", "64M", True),
        ("crashkernel=auto", None, True),
        ("crashkernel=64M", None, True),
        ("", None, False),
    ],
)
def test_a_reboot_is_required_where_running_differs_from_wanted(
    machine: Managed, running: str, size: t.Optional[str], required: bool
) -> None:
    machine.running(running, reserved=0)
    assert machine.reserve(size, check=True)["reboot_required"] is required


def test_an_entry_with_two_values_or_another_is_a_change(machine: Managed) -> None:
    machine.reserve("64M")
    text = machine.menu.read_text()
    for spoiled in (text.replace("single crashkernel=64M", "single"), text.replace("quiet", "crashkernel=64M quiet")):
        machine.menu.write_text(spoiled)
        assert machine.reserve("64M")["changed"]
        assert machine.menu.read_text() == text


def test_what_the_user_wrote_is_what_the_entries_get(machine: Managed) -> None:
    result = machine.reserve(" crashkernel=0x4000000  65536K,low ")
    assert result["spec"] == "crashkernel=0x4000000 crashkernel=65536K,low"
    assert {after for _before, after in passed(result)} == {result["spec"]}
    assert not machine.reserve("0x4000000 65536K,low")["changed"]


def test_a_new_kernel_shows_up_as_a_new_entry(machine: Managed) -> None:
    new = "menuentry 'New' {\nlinux /new ro crashkernel=64M\n}\n"
    machine.spoil = lambda menu: menu.replace("submenu", new + "submenu")
    result = machine.reserve("64M")
    assert passed(result)[1] == (None, "crashkernel=64M")
    assert "the first new line" in machine.warnings[0]


@pytest.mark.parametrize(
    ("size", "error"),
    [
        ("auto", SpecError),
        ("", SpecError),
        ("2G-:64M", NothingReservedError),
        ("64", NothingReservedError),
        ("64M@64G", NothingReservedError),
    ],
)
def test_a_bad_value_is_refused_before_anything_is_looked_at(
    machine: Managed, size: str, error: type[KdumpError]
) -> None:
    machine.menu.unlink()
    before = machine.snapshot()
    with pytest.raises(error):
        machine.reserve(size)
    assert machine.snapshot() == before


def test_what_others_set_is_named(machine: Managed) -> None:
    machine.add("kdump-tools.cfg", "GRUB_CMDLINE_LINUX_DEFAULT=crashkernel=384M-:128M\n")
    result = machine.reserve("64M")
    assert [Path(path).name for path in result["overruled"]] == ["kdump-tools.cfg"]
    assert passed(result) == [("crashkernel=384M-:128M", "crashkernel=64M"), ("", "crashkernel=64M")]


def test_a_machine_without_a_command_line_is_a_clear_error(machine: Managed) -> None:
    (machine.root / "proc/cmdline").unlink()
    with pytest.raises(KdumpError, match="Mount /proc"):
        machine.reserve("64M")


@pytest.mark.parametrize(
    ("running", "reserved", "reason"),
    [
        ("crashkernel=64M", 0, "no-room"),
        ("crashkernel=64M", 64 * M, None),
        ("crashkernel=64M", None, "unsupported"),
        ("crashkernel=32M", 32 * M, None),
    ],
)
def test_a_reservation_that_no_reboot_will_bring_is_said_with_the_reason(
    machine: Managed, running: str, reserved: t.Optional[int], reason: t.Optional[str]
) -> None:
    machine.log = ("crashkernel reservation failed - No suitable area found.",)
    machine.running(running, reserved=reserved)
    result = machine.reserve("64M", check=True)
    assert (result["shortfall"] or {}).get("id") == reason
    assert machine.warnings == ([result["shortfall"]["message"]] if reason else [])


@pytest.mark.parametrize(
    ("boot", "noted", "running", "vain", "reason"),
    [
        ("one", "crashkernel=64M", "", True, "not-passed"),
        ("one", "crashkernel=64M", "crashkernel=32M", True, "other-value"),
        ("now", "crashkernel=64M", "", False, None),  # it has not gone down since
        ("one", "crashkernel=96M", "", False, None),
        ("one", "crashkernel=64M", "crashkernel=64M", True, None),
    ],
)
def test_a_host_that_was_rebooted_for_this_value_in_vain_is_told_even_if_its_entries_lost_it_again(
    machine: Managed, boot: str, noted: str, running: str, vain: bool, reason: t.Optional[str]
) -> None:
    untouched = machine.menu.read_text()
    machine.noted(f"{boot}\n{noted}\n", boot="now")
    machine.running(running, reserved=64 * M if running else 0)
    for _run in range(2):
        result = machine.reserve("64M")
        assert (result["changed"], result["rebooted_in_vain"]) == (True, vain)
        assert (result["shortfall"] or {}).get("id") == reason
        if running == "crashkernel=64M" or "96M" in noted:
            break  # in force, or another value: the note has done its work
        assert machine.note.exists()
        machine.menu.write_text(untouched)  # something undoes it, as a loop of reboots would need


@pytest.mark.parametrize("timeout", [0, -1])
def test_a_generator_without_a_time_limit_is_refused(machine: Managed, timeout: int) -> None:
    with pytest.raises(KdumpError, match="Set generator_timeout to 1 or more"):
        machine.reserve("64M", timeout=timeout)
