# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role system_kernel, as far as it can be judged without a host."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.host import paths

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


def test_knows_the_places_that_the_modules_know() -> None:
    assert read("vars/main.yml")["__kdump_system_kernel_reboot_note"] == paths.REBOOT_NOTE


def test_a_host_gets_a_kernel_with_its_own_drivers_unless_told_otherwise() -> None:
    assert read("defaults/main.yml")["kdump_system_kernel_config"] == "running"
