# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of what may be chosen about the save environment, and of what is read from its tools."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.capture.initramfs import tools
from ansible_collections.linux.kdump.plugins.module_utils.capture.save import script as save_script
from ansible_collections.linux.kdump.plugins.module_utils.capture.save import settings as save_settings
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.capture.initramfs import elves

LZO_ONLY = {"lzo": True, "snappy": False, "zstd": False}


def _settings(
    collector: tuple[str, ...] = save_settings.DEFAULT_COLLECTOR,
    final_action: str = "reboot",
    limits: Mapping[str, int] | None = None,
) -> save_settings.Settings:
    return save_settings.settings(collector=collector, final_action=final_action, limits=limits or {})


def test_settings_are_a_command_line() -> None:
    chosen = _settings(final_action="halt", limits={"core": 60})
    assert chosen.text("1.7.2").split() == [
        "kdump.final=halt",
        "kdump.limit_target=30",
        "kdump.limit_log=60",
        "kdump.limit_core=60",
        "kdump.limit_sync=60",
        "kdump.makedumpfile_version=1.7.2",
    ]


def test_the_script_and_the_options_have_the_same_defaults() -> None:
    for name, seconds in save_settings.DEFAULT_LIMITS.items():
        assert f"limit_{name}={seconds}" in save_script.SCRIPT


@pytest.mark.parametrize(
    "collector",
    [("makedumpfile",), ("makedumpfile", "-c", "-d31"), ("makedumpfile", "-z", "-d", "1,31", "--num-threads=2")],
)
def test_collectors_that_save_a_dump(collector: tuple[str, ...]) -> None:
    assert _settings(collector).arguments == collector[1:]


@pytest.mark.parametrize(
    ("collector", "message"),
    [
        ((), "its first word must be makedumpfile"),
        (("cp",), "its first word must be makedumpfile"),
        (("makedumpfile", "-F"), "-F writes to standard output"),
        (("makedumpfile", "--split"), "--split needs several files"),
        (("makedumpfile", "--dump-dmesg"), "--dump-dmesg saves the log"),
        (("makedumpfile", "-d", "32"), "dump level 32 is over 31"),
        (("makedumpfile", "-d", "thirty"), "'thirty' is not a number"),
        (("makedumpfile", "-d"), "dump level '' is not a number"),
        (("makedumpfile", "a b"), "'a b' is not one word"),
        (("makedumpfile", "a\nb"), "is not one word"),
        (("makedumpfile", "ä"), "is not one word"),
        (("makedumpfile", ""), "'' is not one word"),
    ],
)
def test_collectors_that_do_not(collector: tuple[str, ...], message: str) -> None:
    with pytest.raises(save_settings.SettingError, match=message) as caught:
        _settings(collector)
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("limits", "message"),
    [({"core": 0}, "0 seconds are not between"), ({"core": 100000}, "not between"), ({"nap": 5}, "limit 'nap'")],
)
def test_limits_out_of_bounds(limits: Mapping[str, int], message: str) -> None:
    with pytest.raises(save_settings.SettingError, match=message):
        _settings(limits=limits)


def test_an_unknown_final_action() -> None:
    with pytest.raises(save_settings.SettingError, match="'sleep': it is none of reboot"):
        _settings(final_action="sleep")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [(["-l", "-d", "31"], "lzo"), (["-p"], "snappy"), (["-z"], "zstd"), (["-c"], None), (["-E"], None), ([], None)],
)
def test_the_compressor_that_must_be_built_in(arguments: list[str], expected: str | None) -> None:
    assert save_settings.compressor(arguments) == expected


def test_facts_about_busybox(tmp_path: Path) -> None:
    path = elves.write(tmp_path, "busybox", payload=elves.busybox_payload(save_script.APPLETS))
    tool = tools.busybox(path, save_script.APPLETS)
    assert (tool.version, tool.binary.machine_name) == ("1.35.0", "x86_64")


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"payload": elves.busybox_payload(["sh", "mount"])}, "was built without findfs$"),
        ({"payload": b"nothing"}, "does not name itself so"),
        (
            {"payload": elves.busybox_payload(["sh", "mount", "findfs"]), "needed": ["libc.so.6"]},
            "dynamically linked.*busybox-static",
        ),
    ],
)
def test_a_busybox_that_will_not_do(tmp_path: Path, facts: dict[str, object], message: str) -> None:
    path = elves.write(tmp_path, "busybox", **facts)
    with pytest.raises(tools.ToolError, match=message):
        tools.busybox(path, ["sh", "mount", "findfs"])


def test_a_missing_busybox_names_its_package() -> None:
    with pytest.raises(tools.ToolError, match=r"Install it .package busybox-static on Debian"):
        tools.busybox("/nonexistent", ["sh"])


@pytest.mark.parametrize("compressor", [None, "lzo"])
def test_facts_about_makedumpfile(tmp_path: Path, compressor: str | None) -> None:
    path = elves.write(tmp_path, "makedumpfile", payload=elves.makedumpfile_payload(LZO_ONLY))
    assert tools.makedumpfile(path, compressor).version == "1.7.2"


@pytest.mark.parametrize("compressor", ["zstd", "snappy"])
def test_a_compressor_that_would_be_ignored_is_refused(tmp_path: Path, compressor: str) -> None:
    path = elves.write(tmp_path, "makedumpfile", payload=elves.makedumpfile_payload(LZO_ONLY))
    with pytest.raises(tools.ToolError, match=f"{compressor} compression: this makedumpfile was built without it"):
        tools.makedumpfile(path, compressor)


def test_something_else_in_makedumpfiles_place(tmp_path: Path) -> None:
    with pytest.raises(tools.ToolError, match="as makedumpfile: it does not name itself so"):
        tools.makedumpfile(elves.write(tmp_path, "tool"), None)


def test_a_folder_in_makedumpfiles_place(tmp_path: Path) -> None:
    with pytest.raises(tools.ToolError, match="Is a directory"):
        tools.makedumpfile(str(tmp_path), None)


@pytest.mark.skipif(shutil.which("busybox") is None, reason="busybox is not installed")
def test_the_machines_own_busybox() -> None:
    assert tools.busybox("/bin/busybox", save_script.APPLETS).version.startswith("1.")
