# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A verdict in a few lines."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.findings import RULES, VERDICTS, finding
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.summary import CLASSES, summarise
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.triage.reasons import NAMES
from ansible_collections.linux.kdump.tests.unit.vmcore_files import write_elf
from ansible_collections.linux.kdump.tests.unit.vmcores import Machine

Look = t.Callable[..., dict[str, t.Any]]


@pytest.fixture(scope="module")
def good(look: Look) -> dict[str, t.Any]:
    return look(write_elf(Machine(), filtered=True))


def test_a_good_dump(good: dict[str, t.Any]) -> None:
    assert summarise(good).splitlines() == [
        "The dump is complete and sound: Linux 6.1.0-99-test-amd64 (x86_64) of host host-under-test, "
        "crashed at 2023-11-14T22:13:20Z after 1.0 s.",
        "Crash: a crash on request: sysrq triggered crash (on CPU 1, in my shell (pid 412), tainted GOE)",
        f"Where: sysrq_handle_crash < __handle_sysrq; signature {good['signature']}",
    ]


def test_what_is_wrong_comes_worst_first(good: dict[str, t.Any]) -> None:
    found = [
        finding("log-overwritten", count=3),
        finding("trailing-data", extra=1),
        finding("empty"),
        finding("growing", before=1, after=2),
    ]
    document = {**good, "verdict": "incomplete", "panic": None, "findings": [one.as_dict() for one in found]}
    lines = summarise(document).splitlines()
    assert [line.split(" ")[0] for line in lines] == ["The", "Error:", "Error:", "Warning:"]
    assert lines[-1].endswith("(and 1 more)")


def test_nothing_is_known(look: Look) -> None:
    lines = summarise(look(b"some text that is no dump")).splitlines()
    assert lines[0] == "This is no dump that can be read here."
    assert len(lines) == 2 and lines[1].startswith("Error: No known vmcore begins with")


def test_a_stack_of_guesses(good: dict[str, t.Any]) -> None:
    panic = {
        **good["panic"],
        "cpu": None,
        "comm": None,
        "taint": None,
        "backtrace": ["panic+0x1/0x2", "? evil+0x1/0x2"],
    }
    assert summarise({**good, "panic": panic, "signature": None}).splitlines()[1:] == [
        "Crash: a crash on request: sysrq triggered crash (in a task (pid 412))",
        "Where: evil",
    ]


def test_a_dump_cannot_draw_on_the_terminal(good: dict[str, t.Any]) -> None:
    bad = "\x1b[2J\r\n\u202e" + "x" * 5000
    panic = {**good["panic"], "reason": bad, "comm": bad, "backtrace": [bad]}
    text = summarise({**good, "release": bad, "nodename": bad, "panic": panic})
    assert not set("\x1b\r\u202e") & set(text)
    assert len(text.splitlines()) == 3 and len(text) < 1500


@pytest.mark.parametrize("verdict", VERDICTS)
def test_every_verdict_and_class_has_its_words(good: dict[str, t.Any], verdict: str) -> None:
    assert {*NAMES, "unknown"} == set(CLASSES)
    assert summarise({**good, "verdict": verdict})


def test_every_finding_says_what_to_do() -> None:
    """One sentence for what was found, another for what to do about it."""
    lacking = [name for name, rule in RULES.items() if len(rule.text.replace(";", ".").rstrip(".").split(". ")) < 2]
    assert lacking == []
