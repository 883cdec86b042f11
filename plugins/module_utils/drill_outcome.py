# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drill came to: one name and one message, from what was seen on the way and what lies on the target."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .drill import FAILURES
from .proof.text import printable

#: How following the host ended.
SETTLED: t.Final = "settled"
NEVER_WENT_DOWN: t.Final = "never_went_down"
NEVER_CAME_BACK: t.Final = "never_came_back"

#: Every outcome, and what to do about it.
ADVICE: t.Final = {
    "captured": "",
    "never_went_down": "Check that /proc/sysrq-trigger is writable there and that nothing ends processes at logout",
    "never_came_back": "Look at the host's console and reset it",
    "elsewhere": "Look for it there, by this drill's nonce",
    "no_capture": "No capture kernel ran: check on its serial console that its crash image boots",
    "capture_out_of_memory": "Reserve more memory with crashkernel=",
    "save_failed": "Check the dump target",
}

#: What to look at for a failure of the save script, where that is not the target.
_TAG_ADVICE: t.Final = {
    "fail-vmcore": "Load the crash image again",
    "fail-module": "Build the capture initramfs for this capture kernel",
    "fail-network": "Check the network and the server of the dump target",
    "fail-login": "Register the host at its dump server again, and build its save environment anew",
    "fail-space": "Make room on the dump target or give it more space",
    "fail-timeout": "Raise the time limits of the capture initramfs or use a faster target",
}


#: Targets of the capture kernel's command line that are not on the host.
_SERVER: t.Final = re.compile(r"(?<!\S)kdump\.target=((?:ssh|nfs),\S+)")

#: The longest message: a line of the console of 1024 characters and what is said around it.
_LONGEST: t.Final = 2000


@dataclass(frozen=True)
class Sighting:
    """What was seen while the host was away."""

    end: str
    seconds: float
    capture_kernel: bool = False
    capture_panic: str | None = None
    out_of_memory: str | None = None
    failure: str | None = None
    last_stage: str | None = None
    saved: bool = False
    #: What the save script said of the target that it saved to.
    place: str | None = None
    console: bool = False
    last_line: str | None = None


@dataclass(frozen=True)
class Outcome:
    """The name of the outcome, what to tell the user, and this drill's own dump."""

    name: str
    message: str
    dump: Mapping[str, t.Any] | None = None

    @property
    def ok(self) -> bool:
        """True for the one outcome that proves anything."""
        return self.name == "captured"


def dump_of(dumps: Sequence[Mapping[str, t.Any]], nonce: str) -> Mapping[str, t.Any] | None:
    """The dump whose record carries this drill's nonce, or whose log does where its kdump writes no record."""
    for dump in dumps:
        record = dump.get("record")
        if (record.get("nonce") if record else dump.get("nonce")) == nonce:
            return dump
    return None


def classify(
    seen: Sighting,
    *,
    host: str,
    nonce: str,
    before: Sequence[Mapping[str, t.Any]] = (),
    after: Sequence[Mapping[str, t.Any]] = (),
    command_line: str = "",
) -> Outcome:
    """Name the outcome. A known cause (memory, a failed step) goes before its symptom (not back, no dump).

    ``before`` and ``after`` are the dumps on the host, from its evidence; ``command_line`` is the capture kernel's.
    """
    dump = dump_of(after, nonce)
    if seen.end == NEVER_WENT_DOWN:
        return _outcome("never_went_down", f"Cannot crash {host}: it still runs after {seen.seconds:.0f} seconds", seen)
    if seen.end == SETTLED and dump and _is_saved(dump):
        return Outcome("captured", f"{host} crashed, saved its memory and is back", dump)
    place = None if dump or _new(before, after) else _elsewhere(seen, command_line)
    if seen.end == SETTLED and place:
        return _outcome("elsewhere", f"{host} crashed and is back; the dump is not on it: {place}", seen)
    failure = _failure(seen, dump)
    name, cause = _cause(seen, failure) or _absence(seen, before, after)
    if name != "never_came_back" and seen.end == NEVER_CAME_BACK:
        cause += f", and the host was not back after {seen.seconds:.0f} seconds"
    return _outcome(name, f"Cannot capture the crash of {host}: {cause}", seen, dump=dump, failure=failure)


def _is_saved(dump: Mapping[str, t.Any]) -> bool:
    """By its record; a distribution's kdump writes none, and says by the name of the vmcore that it is done."""
    record = dump.get("record") or {}
    theirs = not record and dump.get("engine", "collection") != "collection"
    return bool(dump.get("complete")) and (theirs or record.get("status") == "saved")


def _new(before: Sequence[Mapping[str, t.Any]], after: Sequence[Mapping[str, t.Any]]) -> list[str]:
    known = {dump["id"] for dump in before}
    return sorted(str(dump["id"]) for dump in after if dump["id"] not in known)


def _elsewhere(seen: Sighting, command_line: str) -> str | None:
    """Where the dump is that is not on the host: as its save script said, else where it may be if nobody could see."""
    if seen.saved:
        return f"the console says that it was saved to {seen.place or 'another of its targets'}"
    servers = _SERVER.findall(command_line)
    if servers and not seen.console and not seen.capture_panic:
        return f"it may have been saved to {' or '.join(servers)}"
    return None


def _failure(seen: Sighting, dump: Mapping[str, t.Any] | None) -> str | None:
    """The save script's own word, from its record or from the console."""
    record = (dump or {}).get("record") or {}
    return str(record.get("failure") or seen.failure or "") or None


def _cause(seen: Sighting, failure: str | None) -> tuple[str, str] | None:
    """What is known to have gone wrong in the capture kernel."""
    if failure == "fail-memory":
        return "capture_out_of_memory", FAILURES["fail-memory"]
    if seen.out_of_memory and not seen.saved:
        return "capture_out_of_memory", f"the capture kernel ran out of memory ({seen.out_of_memory})"
    if failure:
        return "save_failed", f"{FAILURES.get(failure, 'the save script failed')} ({failure})"
    if seen.capture_panic:
        return "save_failed", f"the capture kernel panicked ({seen.capture_panic})"
    return None


def _absence(
    seen: Sighting, before: Sequence[Mapping[str, t.Any]], after: Sequence[Mapping[str, t.Any]]
) -> tuple[str, str]:
    """No cause is known: say what is missing."""
    if seen.end == NEVER_CAME_BACK:
        stage = f", last seen at {seen.last_stage}" if seen.last_stage else ""
        return "never_came_back", f"the host was not back after {seen.seconds:.0f} seconds{stage}"
    new = _new(before, after)
    if new:
        return "save_failed", f"the new dump {new[-1]} is incomplete or does not carry this drill's nonce"
    if seen.capture_kernel:
        return "save_failed", "the capture kernel ran, but left no dump"
    return "no_capture", "the host is back, and there is no new dump"


def _outcome(
    name: str, message: str, seen: Sighting, *, dump: Mapping[str, t.Any] | None = None, failure: str | None = None
) -> Outcome:
    advice = _TAG_ADVICE.get(failure or "", ADVICE[name])
    if seen.last_line:
        advice += f'. The last line on the console: "{seen.last_line}"'
    elif not seen.console:
        advice += ". Set console to the host's serial console log to see why"
    # what the host said is in it: ids of dumps, the failure of a record, lines of the console
    return Outcome(name, printable(f"{message}. {advice}", limit=_LONGEST), dump)
