# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role deploy, as far as it can be judged without a host."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.host import paths

yaml = pytest.importorskip("yaml")

ROLE = Path(__file__).parents[3] / "roles/deploy"


def read(path: str) -> t.Any:
    return yaml.safe_load((ROLE / path).read_text())


def test_knows_the_places_that_the_modules_know() -> None:
    variables = read("vars/main.yml")
    names = ("__kdump_library", "__kdump_kernel", "__kdump_initramfs", "__kdump_state_folder")
    assert [variables[name] for name in names] == [paths.LIBRARY, paths.KERNEL, paths.INITRAMFS, paths.STATE]


def test_the_defaults_are_what_is_documented() -> None:
    options = read("meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    assert {name: option["default"] for name, option in options.items()} == read("defaults/main.yml")


def test_every_variable_is_in_the_readme() -> None:
    text = (ROLE / "README.md").read_text()
    assert [name for name in read("defaults/main.yml") if f"`{name}`" not in text] == []


def test_kexec_tools_is_told_not_to_handle_reboots_before_it_is_installed() -> None:
    tasks = read("tasks/packages.yml")
    modules = [module for task in tasks for module in task if "." in module]
    assert modules.index("ansible.builtin.debconf") < modules.index("ansible.builtin.apt")
    question = next(task["ansible.builtin.debconf"] for task in tasks if "ansible.builtin.debconf" in task)
    assert (question["question"], question["value"]) == ("kexec-tools/load_kexec", "false")


def test_it_reboots_in_one_place_only() -> None:
    tasks = [
        (file.name, task) for file in sorted((ROLE / "tasks").iterdir()) for task in yaml.safe_load(file.read_text())
    ]
    assert [name for name, task in tasks if "ansible.builtin.reboot" in task] == ["reboot.yml"]
    (once,) = [task for _name, task in tasks if task.get("ansible.builtin.include_tasks") == "reboot.yml"]
    assert once["when"] == ["__kdump_crashkernel.reboot_required", "kdump_reboot | bool"]
