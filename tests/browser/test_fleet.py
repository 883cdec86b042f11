# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of a fleet's audit, as a person meets it: by eye, by pointer, by keys alone and on paper."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.audit.report.words import line
from ansible_collections.linux.kdump.plugins.plugin_utils.audit_reports import REPORTS
from ansible_collections.linux.kdump.tests.unit import audit_samples

from .chrome import Chrome
from .conftest import HERE, VIEWS

HOSTS = 5000
ROWS = "#grid .body .row"
#: Elements are used again for other rows: their order is that of their places.
NAMES = (
    f"[...document.querySelectorAll('{ROWS}')].sort((one, other) => one.ariaRowIndex - other.ariaRowIndex)"
    ".map(row => row.firstChild.textContent)"
)
COLUMNS = "[...document.querySelectorAll('#grid .head .cell')].map(cell => cell.textContent)"
CURSOR = "grid.getAttribute('aria-activedescendant')"
DETAIL = "detail.open ? detail.innerText : ''"


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The page of every sample fleet."""
    folder = tmp_path_factory.mktemp("fleets")
    samples = {
        "small": audit_samples.small(),
        "hostile": audit_samples.hostile(),
        "big": audit_samples.fleet(HOSTS),
        "empty": audit_samples.document([], 0),
    }
    for name, document in samples.items():
        (folder / f"{name}.html").write_text("".join(REPORTS["html"].render(document)))
    return {name: folder / f"{name}.html" for name in samples}


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Chrome]:
    chrome = Chrome(tmp_path_factory.mktemp("chrome"))
    yield chrome
    chrome.close()


@pytest.fixture
def chrome(browser: Chrome) -> t.Iterator[Chrome]:
    """The browser, and after each test: nothing on the console, nothing asked for."""
    browser.show(1280, 900)
    yield browser
    assert (browser.complaints, browser.requests) == ([], [])


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
@pytest.mark.parametrize("name", ["small", "hostile", "empty"])
def test_the_page_is_readable(name: str, width: int, scheme: str, pages: dict[str, Path], chrome: Chrome) -> None:
    chrome.show(width, 900, scheme=scheme)
    chrome.open(pages[name])
    # A block of its own: the page has a `make` and others of its own.
    frame = "{contentDocument: document, contentWindow: window}"
    measure = f"(() => {{ {(HERE / 'measure.js').read_text()}; return measure({frame}); }})()"
    looks = [chrome.evaluate(measure)]
    for opened in ("showResult(model.hosts[0], 0)", "showHost(model.hosts[0])", "showControl(0)"):
        if name != "empty":
            chrome.evaluate(opened)
            looks.append(chrome.evaluate(measure))
    for found in looks:
        assert (found["dark"], found["scroll"], found["wide"], found["faint"]) == (scheme == "dark", width, [], [])
        assert len(set(found["ids"])) == len(found["ids"])
        assert len([heading for heading in found["headings"] if heading.startswith("h1")]) == 1
    assert len(looks) == (1 if name == "empty" else 4)


FILTERS: dict[str, tuple[dict[str, str], list[str], int]] = {
    "none": ({}, ["bad", "away", "broken", "odd", "good", "spared"], 4),
    "by name": ({"order": "name"}, ["away", "bad", "broken", "good", "odd", "spared"], 4),
    "name": ({"host": "O"}, ["broken", "odd", "good"], 4),
    "group": ({"group": "database"}, ["bad"], 4),
    "fail": ({"status": "f"}, ["bad"], 4),
    "excepted": ({"status": "e"}, ["spared"], 4),
    "unknown": ({"status": "u"}, ["away", "broken", "odd"], 4),
    "critical": ({"severity": "critical"}, ["bad", "away", "broken", "odd", "good", "spared"], 1),
    "high": ({"severity": "high", "status": "f"}, ["bad"], 2),
    "control": ({"control": "KD-103", "status": "f"}, ["bad"], 1),
    "state": ({"state": "unreachable"}, ["away"], 4),
    "posture": ({"posture": "required", "status": "n"}, ["odd"], 4),
    "nobody": ({"host": "nobody"}, [], 4),
}


@pytest.mark.parametrize("by_address", [False, True], ids=["chosen", "address"])
@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_shows_what_it_says(name: str, by_address: bool, pages: dict[str, Path], chrome: Chrome) -> None:
    given, hosts, columns = FILTERS[name]
    fragment = "#" + "&".join(f"{key}={value}" for key, value in given.items())
    chrome.open(pages["small"], fragment if by_address else "")
    if not by_address:
        for key, value in given.items():
            chrome.choose(key, value)
    assert (chrome.evaluate(NAMES), len(chrome.evaluate(COLUMNS))) == (hosts, columns)
    assert chrome.evaluate("count.textContent") == f"{len(hosts)} of 6 hosts, {columns} of 4 controls"
    assert dict(pair.split("=") for pair in chrome.evaluate("location.hash.slice(1)").split("&") if pair) == given
    chrome.click("[type=reset]")
    chrome.wait_for("!location.hash")
    assert chrome.evaluate(NAMES) == FILTERS["none"][1]


def test_the_controls_are_counted_over_what_is_shown(pages: dict[str, Path], chrome: Chrome) -> None:
    body = "document.querySelector('table.controls').tBodies[0]"
    rows = f"[...{body}.rows].map(row => row.innerText.split(/\\s*\\t\\s*/).slice(1))"
    chrome.open(pages["small"])
    names = f"[...{body}.rows].map(row => row.innerText.slice(0, 6))"
    assert chrome.evaluate(rows)[0] == ["critical", "1", "3", "1", "1"]
    # what has to be seen to comes first
    assert chrome.evaluate(names) == ["KD-102", "KD-101", "KD-103", "KD-104"]
    chrome.choose("group", "database")
    assert chrome.evaluate(rows)[0] == ["critical", "1", "0", "0", "0"]
    assert chrome.evaluate(names) == ["KD-102", "KD-103", "KD-101", "KD-104"]


DRILLS = {
    "a failure": (
        "bad",
        2,
        ["KD-102 on bad", "✕ fail", "Control 2: fail.", "crash.loaded", "false", "Set kdump_number to 1"],
    ),
    "an exception": ("spared", 2, ["E excepted", "EX-1", "ops", "A test machine.", "2026-12-31"]),
    "a host": ("away", 0, ["unreachable: Connection timed out", "Groups", "edge", "KD-104 Control number 4 is met"]),
}


@pytest.mark.parametrize("name", DRILLS)
def test_a_click_goes_to_the_evidence(name: str, pages: dict[str, Path], chrome: Chrome) -> None:
    host, column, words = DRILLS[name]
    chrome.open(pages["small"], "#order=name")
    row = FILTERS["by name"][1].index(host)
    chrome.click(f"#cell-{row}-{column}")
    text = chrome.evaluate(DETAIL)
    assert [word for word in words if word not in text] == []
    chrome.click("#detail .close")
    assert chrome.evaluate(DETAIL) == ""


def test_the_worst_of_a_host_comes_first(pages: dict[str, Path], chrome: Chrome) -> None:
    chrome.open(pages["small"], "#host=away")
    chrome.click("#cell-0-0")
    names = re.findall(r"(KD-\d+) Control number \d is met \((\w+)\)", chrome.evaluate(DETAIL))
    assert names == [("KD-102", "critical"), ("KD-101", "high"), ("KD-103", "medium"), ("KD-104", "low")]


def test_a_control_leads_to_the_hosts_that_fail_it(pages: dict[str, Path], chrome: Chrome) -> None:
    chrome.open(pages["small"])
    chrome.click("#cell--1-2")
    assert "Fails or is unknown on 4 of the 6 hosts" in chrome.evaluate(DETAIL)
    chrome.click("#detail .line:last-child button")
    assert (chrome.evaluate(NAMES), chrome.evaluate(COLUMNS)) == (["bad"], ["KD-102"])


def test_keys_do_it_all(pages: dict[str, Path], chrome: Chrome) -> None:
    chrome.open(pages["small"])
    for _step in range(20):
        chrome.press("Tab")
        if chrome.evaluate("document.activeElement === grid"):
            break
    assert chrome.evaluate(CURSOR) == "cell-0-0"
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowUp"):
        chrome.press(key)
    assert chrome.evaluate(CURSOR) == "cell-0-2"
    assert chrome.evaluate(f"document.getElementById({CURSOR}).getAttribute('aria-label')") == "bad, KD-102: fail"
    chrome.press("Enter")
    assert "KD-102 on bad" in chrome.evaluate(DETAIL)
    chrome.press("Escape")
    chrome.wait_for("!detail.open && document.activeElement === grid")
    for key, ctrl, place in (("End", True, "cell-5-4"), ("Home", False, "cell-5-0"), ("PageUp", False, "cell-0-0"),
                             ("ArrowUp", False, "cell--1-0"), ("ArrowUp", False, "cell--1-0")):  # fmt: skip
        chrome.press(key, ctrl=ctrl)
        assert chrome.evaluate(CURSOR) == place
    chrome.press("/")
    assert chrome.evaluate("document.activeElement.name") == "host"
    chrome.type("spa")
    assert chrome.evaluate(NAMES) == ["spared"]


def test_hostile_text_stays_text(pages: dict[str, Path], chrome: Chrome) -> None:
    chrome.open(pages["hostile"], "#order=name")
    assert sorted(chrome.evaluate(NAMES)) == sorted(map(line, audit_samples.HOSTILE))
    for row in range(len(audit_samples.HOSTILE)):
        for column in (0, 1):
            chrome.evaluate(f"open({row}, {column})")
            assert chrome.evaluate("detail.querySelectorAll('script, img, b, style').length") == 0
    assert chrome.evaluate(
        "[document.scripts.length, document.images.length, document.querySelectorAll('b:not(.sign)').length]"
    ) == [1, 0, 0]
    assert [event for event in chrome.events if event.get("method") == "Page.javascriptDialogOpening"] == []


def test_a_link_is_one_only_to_the_web(pages: dict[str, Path], chrome: Chrome) -> None:
    chrome.open(pages["small"])
    chrome.evaluate("model.controls[0].references.push(['a trap', 'javascript:alert(1)']); showControl(0)")
    assert chrome.evaluate("[...detail.querySelectorAll('a')].map(link => link.href)") == ["https://example.org/0"]
    assert "a trap" in chrome.evaluate(DETAIL)


def test_thousands_of_hosts(pages: dict[str, Path], chrome: Chrome) -> None:
    assert pages["big"].stat().st_size < 10_000_000
    chrome.open(pages["big"], "#order=name")
    assert chrome.evaluate(f"document.querySelectorAll('{ROWS}').length") < 60
    chrome.evaluate("grid.focus()")
    chrome.press("End", ctrl=True)
    assert chrome.evaluate(CURSOR) == f"cell-{HOSTS - 1}-34"
    assert chrome.evaluate(NAMES)[-1].startswith(f"host{HOSTS - 1:05}.")
    assert chrome.evaluate(
        f"document.getElementById({CURSOR}).getBoundingClientRect().bottom <= grid.getBoundingClientRect().bottom"
    )
    chrome.evaluate("grid.scrollTop = 2500 * 28")
    chrome.wait_for(f"{NAMES}.some(name => name.startsWith('host02510.'))")
    chrome.evaluate("started = performance.now()")
    chrome.evaluate("setFilter({...NO_FILTER, status: 'f', group: 'web'})")
    taken = chrome.evaluate("performance.now() - started")
    assert re.fullmatch(r"\d+ of 5,000 hosts, 34 of 34 controls", chrome.evaluate("count.textContent"))
    assert taken < 2000


def test_paper_lists_what_is_not_in_order(pages: dict[str, Path], chrome: Chrome) -> None:
    chrome.open(pages["small"])
    rows = "[...document.querySelectorAll('#listing tbody tr')]"
    listed = f"{rows}.map(row => row.cells[0].textContent + ' ' + row.cells[2].textContent)"
    chrome.evaluate(f"addEventListener('beforeprint', () => {{ window.printed = {listed}; }})")
    assert chrome.paper().startswith(b"%PDF")
    assert chrome.evaluate("printed") == ["bad KD-102 KD-103", "away ", "broken ", "odd ", "spared "]
    assert chrome.evaluate(listed) == []
    chrome.show(760, 900, medium="print")
    hidden = "['#grid', '#filters', '#keys'].map(name => document.querySelector(name).getClientRects().length)"
    assert chrome.evaluate(hidden) == [0, 0, 0]
    assert "Set kdump_number to 1" in chrome.evaluate("document.body.innerText")
    assert chrome.evaluate("document.documentElement.scrollWidth") == 760


@pytest.mark.parametrize("fault", ["data", "script"])
def test_the_eyes_see_a_fault(fault: str, pages: dict[str, Path], browser: Chrome, tmp_path: Path) -> None:
    """Data that is damaged is told; a script that is not the one that was signed for does not run."""
    source = pages["small"].read_text()
    old, new = {"data": ('id="data">', 'id="data">AAAA'), "script": ("'use strict';", "'use strict'; ")}[fault]
    page = tmp_path / "seeded.html"
    page.write_text(source.replace(old, new, 1))
    browser.events.clear()
    browser.call("Page.navigate", url=page.as_uri())
    browser.wait_for("document.readyState === 'complete'")
    if fault == "data":
        browser.wait_for("count.textContent.startsWith('This browser cannot show the results')")
        assert "audit.csv" in browser.evaluate("count.textContent")
    else:
        assert browser.evaluate("typeof model") == "undefined"
        assert any("Content Security Policy" in complaint for complaint in browser.complaints)
