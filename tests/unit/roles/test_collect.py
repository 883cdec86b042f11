# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role collect, as far as it can be judged without a host."""

from __future__ import annotations

from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml")
jinja2 = pytest.importorskip("jinja2")
core = pytest.importorskip("ansible.plugins.filter.core")

ROLE = Path(__file__).parents[3] / "roles/collect"


def folder_of(name: str) -> str:
    """The name of the folder on the controller for a dump that calls itself ``name``."""
    environment = jinja2.Environment()
    environment.filters.update(core.FilterModule().filters())
    variables = yaml.safe_load((ROLE / "vars/main.yml").read_text())
    plain = environment.from_string(variables["__kdump_collect_plain"]).render(__kdump_dump={"id": name})
    values = {"__kdump_dump": {"id": name}, "__kdump_collect_plain": plain}
    return str(environment.from_string(variables["__kdump_collect_name"]).render(values))


def test_a_dump_keeps_its_name() -> None:
    assert folder_of("20261122T214500Z-1b2c3d4e") == "20261122T214500Z-1b2c3d4e"
    assert folder_of("202611222145") == "202611222145"


HOSTILE = ["", ".", "..", "../..", "/", "/etc/cron.d", "a b", "ab", "a/b", ".ab", "\N{SNOWMAN}", "{{ ab }}", "~root"]


def test_whatever_a_host_says_is_one_folder_of_its_own() -> None:
    names = [folder_of(name) for name in HOSTILE]
    assert len(set(names)) == len(HOSTILE)
    assert [name for name in names if "/" in name or name.startswith(".") or not name] == []
