# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drill came to."""

from __future__ import annotations

import re
import typing as t

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.drill_outcome import ADVICE, Sighting, classify

NONCE = "0123456789abcdef0123456789abcdef"


def dump(
    name: str = "new", *, nonce: str | None = NONCE, status: str = "saved", complete: bool = True, **record: t.Any
) -> dict[str, t.Any]:
    return {"id": name, "complete": complete, "record": {"nonce": nonce, "status": status, **record}}


OLD = dump("old", nonce="f" * 32)
SETTLED = Sighting("settled", 40.0)
DEBIANS = {"id": "202611231530", "complete": True, "record": None, "engine": "kdump-tools", "nonce": NONCE}
GONE = Sighting("never_came_back", 900.0)

CASES = [
    ("good", SETTLED, [OLD, dump()], "captured", "is back"),
    ("good, by another kdump", SETTLED, [OLD, DEBIANS], "captured", "is back"),
    ("another's drill", SETTLED, [{**DEBIANS, "nonce": "f" * 32}], "save_failed", "does not carry this drill's nonce"),
    ("not finished", SETTLED, [{**DEBIANS, "complete": False}], "save_failed", "is incomplete"),
    ("no record", SETTLED, [{**DEBIANS, "engine": "collection"}], "save_failed", "is incomplete or does not carry"),
    ("still up", Sighting("never_went_down", 60.0), [], "never_went_down", "still runs after 60 seconds"),
    ("gone", GONE, [], "never_came_back", "not back after 900 seconds"),
    ("gone, stage known", Sighting("never_came_back", 9.0, last_stage="log-saved"), [], "never_came_back", "log-saved"),
    ("no dump", SETTLED, [OLD], "no_capture", "no new dump"),
    ("no dumps at all", SETTLED, [], "no_capture", "no new dump"),
    (
        "script ran out of memory",
        SETTLED,
        [dump(status="failed", failure="fail-memory")],
        "capture_out_of_memory",
        "too small",
    ),
    (
        "memory on the console, not back",
        Sighting(
            "never_came_back",
            30.0,
            capture_kernel=True,
            out_of_memory="System is deadlocked on memory",
            capture_panic="System is deadlocked on memory",
            console=True,
            last_line="---[ end",
        ),
        [],
        "capture_out_of_memory",
        'was not back after 30 seconds. Reserve more .* console: "---\\[ end"',
    ),
    (
        "a killed helper, but all saved",
        Sighting("settled", 30.0, capture_kernel=True, out_of_memory="oom", saved=True),
        [dump()],
        "captured",
        "is back",
    ),
    (
        "full target, from the record",
        SETTLED,
        [dump(status="failed", complete=False, failure="fail-space")],
        "save_failed",
        "full",
    ),
    (
        "full target, from the console",
        Sighting("settled", 9.0, failure="fail-space", console=True),
        [],
        "save_failed",
        "Make room",
    ),
    (
        "capture kernel panicked",
        Sighting("settled", 9.0, capture_kernel=True, capture_panic="oops"),
        [],
        "save_failed",
        "oops",
    ),
    (
        "capture kernel left nothing",
        Sighting("settled", 9.0, capture_kernel=True),
        [OLD],
        "save_failed",
        "left no dump",
    ),
    (
        "a dump on a server",
        Sighting("settled", 9.0, capture_kernel=True, saved=True, place="kdump@192.0.2.7:22 web1/x"),
        [OLD],
        "elsewhere",
        "web1 crashed and is back; .* saved to kdump@192.0.2.7:22 web1/x. Look for it there",
    ),
    (
        "a dump on a server after the first one failed",
        Sighting("settled", 9.0, capture_kernel=True, saved=True, failure="fail-network", place="192.0.2.7:/srv /x"),
        [OLD],
        "elsewhere",
        "saved to 192.0.2.7:/srv /x",
    ),
    (
        "half a dump without a record",
        SETTLED,
        [{"id": "new", "complete": False, "record": None}],
        "save_failed",
        "new dump new",
    ),
    ("another crash's dump", SETTLED, [OLD, dump("other", nonce=None)], "save_failed", "this drill's nonce"),
    ("record says saved, file is not there", SETTLED, [dump(complete=False)], "save_failed", "incomplete"),
    ("a hostile record", SETTLED, [dump(status="failed", failure=["x"])], "save_failed", "save script failed"),
]


@pytest.mark.parametrize(
    ("seen", "after", "name", "words"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_outcome(seen: Sighting, after: list[dict[str, t.Any]], name: str, words: str) -> None:
    outcome = classify(seen, host="web1", nonce=NONCE, before=[OLD], after=after)
    assert outcome.name == name
    assert outcome.name in ADVICE
    assert outcome.ok is (name == "captured")
    assert re.search(words, outcome.message), outcome.message
    assert "web1" in outcome.message
    assert "\n" not in outcome.message


REMOTE = "elfcorehdr=1M kdump.target=ssh,kdump@192.0.2.7:22,web1 kdump.target=raw,PARTUUID=00-01"


@pytest.mark.parametrize(
    ("seen", "name"),
    [
        (SETTLED, "elsewhere"),
        (Sighting("settled", 40.0, console=True), "no_capture"),
        (Sighting("settled", 40.0, console=True, capture_kernel=True, failure="fail-login"), "save_failed"),
    ],
    ids=["nobody saw the console", "the console shows no capture kernel", "the console shows a failure"],
)
def test_a_dump_may_be_at_a_server(seen: Sighting, name: str) -> None:
    outcome = classify(seen, host="web1", nonce=NONCE, before=[OLD], after=[OLD], command_line=REMOTE)
    assert outcome.name == name
    assert ("may have been saved to ssh,kdump@192.0.2.7:22,web1" in outcome.message) is (name == "elsewhere")


def test_the_dump_is_handed_on_even_if_it_failed() -> None:
    failed = dump(status="failed", failure="fail-space", complete=False)
    assert classify(SETTLED, host="web1", nonce=NONCE, after=[OLD, failed]).dump == failed


def test_without_a_console_the_message_says_how_to_get_one() -> None:
    assert classify(GONE, host="web1", nonce=NONCE).message.endswith(
        "Set console to the host's serial console log to see why"
    )


def test_what_the_host_says_cannot_reach_the_terminals_controls() -> None:
    hostile = dump("\x1b[2Jid", status="failed", failure="\x1b]0;title\x07\u202e" + "x" * 10_000)
    message = classify(SETTLED, host="web1", nonce=NONCE, after=[hostile]).message
    assert message.isprintable()
    assert len(message) <= 2000
