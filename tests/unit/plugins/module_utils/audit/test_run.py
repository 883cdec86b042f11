# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole audit from folders to reports, and when it fails."""

from __future__ import annotations

import json
import os
import typing as t
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.audit.artifacts import read_artifacts
from ansible_collections.linux.kdump.plugins.module_utils.audit.merge import write_document
from ansible_collections.linux.kdump.plugins.module_utils.audit.report.forms import REPORTS
from ansible_collections.linux.kdump.plugins.module_utils.audit.run import (
    OPTIONS,
    AuditFailedError,
    Inventory,
    Request,
    check,
    make_request,
    run,
)
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.tests.unit.audit_hosts import NOW, armed, document_of, drill, off

FLEET = Inventory({"db1": ["servers"], "web1": [], "far1": []}, ["servers", "empty"])


def request_of(**options: t.Any) -> Request:
    given = {name: options.get(name, option.get("default")) for name, option in OPTIONS.items()}
    return make_request(given, FLEET, now=NOW, collection="0.1.0", forms=REPORTS)


def place(tmp_path: Path) -> dict[str, t.Any]:
    """Two hosts, one of them proven; where everything is."""
    for name, evidence in (("db1", armed()), ("web1", off())):
        write_document(str(tmp_path / "hosts"), document_of(name, evidence))
    folder = tmp_path / "artifacts/db1/20260220T100000Z-00000000"
    folder.mkdir(parents=True)
    (folder / "proof.json").write_text(json.dumps(drill()))
    return {
        "evidence": str(tmp_path / "hosts"), "artifacts": str(tmp_path / "artifacts"), "dest": str(tmp_path / "out"),
        "judged_at": "2026-03-01T12:00:00Z", "policy": {"posture": "required"},
    }  # fmt: skip


def test_an_audit_writes_what_is_asked_for(tmp_path: Path) -> None:
    options = place(tmp_path)
    answer = run(request_of(**options, hosts=["db1"], reports=["json", "junit", "json"]))
    assert answer["changed"] is False
    assert sorted(answer["reports"]) == ["json", "junit"]
    first = Path(answer["reports"]["json"]).read_bytes()
    assert [host["name"] for host in json.loads(first)["hosts"]] == ["db1"]
    assert Path(answer["reports"]["json"]).stat().st_mode & 0o777 == 0o600
    assert answer["summary"]["results"]["fail"] == 0
    # the same documents, policy and moment
    run(request_of(**options, hosts=["db1"]))
    assert Path(answer["reports"]["json"]).read_bytes() == first
    assert run(request_of(**{**options, "dest": None}, hosts=["db1"]))["reports"] == {}


def test_what_a_host_told_in_an_earlier_run_says_nothing_of_today(tmp_path: Path) -> None:
    options = {**place(tmp_path), "hosts": ["db1"]}
    told = json.loads((tmp_path / "hosts" / os.listdir(tmp_path / "hosts")[0]).read_text())["run"]
    assert run(request_of(**options, since=told))["summary"]["hosts"]["judged"] == 1
    with pytest.raises(AuditFailedError, match="db1: failed") as caught:
        run(request_of(**options, since=told + "1"))
    host = json.loads(Path(t.cast("dict[str, str]", caught.value.facts["reports"])["json"]).read_text())["hosts"][0]
    assert host["reason"] == "Nobody has asked it: its last document is of 2026-03-01T11:59:00Z."
    assert {result["status"] for result in host["results"]} <= {"unknown", "not_applicable"}


def test_hosts_that_are_not_as_they_should_be_fail_it(tmp_path: Path) -> None:
    options = place(tmp_path)
    with pytest.raises(AuditFailedError) as caught:
        run(request_of(**options))
    assert "web1: KD-101, " in caught.value.message
    assert "(unknown)" in caught.value.message
    assert "db1" not in caught.value.message
    assert Path(t.cast("dict[str, str]", caught.value.facts["reports"])["json"]).exists()
    with pytest.raises(AuditFailedError) as strict:
        run(request_of(**options, fail_on="critical", fail_on_unknown=False))
    assert "web1: KD-103, KD-203, KD-301. " in strict.value.message
    assert run(request_of(**options, fail_on="never"))["summary"]["results"]["fail"] > 0


def test_a_host_without_a_document_is_a_result(tmp_path: Path) -> None:
    options = place(tmp_path)
    with pytest.raises(AuditFailedError, match="far1: failed") as caught:
        run(request_of(**options, hosts=["db1", "far1"]))
    assert t.cast("dict[str, t.Any]", caught.value.facts["summary"])["hosts"] == {
        "judged": 1, "unreachable": 0, "failed": 1,
    }  # fmt: skip


