# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From documents of hosts to the result: complete, deterministic, and the same however the work was split."""

from __future__ import annotations

import json
import random
import typing as t
from pathlib import Path

import jsonschema
import pytest

from ansible_collections.linux.kdump.plugins.module_utils.audit import merge
from ansible_collections.linux.kdump.plugins.module_utils.audit.catalogue import CATALOGUE
from ansible_collections.linux.kdump.plugins.module_utils.audit.documents import AuditDocument, HostDocument
from ansible_collections.linux.kdump.plugins.module_utils.audit.drift import drift, read_result
from ansible_collections.linux.kdump.plugins.module_utils.audit.judge import Bench, judge, wanting
from ansible_collections.linux.kdump.plugins.module_utils.audit.policy import read_policy
from ansible_collections.linux.kdump.plugins.module_utils.audit.proofs import read_proof
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.tests.unit.audit_documents import schema
from ansible_collections.linux.kdump.tests.unit.audit_hosts import NOW, armed, debian, document_of, drill, off

EXCEPTION = {
    "id": "EX-1", "controls": ["KD-301", "KD-101"], "groups": ["servers"], "owner": "ops",
    "justification": "Being replaced this year.", "expires": "2026-12-31",
}  # fmt: skip
POLICY: dict[str, t.Any] = {"name": "fleet", "posture": "required", "hosts": {"dmz1": {"posture": "forbidden"}}}


def fleet() -> list[HostDocument]:
    return [
        document_of("db1", armed()), document_of("web1", debian()), document_of("dmz1", off()),
        document_of("lost1", None), document_of("bare1", off()),
    ]  # fmt: skip


def result_of(documents: t.Sequence[HostDocument], policy: dict[str, t.Any] | None = None) -> AuditDocument:
    known = {document["host"]: document["groups"] for document in documents}
    proofs = [proof for proof in [read_proof(drill())] if proof]
    checked = read_policy(POLICY if policy is None else policy, known, today=NOW.date())
    return judge(documents, checked, Bench(now=NOW, collection="0.1.0", proofs=proofs))


def statuses(document: AuditDocument, host: str) -> dict[str, str]:
    found = next(entry for entry in document["hosts"] if entry["name"] == host)
    return {result["control"]: result["status"] for result in found["results"]}


def test_the_result_is_whole_and_as_its_schema_says() -> None:
    document = result_of(fleet())
    jsonschema.validate(json.loads(json.dumps(document)), schema("audit"), cls=jsonschema.Draft202012Validator)
    assert [host["name"] for host in document["hosts"]] == ["bare1", "db1", "dmz1", "lost1", "web1"]
    for host in document["hosts"]:
        assert [result["control"] for result in host["results"]] == [spec.id for spec in CATALOGUE]
    assert document["summary"]["hosts"] == {"judged": 4, "unreachable": 1, "failed": 0}
    assert sum(document["summary"]["results"].values()) == 5 * len(CATALOGUE)
    assert set(statuses(document, "db1").values()) == {"pass", "not_applicable"}
    assert statuses(document, "dmz1")["KD-002"] == "pass"
    assert statuses(document, "bare1")["KD-301"] == "fail"
    assert set(statuses(document, "lost1").values()) == {"unknown"}


def test_drills_after_the_moment_that_is_judged_as_of_do_not_count() -> None:
    policy = read_policy(POLICY, {"db1": (), "dmz1": ()}, today=NOW.date())
    for started, status in (("2026-03-01T12:00:00Z", "pass"), ("2026-03-01T12:00:01Z", "fail")):
        for name in ("db1", "lab"):
            proof = read_proof(drill(host__name=name, when__started=started))
            bench = Bench(now=NOW, collection="0.1.0", proofs=[proof] if proof else [])
            document = judge([document_of("db1", armed())], policy, bench)
            assert statuses(document, "db1")["KD-701"] == status, (name, started)
    # one that was good at that moment is not outweighed by what came after
    failed = drill(ok=False, when__started="2026-03-02T00:00:00Z")
    bench = Bench(NOW, "0.1.0", [proof for proof in map(read_proof, (drill(), failed)) if proof])
    assert statuses(judge([document_of("db1", armed())], policy, bench), "db1")["KD-701"] == "pass"


def test_an_exception_takes_the_place_of_a_failure_only() -> None:
    document = result_of(fleet(), {**POLICY, "exceptions": [EXCEPTION]})
    assert statuses(document, "bare1")["KD-301"] == "excepted"
    assert statuses(document, "db1")["KD-301"] == "pass"
    # nobody knows what an exception would be about
    assert statuses(document, "lost1")["KD-301"] == "unknown"
    shown = next(host for host in document["hosts"] if host["name"] == "bare1")["results"]
    assert [result["exception"]["id"] for result in shown if result["exception"]] == ["EX-1", "EX-1"]


@pytest.mark.parametrize(
    ("collected_at", "days", "words"),
    [
        ("2026-01-30T12:00:00Z", 30, None),
        ("2026-01-29T12:00:00Z", 30, "The evidence is of 2026-01-29, and may be 30 days old at most"),
        ("2026-01-29T12:00:00Z", 31, None),
        ("2001-01-01T00:00:00Z", 0, None),
        ("2026-03-02T12:00:00Z", 30, None),
        (None, 30, "does not say of which day it is"),
        (None, 0, None),
    ],
)
def test_evidence_that_is_old_says_nothing_of_today(collected_at: str | None, days: int, words: str | None) -> None:
    policy = {**POLICY, "thresholds": {"evidence_days": days}, "exceptions": [EXCEPTION]}
    old = [t.cast(HostDocument, {**document, "collected_at": collected_at}) for document in fleet()]
    before, after = result_of(fleet(), policy), result_of(old, policy)
    if words is None:
        assert [host["results"] for host in after["hosts"]] == [host["results"] for host in before["hosts"]]
        return
    for host in (host for host in after["hosts"] if host["state"] == "judged"):
        told = [result["message"] for result in host["results"] if result["status"] != "not_applicable"]
        assert told and all(words in message for message in told), told
        for control, status in statuses(before, host["name"]).items():
            expected = "excepted" if control in EXCEPTION["controls"] else "unknown"
            wanted = status if status == "not_applicable" else expected
            assert statuses(after, host["name"])[control] == wanted, control


