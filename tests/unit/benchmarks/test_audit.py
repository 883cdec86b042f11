# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark of the audit: that it measures what it says, on fleets that are soon done."""

from __future__ import annotations

import argparse

from ansible_collections.linux.kdump.plugins.plugin_utils.audit_reports import REPORTS
from ansible_collections.linux.kdump.tests.benchmarks import audit


def test_every_step_of_every_fleet_is_told() -> None:
    fleets = {count: audit.measure_fleet(count, 1) for count in (4, 12)}
    steps = ["read evidence and drills", "judge", *(f"report `{name}`" for name in REPORTS)]
    assert [list(costs) for costs in fleets.values()] == [steps, steps]
    assert all(costs[f"report `{name}`"].octets > 100 for costs in fleets.values() for name in REPORTS)
    text = audit.page(fleets, argparse.Namespace(runs=1))
    assert text.count("\n| 12 | ") == text.count("\n| 4 | ") == len(steps)
    assert "among 12, in that of one among 4" in text


def test_a_fleet_has_hosts_of_every_kind() -> None:
    told = [audit.evidence_of(number, f"h{number}") for number in range(100)]
    assert [number for number, evidence in enumerate(told) if evidence is None] == [96]
    loaded = [evidence["crash"]["loaded"] for evidence in told if evidence]
    assert 0 < loaded.count(False) < 20
