# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of an audit: what is put into it and how. tests/browser looks at it."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import typing as t

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.audit.documents import AuditDocument
from ansible_collections.linux.kdump.plugins.module_utils.audit.report import forms, html, words
from ansible_collections.linux.kdump.plugins.plugin_utils import audit_reports
from ansible_collections.linux.kdump.tests.unit import audit_samples

DOCUMENTS: dict[str, AuditDocument] = {
    "small": audit_samples.small(),
    "hostile": audit_samples.hostile(),
    "empty": audit_samples.document([], 0),
}


def data_of(page: str) -> dict[str, t.Any]:
    found = re.search(r'<script type="application/octet-stream" id="data">([A-Za-z0-9+/=]+)</script>', page)
    assert found
    return t.cast("dict[str, t.Any]", json.loads(gzip.decompress(base64.b64decode(found[1]))))


def test_every_form_is_there() -> None:
    assert set(audit_reports.REPORTS) == {*forms.REPORTS, "html"}
    assert audit_reports.REPORTS["html"].file == "audit.html"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_page_holds_the_whole_document(name: str) -> None:
    document = DOCUMENTS[name]
    page = audit_reports.render_html(document)
    assert page == audit_reports.render_html(document)
    data = data_of(page)
    assert [control["id"] for control in data["controls"]] == [control["id"] for control in document["controls"]]
    for host, packed in zip(document["hosts"], data["hosts"]):
        title, groups, _posture, state, _facts, signs, outcomes, exceptions = packed
        assert (title, data["states"][state]) == (words.line(host["name"]), host["state"])
        assert [data["texts"][group] for group in groups] == list(map(words.line, host["groups"]))
        assert signs == "".join(html.SIGNS[result["status"]] for result in host["results"])
        for index, result in enumerate(host["results"]):
            told = [data["texts"][number] for number in data["outcomes"][outcomes[index]]]
            assert told[0] == words.line(result["message"])
            assert dict(zip(told[1::2], told[2::2])) == {
                words.line(key): words.plain(value) for key, value in result["evidence"].items()
            }
            assert (str(index) in exceptions) == (result["exception"] is not None)
    assert len(data["hosts"]) == len(document["hosts"])


def test_like_results_stand_once() -> None:
    alike = [audit_samples.host(f"h{number}", [audit_samples.result(0, "fail")]) for number in range(200)]
    data = data_of(audit_reports.render_html(audit_samples.document(alike, 1)))
    assert len(data["outcomes"]) == 1
    assert len(data["texts"]) == len(set(data["texts"]))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_nothing_in_the_page_can_act_but_its_own_script(name: str) -> None:
    page = audit_reports.render_html(DOCUMENTS[name])
    assert "@@" not in page and "alert(1)</script>" not in page
    assert len(re.findall(r"<script", page)) == 2 and len(re.findall(r"</script", page)) == 2
    parts = audit_reports.read_page()
    for kind, text in (("style", parts.style), ("script", parts.script)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in page
        assert f">{text}</{kind}>" in page and f"</{kind}" not in text
    assert not re.search(r"(src|href)=\"(?!data:,)|@import|url\(|\son\w+=|innerHTML", page)


def test_a_control_that_a_host_has_no_result_of_is_told() -> None:
    document = audit_samples.document([audit_samples.host("a", [audit_samples.result(1, "pass")])], 3)
    assert data_of(audit_reports.render_html(document))["hosts"][0][5:7] == ["-p-", [-1, 0, -1]]


HEADS = {
    "small": ("2 of 6", "1 fail at least one control; 3 fail none, but are not known well enough; 1 pass by an"),
    "empty": ("0 of 0", "The audit has no hosts."),
    "clean": ("1 of 1", "Every control that applies is met on every host."),
}


@pytest.mark.parametrize("name", HEADS)
def test_the_head_tells_how_it_stands(name: str) -> None:
    clean = audit_samples.document([audit_samples.host("a", [audit_samples.result(0, "pass")])], 1)
    page = audit_reports.render_html({**DOCUMENTS, "clean": clean}[name])
    good, headline = HEADS[name]
    assert f"<span>{good}</span>" in page and headline in page
    assert f'card verdict {"bad" if name == "small" else "good"}"' in page
