# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hold an audit against its schemas and against what has to be said of each host, and its other reports against it.

usage: check_audit.py FOLDER < EXPECTED

FOLDER is where the reports are, all seven forms, with the hosts' documents in `hosts`. EXPECTED is JSON: by host and
status, the controls, with blanks between.
"""

from __future__ import annotations

import csv
import json
import pathlib
import sys
import typing as t
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator

import jsonschema

SCHEMAS = pathlib.Path(__file__).parents[4] / "docs" / "schemas"
XCCDF = "{http://checklists.nist.gov/xccdf/1.2}"
#: What each form calls a result that is neither.
JUNIT = {"fail": "failure", "unknown": "error", "excepted": "skipped", "not_applicable": "skipped"}
IN_XCCDF = {"not_applicable": "notapplicable", "excepted": "informational"}

Document = dict[str, t.Any]


def checked(path: pathlib.Path, schema: str) -> Document:
    """A document that fits its schema."""
    document: Document = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.validate(document, json.loads((SCHEMAS / f"{schema}.schema.json").read_text(encoding="utf-8")))
    return document


def statuses(document: Document) -> Iterator[tuple[str, str, str, str]]:
    """Host, control, status and message of each result."""
    for host in document["hosts"]:
        for result in host["results"]:
            yield host["name"], result["control"], result["status"], result["message"]


def unexpected(document: Document, expected: dict[str, dict[str, str]]) -> list[str]:
    """What is said otherwise than it must be."""
    wanted = {
        (host, control): status
        for host, by_status in expected.items()
        for status, controls in by_status.items()
        for control in controls.split()
    }
    found = {(host, control): (status, message) for host, control, status, message in statuses(document)}
    if found.keys() != wanted.keys():
        return [f"there are other results than expected: {sorted(found.keys() ^ wanted.keys())[:5]}"]
    return [
        f"{host}: {control} is {status}, not {wanted[host, control]}: {message}"
        for (host, control), (status, message) in found.items()
        if status != wanted[host, control]
    ]


def reports(folder: pathlib.Path) -> Iterator[tuple[str, list[str]]]:
    """The outcome of each result as the machine-readable forms tell it, in the order of the document."""
    cases = ET.parse(folder / "audit.junit.xml").iter("testcase")
    yield "junit", [next((kind.tag for kind in case), "pass") for case in cases]
    results = ET.parse(folder / "audit.xccdf.xml").iter(f"{XCCDF}rule-result")
    yield "xccdf", [result.findtext(f"{XCCDF}result") or "" for result in results]
    with (folder / "audit.csv").open(encoding="utf-8", newline="") as stream:
        yield "csv", [row["status"] for row in csv.DictReader(stream)]


def differing(document: Document, folder: pathlib.Path) -> list[str]:
    """Reports that tell something else than the document."""
    told = [status for _host, _control, status, _message in statuses(document)]
    same = {"junit": [JUNIT.get(one, one) for one in told], "xccdf": [IN_XCCDF.get(one, one) for one in told]}
    found = [name for name, outcomes in reports(folder) if outcomes != same.get(name, told)]
    oscal = json.loads((folder / "audit.oscal.json").read_text(encoding="utf-8"))["assessment-results"]["results"][0]
    names = {item["description"] for item in oscal["local-definitions"]["inventory-items"]}
    hosts = {host["name"] for host in document["hosts"]}
    found += ["oscal"] if names != hosts else []
    for name in ("audit.md", "audit.html"):
        text = (folder / name).read_text(encoding="utf-8")
        found += [name] if not text or document["policy"]["name"] not in text else []
    return [f"{name} tells something else than audit.json" for name in found]


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    document = checked(folder / "audit.json", "audit")
    for path in (folder / "hosts").glob("*.json"):
        checked(path, "audit-host")
    problems = unexpected(document, json.load(sys.stdin)) + differing(document, folder)
    if problems:
        sys.exit("\n".join(problems))
    counts = Counter(status for _host, _control, status, _message in statuses(document))
    print(f"{len(document['hosts'])} hosts:", ", ".join(f"{name} {count}" for name, count in sorted(counts.items())))


if __name__ == "__main__":
    main()
