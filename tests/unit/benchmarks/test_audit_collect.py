# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark of asking a fleet: that the real playbook asks every host once, and what is made of the figures."""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.tests.benchmarks import audit_collect as benchmark
from ansible_collections.linux.kdump.tests.unit.audit_hosts import armed

COUNT = 3


@pytest.mark.skipif(
    not Path(sys.executable).with_name("ansible-playbook").exists(), reason="ansible is not installed here"
)
def test_a_host_costs_one_task_and_each_has_its_file(tmp_path: Path) -> None:
    benchmark.write_plays(tmp_path)
    benchmark.write_inventory(tmp_path, COUNT)
    (tmp_path / "evidence.json").write_text(json.dumps({"changed": False, "evidence": armed()}))
    cost = benchmark.measure(tmp_path, COUNT, "`linux.kdump.audit`", 2)
    assert cost.cpu > 0 and cost.memory > 1 << 20
    tasks = re.findall(r"^(host\d+)\S* +: ok=(\d+) ", (tmp_path / "log").read_text(), re.MULTILINE)
    # The first one has the two that run once as well. An include would be a task, and a process, of its own.
    assert dict(tasks) == {"host00000": "3", "host00001": "1", "host00002": "1"}
    written = [json.loads(path.read_text()) for path in (tmp_path / "artifacts/audit/hosts").iterdir()]
    assert [document["evidence"] for document in written] == [armed()] * COUNT
    assert {"audit.json", "audit.html"} <= {path.name for path in (tmp_path / "artifacts/audit").iterdir()}


def test_a_host_is_told_in_what_ansible_costs_and_so_is_growth() -> None:
    ways = list(benchmark.WAYS)
    fleets = {
        count: {way: benchmark.Cost(1.0, count * cpu, count << 20) for way, cpu in zip(ways, (0.01, 0.02, 0.5))}
        for count in (10, 20)
    }
    del fleets[20][ways[2]]
    text = benchmark.page(fleets, argparse.Namespace(peers=10, forks=2), 2048)
    assert "| 20 | `linux.kdump.audit` | 1.0 | 0.4 | 20.0 | 2.00 | 20 |" in text
    assert "| 10 | `kdump_info`, `register`, `copy` | 1.0 | 5.0 | 500.0 | 50.00 | 10 |" in text
    assert text.endswith("| `linux.kdump.audit` | 1.00 | 1024 |\n")
    assert "2.0 KiB" in text
