# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forms of an audit, each read back by a reader that others wrote."""

from __future__ import annotations

import csv
import io
import json
import typing as t
import xml.etree.ElementTree as ET

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.audit.documents import STATUSES, AuditDocument
from ansible_collections.linux.kdump.plugins.module_utils.audit.report import junit, markdown, oscal, words, xccdf
from ansible_collections.linux.kdump.plugins.module_utils.audit.report.forms import REPORTS
from ansible_collections.linux.kdump.tests.unit import audit_samples

DOCUMENTS: dict[str, AuditDocument] = {
    "small": audit_samples.small(),
    "hostile": audit_samples.hostile(),
    "empty": audit_samples.document([], 0),
}
XCCDF = f"{{{xccdf.NAMESPACE}}}"


def pairs(document: AuditDocument) -> list[tuple[str, str]]:
    return [(host["name"], result["status"]) for host in document["hosts"] for result in host["results"]]


def counted(document: AuditDocument) -> dict[str, int]:
    return {status: [found for _name, found in pairs(document)].count(status) for status in STATUSES}


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("form", REPORTS)
def test_the_same_document_gives_the_same_visible_text(form: str, name: str) -> None:
    render = REPORTS[form].render
    text = "".join(render(DOCUMENTS[name]))
    assert text == "".join(render(json.loads(json.dumps(DOCUMENTS[name]))))
    # No control character, no lone surrogate, nothing that turns the text around gets into a file.
    assert [character for character in text if not character.isprintable() and character not in "\r\n"] == []
    assert text.encode()


def test_the_files_have_names_of_their_own() -> None:
    assert len({form.file for form in REPORTS.values()}) == len(REPORTS)


@pytest.mark.parametrize("form", ["csv", "junit", "xccdf"])
def test_what_is_told_host_by_host_is_written_host_by_host(form: str) -> None:
    (host,) = audit_samples.small()["hosts"][:1]
    pieces = list(REPORTS[form].render({**audit_samples.small(), "hosts": [host] * 100}))
    assert len(pieces) > 100
    assert max(map(len, pieces)) < sum(map(len, pieces)) / 50


@pytest.mark.parametrize("name", DOCUMENTS)
def test_json_is_the_document(name: str) -> None:
    assert json.loads("".join(REPORTS["json"].render(DOCUMENTS[name]))) == DOCUMENTS[name]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_junit_counts_what_the_document_counts(name: str) -> None:
    document = DOCUMENTS[name]
    root, counts = ET.fromstring("".join(junit.render(document))), counted(document)
    assert [suite.get("name") for suite in root] == [words.line(host["name"]) for host in document["hosts"]]
    for kind, statuses in (
        ("failure", ("fail",)),
        ("error", ("unknown",)),
        ("skipped", ("excepted", "not_applicable")),
    ):
        expected = sum(counts[status] for status in statuses)
        attribute = {"failure": "failures", "error": "errors"}.get(kind, kind)
        assert root.get(attribute) == str(expected) == str(len(root.findall(f".//{kind}")))
    assert root.get("tests") == str(len(root.findall(".//testcase"))) == str(sum(counts.values()))


def test_junit_tells_what_decided_and_what_to_do() -> None:
    root = ET.fromstring("".join(junit.render(DOCUMENTS["small"])))
    failure = root.find("./testsuite[@name='bad']/testcase/failure")
    assert failure is not None and failure.get("type") == "critical fail"
    assert (failure.text or "").splitlines() == [
        "Control 2: fail.",
        "crash.loaded = false",
        "Remediation: Set kdump_number to 1, then run linux.kdump.deploy.",
    ]
    skipped = root.find("./testsuite[@name='spared']/testcase/skipped")
    assert skipped is not None
    assert skipped.get("message") == "Control 2: excepted. Excepted until 2026-12-31 by ops: A test machine."


