# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenario `audit`, as far as it can be judged without guests: its tables against the catalogue."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.audit.catalogue import BY_ID
from ansible_collections.linux.kdump.plugins.module_utils.audit.documents import STATUSES

yaml = pytest.importorskip("yaml")

TABLES = Path(__file__).parents[2] / "extensions/molecule/audit/vars"


def table(name: str) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", yaml.safe_load((TABLES / f"{name}.yml").read_text()))


def test_every_control_is_expected_once_on_each_host() -> None:
    expected = table("expected")
    for kind in ("kdump_test_armed", "kdump_test_clean"):
        controls = [control for text in expected[kind].values() for control in text.split()]
        assert sorted(controls) == sorted(BY_ID), kind
        assert expected[kind].keys() == {"pass", "not_applicable"}


def test_every_breakage_is_about_a_control_that_there_is() -> None:
    mended, damage = (table("breakages")[f"kdump_test_{kind}"] for kind in ("breakages", "damage"))
    banned = table("breakages_forbidden")["kdump_test_breakages"]
    for row in (*mended, *damage, *banned):
        assert row["control"] in BY_ID and row["says"] and row["break"], row
        assert row["changes"].keys() <= BY_ID.keys() and set(row["changes"].values()) <= {"fail", "unknown"}, row
        assert row["changes"].get(row["control"], "fail") == "fail", row
    assert all(row["mend"] for row in (*mended, *banned))
    assert len({row["name"] for row in (*mended, *damage)}) == len(mended) + len(damage)
    assert len({row["control"] for row in (*mended, *damage)}) >= 18
    for row in table("policies")["kdump_test_policies"]:
        for changes in row["changes"].values():
            assert changes.keys() <= BY_ID.keys() and set(changes.values()) <= set(STATUSES), row