def test_a_host_that_must_have_a_result_is_missed_among_saved_documents(tmp_path: Path) -> None:
    options = {**place(tmp_path), "fail_on": "never"}
    assert run(request_of(**options))["summary"]["hosts"] == {"judged": 2, "unreachable": 0, "failed": 0}
    answer = run(request_of(**options, expected=["db1", "far1", "new1"]))
    assert answer["summary"]["hosts"] == {"judged": 2, "unreachable": 0, "failed": 2}
    hosts = {host["name"]: host for host in json.loads(Path(answer["reports"]["json"]).read_text())["hosts"]}
    assert sorted(hosts) == ["db1", "far1", "new1", "web1"]
    for name in ("far1", "new1"):
        assert hosts[name]["reason"] == "Nobody has asked it: there is no document of this host."
        assert {result["status"] for result in hosts[name]["results"]} == {"unknown"}


def test_a_host_is_in_the_groups_of_the_inventory_whatever_its_document_says(tmp_path: Path) -> None:
    for name in ("db1", "new1"):
        write_document(str(tmp_path / "hosts"), document_of(name, off(), groups=["lenient"]))
    options = {
        "evidence": str(tmp_path / "hosts"), "dest": str(tmp_path / "out"), "fail_on": "never", "partial": True,
        "policy": {"groups": {"servers": {"posture": "required"}, "lenient": {"posture": "optional"}}},
    }  # fmt: skip
    document = json.loads(Path(run(request_of(**options))["reports"]["json"]).read_text())
    shown = {host["name"]: (host["groups"], host["posture"]) for host in document["hosts"]}
    assert shown == {"db1": (["servers"], "required"), "new1": (["lenient"], "optional")}


def test_drift_is_told_and_may_fail(tmp_path: Path) -> None:
    options = {**place(tmp_path), "fail_on": "never"}
    before = run(request_of(**options))["reports"]["json"]
    kept = tmp_path / "before.json"
    kept.write_bytes(Path(before).read_bytes())
    assert run(request_of(**options, baseline=str(kept)))["drift"]["changes"] == []
    later = document_of("db1", armed(crash__loaded=False), collected_at="2026-03-01T12:00:00Z")
    write_document(str(tmp_path / "hosts"), later)
    answer = run(request_of(**options, baseline=str(kept)))
    assert {change["control"] for change in answer["drift"]["changes"]} == {"KD-301", "KD-302"}
    assert json.loads(Path(answer["reports"]["drift"]).read_text()) == answer["drift"]
    with pytest.raises(AuditFailedError, match="db1: KD-301 was pass"):
        run(request_of(**options, baseline=str(kept), fail_on_drift=True))
    with pytest.raises(KdumpError, match="no such file"):
        run(request_of(**options, baseline=str(tmp_path / "none")))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"reports": ["pdf"]}, "Cannot write the report pdf"),
        ({"evidence": "/x", "judged_at": "soon"}, "no moment"),
        ({}, "without evidence"),
        ({"evidence": "/x", "keep": -1}, "Cannot keep -1"),
        ({"evidence": "/x", "fail_on_drift": True}, "without a result to compare with"),
    ],
)
def test_what_makes_no_sense_is_refused(options: dict[str, t.Any], words: str) -> None:
    with pytest.raises(KdumpError, match=words):
        request_of(**options)


def test_old_documents_go_after_judging_and_not_in_check_mode(tmp_path: Path) -> None:
    options = {**place(tmp_path), "fail_on": "never"}
    assert run(request_of(**options))["pruned"] == []
    for day in (2, 3):
        later = document_of("db1", armed(), run=f"2026030{day}T", collected_at=f"2026-03-0{day}T12:00:00Z")
        write_document(str(tmp_path / "hosts"), later)
    before = sorted((tmp_path / "hosts").iterdir())
    told = run(replace(request_of(**options, keep=1), check_mode=True))
    assert told["changed"] and len(told["pruned"]) == 2
    assert sorted((tmp_path / "hosts").iterdir()) == before
    with pytest.raises(AuditFailedError) as failed:
        run(request_of(**{**options, "fail_on": "low"}, keep=1))
    assert failed.value.as_result()["pruned"] == told["pruned"]
    assert sorted(map(str, (tmp_path / "hosts").iterdir())) == sorted(
        {str(path) for path in before} - {*told["pruned"]}
    )
    assert run(request_of(**options, keep=1))["changed"] is False


def test_a_policy_is_checked_without_evidence() -> None:
    assert check(request_of(check_only=True, policy={"name": "x", "groups": {"empty": {}}})).name == "x"
    with pytest.raises(KdumpError, match="unknown host db9"):
        check(request_of(check_only=True, policy={"hosts": {"db9": {}}}))


def test_what_lies_on_the_controller(tmp_path: Path) -> None:
    assert read_artifacts(str(tmp_path / "none")).collected is None
    options = place(tmp_path)
    for name, text in (("db1/one/verdict.json", "{}"), ("db1/two/vmcore", "x"), ("db1/bad/proof.json", "{")):
        (tmp_path / "artifacts" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "artifacts" / name).write_text(text)
    (tmp_path / "artifacts/audit").mkdir()
    (tmp_path / "artifacts/audit/audit.json").write_text("{}")
    found = read_artifacts(options["artifacts"])
    assert found.collected == {"db1": frozenset({"one", "bad", "20260220T100000Z-00000000"})}
    assert [proof.host for proof in found.proofs] == ["db1"]
    assert [Path(path).parent.name for path in found.skipped] == ["bad"]
