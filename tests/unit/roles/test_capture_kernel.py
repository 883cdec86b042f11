# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role capture_kernel, as far as it can be judged without a build."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel.fragments import catalogue

yaml = pytest.importorskip("yaml")

ROLE = Path(__file__).parents[3] / "roles/capture_kernel"


def read(path: str) -> t.Any:
    return yaml.safe_load((ROLE / path).read_text())


def test_the_defaults_are_what_is_documented() -> None:
    options = read("meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    defaults = read("defaults/main.yml")
    assert set(options) == set(defaults)
    told = {name: option["default"] for name, option in options.items() if "default" in option}
    assert told == {name: value for name, value in defaults.items() if name in told}


def test_every_variable_and_every_profile_is_in_the_readme() -> None:
    text = (ROLE / "README.md").read_text()
    assert [name for name in (*read("defaults/main.yml"), *catalogue.PROFILES) if f"`{name}`" not in text] == []


@pytest.mark.parametrize(
    ("options", "collector"),
    [
        ({}, ["makedumpfile", "-l", "-d", "31"]),
        ({"stream_compression": "none"}, ["makedumpfile", "-l", "-d", "31"]),
        ({"stream_compression": "zstd"}, ["makedumpfile", "-d", "31"]),
    ],
)
def test_pages_are_not_compressed_twice(options: dict[str, str], collector: list[str]) -> None:
    (task,) = [task for task in read("tasks/main.yml") if "linux.kdump.capture_initramfs" in task]
    nativetypes = pytest.importorskip("jinja2.nativetypes")
    template = nativetypes.NativeEnvironment().from_string(task["vars"]["__kdump_collector"])
    default = read("defaults/main.yml")["kdump_collector"]
    assert template.render(kdump_collector=default, kdump_save_options=options) == collector
    assert "else __kdump_collector }}" in task["linux.kdump.capture_initramfs"]["collector"]


@pytest.mark.parametrize(
    ("targets", "interfaces", "nfs"),
    [
        ([], [], []),
        ([{"kind": "local", "path": "/var/crash"}], [], []),
        ([{"kind": "ssh", "host": "192.0.2.1"}], ["default"], []),
        (
            [{"kind": "nfs", "version": 4.2}, {"kind": "nfs"}, {"kind": "nfs", "version": "4"}],
            ["default"],
            ["4.2", "4"],
        ),
    ],
    ids=["none", "local", "ssh", "nfs"],
)
def test_a_host_is_told_by_its_targets(targets: list[t.Any], interfaces: list[str], nfs: list[str]) -> None:
    nativetypes = pytest.importorskip("jinja2.nativetypes")
    environment = nativetypes.NativeEnvironment()
    environment.filters["intersect"] = lambda first, second: [one for one in first if one in second]
    template = environment.from_string(read("vars/main.yml")["__kdump_hosts"])
    told = template.render(kdump_kernel_hosts=["db1"], hostvars={"db1": {"kdump_targets": targets}})
    assert told == [{"name": "db1", "evidence": {}, "interfaces": interfaces, "nfs": nfs}]


def test_the_name_of_a_fleet_is_taken_by_no_fragment() -> None:
    assert "fleet" not in {*catalogue.FRAGMENTS, *catalogue.PROFILES}