def test_what_fails_a_run() -> None:
    document = result_of(fleet())
    found = {
        (host["name"], result["control"]) for host, result in wanting(document, floor="critical", statuses=["fail"])
    }
    assert found == {("bare1", "KD-103"), ("bare1", "KD-203"), ("bare1", "KD-301")}
    both = wanting(document, floor="critical", statuses=["fail", "unknown"])
    assert {host["name"] for host, _result in both} == {"bare1", "lost1"}


def test_the_same_bytes_in_any_order_and_however_often_merged(tmp_path: Path) -> None:
    expected = json.dumps(result_of(fleet()), sort_keys=True)
    shuffled = random.Random(7)
    for number in range(4):
        documents = fleet() + fleet()[: number + 1]
        shuffled.shuffle(documents)
        folder = tmp_path / str(number)
        for index, document in enumerate(documents):
            merge.write_document(str(folder / f"worker{index % 3}"), document)
        assert json.dumps(result_of(merge.read_documents(str(folder))), sort_keys=True) == expected


def test_the_newest_document_of_a_host_counts(tmp_path: Path) -> None:
    new = document_of("db1", off(), run="b")
    older = document_of("db1", armed(), run="a", collected_at="2026-03-01T11:58:00Z")
    tied = document_of("db1", armed(), run="a")
    for others in ([older, new], [new, older], [new, tied], [tied, new]):
        assert merge.newest(others) == [new]
    merge.write_document(str(tmp_path), new)
    (tmp_path / ".db1.c.json.half").write_text("{")
    assert merge.read_documents(str(tmp_path)) == [new]


def test_names_of_hosts_are_no_paths(tmp_path: Path) -> None:
    names = ["../../etc/passwd", ".hidden", "a/b", "a_b", "ü", "x" * 300, "x" * 301, "h:22", " "]
    files = {merge.write_document(str(tmp_path), document_of(name, None)) for name in names}
    assert {str(Path(file).parent) for file in files} == {str(tmp_path)}
    assert sorted(document["host"] for document in merge.read_documents(str(tmp_path))) == sorted(names)
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "no document of"),
        (json.dumps({**document_of("a", None), "host": ""}), "names no host"),
        (json.dumps({**document_of("a", None), "groups": "x"}), "groups"),
        (json.dumps({**document_of("a", None), "state": "asleep"}), "its state"),
        (json.dumps({**document_of("a", None), "state": "judged"}), "other way round"),
        (json.dumps({**document_of("a", None), "collected_at": "soon"}), "when it was collected"),
        ("[" * 100000, "JSON"),
        (" " * (merge.MAX_BYTES + 1), "larger than evidence"),
    ],
    ids=["half", "list", "nameless", "groups", "state", "evidence", "moment", "deep", "large"],
)
def test_what_is_no_document_is_named(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(KdumpError, match=words) as caught:
        merge.read_documents(str(tmp_path))
    assert "x.json" in caught.value.message
    with pytest.raises(KdumpError, match="no such folder"):
        merge.read_documents(str(tmp_path / "nowhere"))


def test_documents_of_hosts_are_as_their_schema_says() -> None:
    for document in fleet():
        jsonschema.validate(document, schema("audit-host"), cls=jsonschema.Draft202012Validator)


def test_drift() -> None:
    before = result_of(fleet(), {})
    later = [document_of("db1", armed(crash__loaded=False)), document_of("bare1", armed()), document_of("new1", off())]
    after = result_of(later, {})
    found = drift(before, after)
    assert (found["hosts_added"], found["hosts_removed"]) == (["new1"], ["dmz1", "lost1", "web1"])
    changes = {(change["host"], change["control"]): change for change in found["changes"]}
    assert changes["db1", "KD-301"]["worse"] is True
    assert changes["bare1", "KD-301"]["worse"] is False
    assert found["policy_changed"] is False
    assert drift(before, before)["changes"] == []
    assert read_result(json.dumps(before), "x") == before
    for text in ("", "[]", "{}", json.dumps({**before, "schema": {}}), json.dumps({**before, "hosts": [{}]})):
        with pytest.raises(KdumpError, match="Cannot compare with x"):
            read_result(text, "x")


def test_machines_that_all_call_themselves_localhost_are_told_apart(tmp_path: Path) -> None:
    def put(name: str, node: t.Any, run: str) -> None:
        merge.write_document(str(tmp_path), document_of(name, armed(nodename=node), run=run))

    for name, node, run in (("localhost", "db1", "a"), ("localhost", "db1", "b"), ("localhost", None, "c")):
        put(name, node, run)
    put("web1", "web1", "a")
    put("web1", "www", "b")  # renamed
    merge.write_document(str(tmp_path), document_of("localhost", None, run="d"))
    assert [document["host"] for document in merge.read_documents(str(tmp_path))] == ["localhost", "web1"]
    put("localhost", "db2", "e")
    with pytest.raises(KdumpError, match=r"of db1 and of db2 are both named localhost\. .*kdump_audit_name\.$"):
        merge.read_documents(str(tmp_path))
