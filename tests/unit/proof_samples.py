# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drills for the tests of proof and report: one that went well, and everything that can become of it."""

from __future__ import annotations

import copy
import json
import typing as t
from pathlib import Path

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "proof"
Document = dict[str, t.Any]

#: Text that no page and no terminal may act upon.
HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(1)>\"'`&amp;{{ 7 * 7 }}{% raw %}"
    "\x1b[31m\x00\x07\u202egpj.exe\u2028\ud800" + "W" * 5000
)


def captured() -> Document:
    """The arguments of a proof of a drill that went well: panic, record, verdict, fetch, host, kernel, versions."""
    return t.cast(Document, json.loads((FIXTURES / "captured.json").read_text()))


def save_failed() -> Document:
    """The dump target was full; the host came back."""
    drill = _failed(
        "save_failed",
        "Cannot save the dump of web-01: the dump target is full (fail-space). Free space on /var/crash and try again.",
        instead_of=("core-saved", "record-saved"),
        tag="fail-space",
        text="makedumpfile: No space left on device",
    )
    drill["record"].update(status="failed", failure="fail-space")
    drill["record"]["steps"][2]["rc"] = 1
    drill["panic"]["dump"] = {
        "id": drill["record"]["id"],
        "path": "/var/crash/" + drill["record"]["id"],
        "complete": False,
        "files": {"vmcore.incomplete": 12288000, "dmesg.txt": 41873, "kdump.json": 1402},
        "record": drill["record"],
    }
    return drill


def out_of_memory() -> Document:
    """The reservation was too small: nothing was written, not even a record."""
    drill = _failed(
        "capture_out_of_memory",
        "Cannot capture the crash of web-01: the capture kernel ran out of memory with 24 MiB reserved. "
        "Reserve more (kdump_crashkernel) and try again.",
        instead_of=("log-saved", "core-saved", "record-saved"),
        tag="fail-memory",
        text="makedumpfile was killed",
    )
    for when in ("before", "after"):
        drill["panic"][when]["crash"]["reserved_bytes"] = 25165824
    drill["panic"]["console"][-4:] = [
        "[    2.671442] Out of memory: Killed process 61 (makedumpfile) total-vm:21480kB, anon-rss:9120kB",
        "linux.kdump: [2.70] fail-memory makedumpfile was killed",
        "linux.kdump: [2.81] final-action reboot",
    ]
    drill.update(record=None)
    return drill


def incomplete() -> Document:
    """Everything seemed to go well, but the file that came home is cut short."""
    drill = captured()
    drill["verdict"].update(
        verdict="incomplete",
        nonce_found=False,
        nonce=None,
        panic=None,
        findings=[
            {
                "id": "truncated",
                "severity": "error",
                "message": "The file ends at byte 31457280; its headers describe pages up to byte 50436505.",
            },
            {"id": "nonce-missing", "severity": "error", "message": "The nonce is not in the kernel log."},
            {"id": "trailing-data", "severity": "warning", "message": "12 bytes follow the end of the dump."},
        ],
    )
    return drill


def unseen() -> Document:
    """A host without a console, whose dump was never looked at and whose record is gone."""
    drill = captured()
    drill["panic"]["events"] = [event for event in drill["panic"]["events"] if event["source"] == "controller"]
    drill["panic"].update(console=[], dump=None)
    return {**drill, "record": None, "verdict": None, "fetch": None, "kernel": None, "versions": None}


def gone() -> Document:
    """The host went down and never came back."""
    drill = captured()
    drill["panic"].update(
        outcome="never_came_back",
        message="Cannot reach web-01 again: nothing was heard of it for 300 s after the capture kernel rebooted it. "
        "Look at its console.",
        after=None,
        dump=None,
        events=drill["panic"]["events"][:10],
    )
    return {**drill, "record": None, "verdict": None, "fetch": None}


def hostile() -> Document:
    """Every text that is not part of a vocabulary is an attack."""
    drill = copy.deepcopy(captured())
    _poison(drill)
    drill["panic"]["outcome"] = "captured"
    return drill


def _failed(outcome: str, message: str, *, instead_of: tuple[str, ...], tag: str, text: str) -> Document:
    drill = captured()
    events = drill["panic"]["events"]
    at = next(event["seconds"] for event in events if event["name"] == instead_of[0])
    kept = [event for event in events if event["name"] not in instead_of]
    failure = {"name": tag, "seconds": at, "source": "console", "text": text}
    drill["panic"].update(
        outcome=outcome,
        message=message,
        dump=None,
        events=sorted([*kept, failure], key=lambda event: event["seconds"]),
    )
    drill.update(verdict=None, fetch=None)
    return drill


def _poison(value: t.Any) -> None:
    for key, item in list(value.items()) if isinstance(value, dict) else list(enumerate(value)):
        if isinstance(item, (dict, list)):
            _poison(item)
        elif isinstance(item, str):
            value[key] = HOSTILE


DRILLS: dict[str, t.Callable[[], Document]] = {
    "captured": captured,
    "save_failed": save_failed,
    "out_of_memory": out_of_memory,
    "incomplete": incomplete,
    "unseen": unseen,
    "gone": gone,
    "hostile": hostile,
}
