# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the filter that tells whether a makedumpfile knows a kernel."""

from __future__ import annotations

import typing as t

import pytest

pytest.importorskip("ansible.errors")

from ansible.errors import AnsibleFilterError

from ansible_collections.linux.kdump.plugins.filter.collector_support import FilterModule


def _state(manifest: t.Any, release: str = "6.12.1") -> t.Any:
    return FilterModule().filters()["collector_support"](manifest, release)["state"]


def test_states() -> None:
    assert _state({"tools": {"makedumpfile": "1.7.6"}, "collector": "makedumpfile -l -d 31"}) == "broken"
    assert _state({"tools": {"makedumpfile": "1.7.6"}}, "6.1.0") == "ok"
    assert _state({"tools": {"makedumpfile": "1.7.7"}}, "6.13.0") == "newer"
    # A raw copy looks into nothing.
    assert _state({"tools": {"makedumpfile": "1.7.2"}, "collector": "dd bs=1M"}) == "ok"
    assert _state({}) == _state({"tools": None}) == "unknown"


def test_something_else_is_one_error() -> None:
    with pytest.raises(AnsibleFilterError, match="not a dictionary"):
        _state("manifest")
