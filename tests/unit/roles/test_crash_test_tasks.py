# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role crash_test: which failures end it at once, and what its last task says."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml")
jinja2 = pytest.importorskip("jinja2")

TASKS = Path(__file__).parents[3] / "roles/crash_test/tasks"


def task(file: str, module: str) -> dict[str, t.Any]:
    found = next(task for task in yaml.safe_load((TASKS / file).read_text()) if module in task)
    return t.cast("dict[str, t.Any]", found)


@pytest.mark.parametrize(
    ("result", "fails"),
    [
        ({"failed": True, "msg": "Cannot crash web1: no crash image is loaded"}, True),
        ({"message": "Would crash web1"}, False),
        ({"outcome": "captured", "message": "web1 crashed"}, False),
        ({"failed": True, "outcome": "no_capture", "message": "Cannot capture", "msg": "Cannot capture"}, False),
    ],
    ids=["refused", "check mode", "captured", "not captured"],
)
def test_a_crash_that_was_refused_ends_the_role_in_check_mode_too(result: dict[str, t.Any], fails: bool) -> None:
    condition = task("main.yml", "linux.kdump.panic")["failed_when"]
    assert jinja2.Environment().compile_expression(condition)(__kdump_drill=result) is fails


@pytest.mark.parametrize(
    ("drill", "fetched", "said"),
    [
        ({"outcome": "save_failed", "message": "Cannot capture"}, {}, "Cannot capture"),
        ({"outcome": "captured"}, {"msg": "Cannot bring it: No space left"}, "Cannot bring it: No space left"),
        ({"outcome": "captured"}, {"files": []}, "The dump is corrupt"),
    ],
)
def test_the_last_task_says_what_went_wrong(drill: dict[str, t.Any], fetched: dict[str, t.Any], said: str) -> None:
    text = task("prove.yml", "ansible.builtin.assert")["ansible.builtin.assert"]["fail_msg"]
    variables = {
        "__kdump_drill": drill, "__kdump_fetched": fetched, "kdump_report": "/r.html",
        "kdump_proof": {"reasons": [{"severity": "error", "message": "The dump is corrupt"}]},
    }  # fmt: skip
    assert jinja2.Template(text).render(variables) == f"{said} The report is /r.html"


NONCE = "0123456789abcdef0123456789abcdef"


def received(nonce: str | None = NONCE, *, status: str = "saved", complete: bool = True) -> dict[str, t.Any]:
    return {"id": "d1", "complete": complete, "record": {"nonce": nonce, "status": status}}


@pytest.mark.parametrize(
    ("dumps", "found"),
    [
        ([{"id": "begun", "complete": False, "record": None}, received("f" * 32), received()], True),
        ([received(complete=False)], False),
        ([received(status="failed")], False),
        ([received(None)], False),
        ([], False),
    ],
    ids=["among others", "incomplete", "failed", "no drill", "none"],
)
def test_a_dump_at_the_server_is_found_by_its_nonce(dumps: list[dict[str, t.Any]], found: bool) -> None:
    expression = task("elsewhere.yml", "ansible.builtin.set_fact")["vars"]["__kdump_drill_received"]
    variables = {"__kdump_drill_server": {"evidence": {"dumps": dumps}}, "__kdump_drill": {"nonce": NONCE}}
    chosen = jinja2.Environment().compile_expression(expression.strip()[2:-2])(**variables)
    assert chosen == (received() if found else {})
