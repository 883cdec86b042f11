# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's document says, whatever became of the question."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from ansible.errors import AnsibleConnectionFailure, AnsibleError

from ansible_collections.linux.kdump.plugins.action.audit_evidence import ActionModule
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError


def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: t.Any, **options: t.Any) -> dict[str, t.Any]:
    """The document of the host db1, which answers so."""
    made = ActionModule.__new__(ActionModule)
    made._task = MagicMock(check_mode=False)
    made._host = "db1"

    def module(_name: str, _arguments: dict[str, t.Any], _variables: dict[str, t.Any]) -> dict[str, t.Any]:
        if isinstance(answer, Exception):
            raise answer
        return t.cast("dict[str, t.Any]", answer)

    monkeypatch.setattr(made, "module", module)
    given = {"dest": str(tmp_path), "run": "one", "dump_path": "/var/crash", "estimate": None, "name": None, **options}
    result = made.perform(given, {"group_names": ["servers"]})
    assert set(result) == {"changed", "state", "reason", "path"}
    document: dict[str, t.Any] = json.loads(Path(result["path"]).read_text())
    assert (document["state"], document["reason"]) == (result["state"], result["reason"])
    return document


@pytest.mark.parametrize(
    ("answer", "state", "reason"),
    [
        ({"evidence": {"nodename": "db1"}}, "judged", None),
        ({}, "failed", "The host returned no evidence."),
        (KdumpError("Cannot run it."), "failed", "Cannot run it."),
        (AnsibleConnectionFailure("No route to host"), "unreachable", "No route to host"),
        (AnsibleError("Incorrect sudo password"), "failed", "Incorrect sudo password"),
    ],
)
def test_whatever_became_of_the_question_is_put_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: t.Any, state: str, reason: str | None
) -> None:
    document = ask(tmp_path, monkeypatch, answer)
    assert (document["host"], document["groups"]) == ("db1", ["servers"])
    assert (document["state"], document["reason"]) == (state, reason)
    assert document["evidence"] == (answer["evidence"] if state == "judged" else None)


def test_a_host_may_be_given_a_name_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask(tmp_path, monkeypatch, {"evidence": {}}, name="db1.example.org")["host"] == "db1.example.org"
    assert [path.name for path in tmp_path.iterdir()] == ["db1.example.org.one.json"]
