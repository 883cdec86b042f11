# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a drill, as a person meets it: on a desk and on a phone, by day and by night."""

from __future__ import annotations

import re
import typing as t
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.proof.document import build_proof
from ansible_collections.linux.kdump.tests.unit.proof_samples import DRILLS

from .conftest import VIEWS, Look, render_reports

SECTIONS = [
    "Findings",
    "From panic to back in service",
    "Reserved memory",
    "Panic",
    "Files",
    "What ties it together",
    "Host, kernels and tools",
    "Console",
]
Browse = t.Callable[[Path], Look]


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every sample drill's report, rendered by ansible-playbook."""
    proofs = {}
    for name, make in DRILLS.items():
        drill = make()
        proofs[name] = build_proof(drill.pop("panic"), **drill)
    return render_reports(tmp_path_factory.mktemp("reports"), proofs)


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
@pytest.mark.parametrize("name", DRILLS)
def test_the_page_is_readable(name: str, width: int, scheme: str, reports: dict[str, Path], browse: Browse) -> None:
    look = browse(reports[name])
    found = look.found[VIEWS.index((width, scheme))]
    assert (found["width"], found["dark"]) == (width, scheme == "dark")
    assert (found["scroll"], found["wide"]) == (width, [])
    assert [heading[3:] for heading in found["headings"] if heading.startswith("h2")] == SECTIONS
    assert len([heading for heading in found["headings"] if heading.startswith("h1")]) == 1
    assert found["faint"] == []
    assert found["overlapping"] == []
    assert found["smallest"] >= 12
    assert found["named"] and len(set(found["ids"])) == len(found["ids"])
    assert look.console == [] and look.requests == [] and found["loaded"] == []
    assert found["scripts"] == found["images"] == 0


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "captured",
            [
                "OK",
                "20.2 s",
                "64 MiB",
                "48.1 MiB",
                "sysrq triggered crash",
                "a crash on request",
                "6 min 52 s after boot",
                "an unsigned module",
                "mbcache jbd2",
                "237bf7d6164ee02b",
                "✓ found",
                "every check passed",
            ],
        ),
        ("save_failed", ["NOT OK", "could not be saved", "fail-space", "the dump target is full", "failed here"]),
        ("out_of_memory", ["NOT OK", "the reservation is too small", "24 MiB", "left no record"]),
        ("incomplete", ["NOT OK", "The dump is incomplete", "ends at byte 31457280", "✕ not found"]),
        ("unseen", ["NOT OK", "No dump was verified", "Not seen in detail", "No console was watched"]),
        ("gone", ["NOT OK", "did not come back", "not seen back in service"]),
        ("hostile", ["NOT OK", "<script>alert(1)</script>", "{{ 7 * 7 }}", "␛[31m"]),
    ],
)
def test_the_page_says_what_happened(name: str, words: list[str], reports: dict[str, Path], browse: Browse) -> None:
    text = browse(reports[name]).found[0]["text"]
    assert [word for word in words if word not in text] == []


SEEDS = {
    "overflow": ("<main>", '<main><p style="width:2000px">too wide</p>'),
    "faint": ("<main>", '<main><p style="color:#eee;background:#fff">too faint</p>'),
    "overlap": ("</g>", '<text x="4" y="100">on top of another label</text><text x="9" y="101">label</text></g>'),
    "request": ('http-equiv="Content-Security-Policy"', 'name="none"'),
    "console": ("<main>", '<main><img src="data:," onerror="alert(1)">'),
}


@pytest.mark.parametrize("fault", SEEDS)
def test_the_eyes_see_a_fault(fault: str, reports: dict[str, Path], browse: Browse, tmp_path: Path) -> None:
    """Each check finds what it is there for."""
    old, new = SEEDS[fault]
    source = reports["captured"].read_text()
    assert old in source
    source = source.replace(old, new, 1)
    if fault == "request":
        source = source.replace("<main>", '<main><img src="http://127.0.0.1:9/pixel" alt="">', 1)
    page = tmp_path / "seeded.html"
    page.write_text(source)
    look = browse(page)
    first = look.found[0]
    seen = {
        "overflow": first["scroll"] > 1280 and first["wide"],
        "faint": [item for item in first["faint"] if item["text"] == "too faint"],
        "overlap": first["overlapping"],
        "request": look.requests,
        "console": look.console,
    }
    assert seen[fault]


class Tags(HTMLParser):
    """The balance of tags, and every attribute that could load something."""

    VOID = frozenset({"meta", "link", "br", "hr", "img", "input"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name.startswith("on") or (name in {"src", "href", "xlink:href"} and value != "data:,"):
                self.wrong.append(f"{tag} {name}={value}")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}>")


@pytest.mark.parametrize("name", DRILLS)
def test_the_markup_is_sound_and_self_contained(name: str, reports: dict[str, Path]) -> None:
    source = reports[name].read_text()
    tags = Tags()
    tags.feed(source)
    assert (tags.wrong, tags.open) == ([], [])
    assert not re.search(r"@import|url\((?!#)", source)
    assert len(source) < 100_000
