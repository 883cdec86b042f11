# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role calibrate, as far as it can be judged without a machine."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml")

TOP = Path(__file__).parents[3]
ROLE = TOP / "roles/calibrate"


def read(path: Path) -> t.Any:
    return yaml.safe_load(path.read_text())


def test_the_defaults_are_what_is_documented() -> None:
    options = read(ROLE / "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    assert {name: option["default"] for name, option in options.items()} == read(ROLE / "defaults/main.yml")


def test_every_variable_is_in_the_readme() -> None:
    text = (ROLE / "README.md").read_text()
    assert [name for name in read(ROLE / "defaults/main.yml") if f"`{name}`" not in text] == []


def test_deploy_looks_for_the_document_where_calibrate_puts_it() -> None:
    ours, theirs = (read(TOP / f"roles/{role}/defaults/main.yml") for role in ("calibrate", "deploy"))
    assert ours["kdump_calibration"] == "{{ kdump_cache_dir }}/calibration.json"
    cache, document = ("".join(text.split()) for text in (ours["kdump_cache_dir"], theirs["kdump_calibration"]))
    assert document == "{{(" + cache[2:-2] + ")~'/calibration.json'}}"
