# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drill came to: one name, and one line that says why and what to do."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ...drill import FAILURES
from ...proof.text import printable
from .follow import Story

_LONGEST: t.Final = 1000
#: What to do next.
_ADVICE: t.Final = {
    "out_of_memory": "Reserve more memory with crashkernel",
    "save_failed": "Look at the targets and at the console",
    "no_capture": "Check that the capture kernel is built for this machine and that it fits into the reservation",
    "never_armed": "Check the system kernel, the crash image and the reservation",
    "timeout": "Raise timeout, or look at the console for what it was busy with",
}


def judge(story: Story, *, record: Mapping[str, t.Any] | None, why: str | None, console: str) -> tuple[str, str]:
    """The outcome and its message; ``why`` is why nobody waits any longer, None where the machine ended by itself.

    A known cause goes before its symptom: what says that memory ran out is believed before what failed for want of it.
    """
    name, cause = _judge(story, record, why)
    if name == "captured":
        return name, ""
    last = f' The last line on it: "{story.last}".' if story.last else ""
    text = f"Cannot drill: {cause}. {_ADVICE[name]}. The console is in {console}.{last}"
    return name, printable(text, limit=_LONGEST)


def _judge(story: Story, record: Mapping[str, t.Any] | None, why: str | None) -> tuple[str, str]:
    if not story.seen("armed"):
        return "never_armed", _unarmed(story, why)
    if _is_saved(story, record):
        return "captured", ""
    failure = str((record or {}).get("failure") or story.failure or "")
    memory = story.text("capture_out_of_memory")
    if failure == "fail-memory" or (memory is not None and not story.seen("core-saved")):
        return "out_of_memory", f"the capture kernel ran out of memory{f' ({memory})' if memory else ''}"
    if failure:
        return "save_failed", f"{FAILURES.get(failure, 'the save environment failed')} ({failure})"
    panic = story.text("capture_panic")
    if panic is not None:
        return "save_failed", f"the capture kernel panicked ({panic})"
    return _silence(story, why)


def _unarmed(story: Story, why: str | None) -> str:
    """Why the machine was never armed."""
    for name, words in (
        ("never_armed", "{}"),
        ("system_panic", "the system kernel panicked before it was armed ({})"),
        ("system_out_of_memory", "the system kernel ran out of memory before it was armed ({})"),
    ):
        text = story.text(name)
        if text is not None:
            return words.format(text)
    return f"the machine was not armed: {why or 'it ended'}"


def _is_saved(story: Story, record: Mapping[str, t.Any] | None) -> bool:
    if record is not None:
        return record.get("status") == "saved"
    # Saved to where the drill cannot look: the save environment's word is all there is.
    return story.seen("core-saved") and story.seen("record-saved")


def _silence(story: Story, why: str | None) -> tuple[str, str]:
    """No cause is known: say what is missing."""
    ending = f": {why}" if why else ", and the machine ended"
    if not story.seen("capture_kernel"):
        return "no_capture", f"the system crashed and no capture kernel was heard of{ending}"
    if why:
        return "timeout", f"the capture kernel did not save in time{ending}"
    return "save_failed", "the capture kernel ran and left no dump of this crash"
