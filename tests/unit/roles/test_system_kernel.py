# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role system_kernel, as far as it can be judged without a host."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml")

ROLE = Path(__file__).parents[3] / "roles/system_kernel"


def read(path: str) -> t.Any:
    return yaml.safe_load((ROLE / path).read_text())


def test_the_defaults_are_what_is_documented() -> None:
    options = read("meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    documented = {name: option["default"] for name, option in options.items() if "default" in option}
    defaults = read("defaults/main.yml")
    assert documented == {name: defaults[name] for name in defaults if name != "kdump_cache_dir"}


def test_every_variable_is_in_the_readme() -> None:
    text = (ROLE / "README.md").read_text()
    assert [name for name in read("defaults/main.yml") if f"`{name}`" not in text] == []


def test_a_host_gets_a_kernel_with_its_own_drivers_unless_told_otherwise() -> None:
    assert read("defaults/main.yml")["kdump_system_kernel_config"] == "running"


def flattened(tasks: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    return [inner for task in tasks for inner in (flattened(task["block"]) if "block" in task else [task])]


def test_the_configuration_is_fetched_in_check_mode_too() -> None:
    files = sorted((ROLE / "tasks").glob("*.yml"))
    tasks = [task for path in files for task in flattened(yaml.safe_load(path.read_text()))]
    fetching = [task for task in tasks if "ansible.builtin.fetch" in task]
    assert [(task.get("check_mode"), task.get("changed_when")) for task in fetching] == [(False, False)]


def test_hosts_with_kernels_of_one_name_keep_their_configurations_apart() -> None:
    fetch = next(task for task in read("tasks/running.yml") if "ansible.builtin.fetch" in task)["ansible.builtin.fetch"]
    assert "flat" not in fetch  # below the host's name then
    build = next(task for task in read("tasks/present.yml") if "linux.kdump.kernel_build" in task)
    assert "__kdump_system_kernel_fetched.dest" in build["linux.kdump.kernel_build"]["config"]


def test_a_host_that_runs_on_such_a_kernel_starts_from_where_that_one_did() -> None:
    look = next(task for task in read("tasks/running.yml") if "ansible.builtin.stat" in task)
    copied = [task["ansible.builtin.copy"]["dest"] for task in flattened(read("tasks/present.yml"))
              if "ansible.builtin.copy" in task]  # fmt: skip
    name = "/linux-kdump.config"
    assert look["loop"][0].endswith(name)
    assert [dest for dest in copied if dest.endswith(name) and dest.startswith("/lib/modules/")] != []