@pytest.mark.parametrize("name", ["small", "hostile"])
def test_xccdf_has_a_rule_for_each_control_and_a_result_for_each_host(name: str) -> None:
    document = DOCUMENTS[name]
    root = ET.fromstring("".join(xccdf.render(document)))
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids)) == 1 + 3 + len(document["controls"]) + len(document["hosts"])
    found = [
        (one.findtext(f"{XCCDF}target"), result.findtext(f"{XCCDF}result"))
        for one in root.findall(f"{XCCDF}TestResult")
        for result in one.findall(f"{XCCDF}rule-result")
    ]
    assert found == [(words.line(host), xccdf.RESULTS[status]) for host, status in pairs(document)]


def test_two_names_never_share_an_identifier() -> None:
    names = ["a b", "a_b", "a_20_b", "a-b", "ä", "a", "", "_", "__", *audit_samples.HOSTILE]
    made = [xccdf.identifier("testresult", name) for name in names]
    assert len(set(made)) == len(names)
    assert all(identifier.isascii() and identifier.isprintable() for identifier in made)


def assessment(document: AuditDocument) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", json.loads(oscal.render(document))["assessment-results"])


def test_oscal_shares_an_observation_among_hosts_that_are_alike() -> None:
    twins = audit_samples.document([audit_samples.host(name, [audit_samples.result(0, "fail")]) for name in "abc"], 1)
    found = assessment(twins)["results"][0]
    assert [len(one["subjects"]) for one in found["observations"]] == [3]
    assert [risk["statement"] for risk in found["risks"]] == ["KD-101 fails on 3 hosts."]
    assert found["findings"][0]["target"]["status"] == {"state": "not-satisfied", "reason": "fail"}


def test_oscal_tells_an_exception_as_an_approved_deviation() -> None:
    found = assessment(DOCUMENTS["small"])["results"][0]
    risks = {risk["status"]: risk for risk in found["risks"]}
    assert risks["deviation-approved"]["statement"] == "Accepted by ops until 2026-12-31."
    states = {finding["target"]["target-id"]: finding["target"]["status"]["state"] for finding in found["findings"]}
    assert set(states.values()) == {"not-satisfied"} and len(states) == 4
    hosts = {item["description"]: item["uuid"] for item in found["local-definitions"]["inventory-items"]}
    again = assessment(audit_samples.document([audit_samples.host("bad", [])], 0))["results"][0]
    assert again["local-definitions"]["inventory-items"][0]["uuid"] == hosts["bad"]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_csv_is_a_table_without_formulas(name: str) -> None:
    document = DOCUMENTS[name]
    rows = list(csv.DictReader(io.StringIO("".join(REPORTS["csv"].render(document)), newline="")))
    assert [row["status"] for row in rows] == [status for _name, status in pairs(document)]
    assert [cell for row in rows for cell in row.values() if cell.startswith(tuple("=+-@\t\r＝＋－＠"))] == []
    assert [row["host"].lstrip("'") for row in rows] == [
        words.line(host).lstrip("'") for host, _status in pairs(document)
    ]


def test_markdown_is_a_summary() -> None:
    text = markdown.render(DOCUMENTS["small"])
    assert text.startswith("# Kdump audit: 2 of 6 hosts without a finding\n")
    assert "| KD-102 Control number 2 is met | critical | 1 | 3 | Set kdump_number to 1," in text
    assert "| bad | database | required | KD-102 KD-103 |  |" in text
    assert "| away | unreachable | Connection timed out |" in text
    many = audit_samples.document(
        [audit_samples.host(f"h{n}", [audit_samples.result(0, "fail")]) for n in range(130)], 1
    )
    assert "And 30 more." in markdown.render(many)
    clean = audit_samples.document([audit_samples.host("a", [audit_samples.result(0, "pass")])], 1)
    assert "None that was judged has a finding." in markdown.render(clean)


def test_markdown_keeps_its_tables_whatever_a_host_is_called() -> None:
    rows = [line for line in markdown.render(DOCUMENTS["hostile"]).splitlines() if line.startswith("|")]
    assert {row.count("|") for row in rows} <= {4, 6, 7}
    assert not any(sign in row for row in rows for sign in ("<", "`", "](", "://", "@"))
