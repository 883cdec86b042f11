# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables in the guide are those of the code."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.vendor import REBUILDS, TABLES, Table

GUIDE = (Path(__file__).resolve().parents[3] / "docs/sizing.md").read_text(encoding="utf-8")


def _row(table: Table) -> str:
    return f"{table.distributions[0]}-{'.'.join(map(str, table.since))}-{table.architectures[0]}-{table.page}"


@pytest.mark.parametrize("table", TABLES, ids=_row)
def test_every_table_is_in_the_guide(table: Table) -> None:
    page = f", {table.page >> 10}K pages" if table.page else ""
    architectures = ", ".join(table.architectures) + page
    rows = [line for line in GUIDE.splitlines() if f"| {architectures} | `{table.spec}` |" in line]
    version = ".".join(map(str, table.since)) or "all"
    assert any(name in line and f"| {version} " in line for name in table.distributions for line in rows)


def test_what_is_added_is_in_the_guide() -> None:
    for extra in {extra for table in TABLES for extra in table.additions}:
        assert f"{extra.bytes >> 20}M" in GUIDE
    assert all(f"`{name}`" in GUIDE for name in REBUILDS)
