# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters, as a template meets them."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.linux.kdump.plugins.filter.proof import proof_filter
from ansible_collections.linux.kdump.plugins.filter.timeline import timeline_filter
from ansible_collections.linux.kdump.tests.unit.proof_samples import captured

FILTERS = {
    "proof": (captured()["panic"], dict),
    "timeline": ({}, dict),
    "memory_bar": ({}, list),
    "html_text": ("<", str),
    "human_size": (1, str),
    "human_duration": (1, str),
    "collector_support": ({}, dict),
}


def test_every_filter_is_tested() -> None:
    folder = Path(__file__).resolve().parents[4] / "plugins" / "filter"
    assert set(FILTERS) == {path.stem for path in folder.glob("*.py")}


@pytest.mark.parametrize("name", FILTERS)
def test_a_file_holds_the_filter_it_is_named_after(name: str) -> None:
    module = importlib.import_module(f"ansible_collections.linux.kdump.plugins.filter.{name}")
    given, expected = FILTERS[name]
    assert list(module.FilterModule().filters()) == [name]
    assert isinstance(module.FilterModule().filters()[name](given), expected)
    assert yaml.safe_load(module.DOCUMENTATION)["name"] == name


def test_errors_are_filter_errors() -> None:
    with pytest.raises(AnsibleFilterError, match="Cannot make the proof"):
        proof_filter({})
    with pytest.raises(AnsibleFilterError, match="Cannot lay out the time line"):
        timeline_filter({}, width=1)
