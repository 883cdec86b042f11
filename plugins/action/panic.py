# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Crash a host on purpose, follow it through the capture kernel and back, and say what became of it."""

from __future__ import annotations

import datetime
import secrets
import typing as t
from collections.abc import Mapping

from ansible.errors import AnsibleConnectionFailure, AnsibleError

from ..module_utils.console import Tail
from ..module_utils.drill_outcome import SETTLED, Outcome, classify
from ..module_utils.drill_trigger import METHODS, OPTIONS, SYNC_LIMIT, check_confirmed
from ..module_utils.errors import KdumpError
from ..plugin_utils.action import KdumpAction
from ..plugin_utils.follow import Event, Follower, Limits
from ..plugin_utils.link import LimitReachedError, Link, time_limit
from ..plugin_utils.watch import Watch

_MODULE = "linux.kdump.panic"
_INFO = "linux.kdump.kdump_info"
#: Seconds for examining a host that has just come back and may be gone again.
_EVIDENCE_LIMIT = 300
#: What is asked of the evidence here; the role reads more of it.
_NEEDED = {"boot_id", "capture_kernel", "crash", "load_current", "dumps"}
#: Lines of the console that a failed task shows.
_SHOWN_LINES = 100


class ActionModule(KdumpAction):
    """Everything that can be checked is checked before; after the trigger there is no way back."""

    def argument_spec(self) -> dict[str, t.Any]:
        return {"argument_spec": OPTIONS}

    def perform(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> Mapping[str, t.Any]:
        self._options, self._task_vars = options, task_vars
        if self._task.delegate_to:
            raise KdumpError(f"Cannot crash {self._host}: a crash cannot be delegated. Run the task on the host itself")
        check_confirmed(options["confirm"], self._host)
        tail = Tail(options["console"]) if options["console"] else None
        before = self._evidence()
        check_armed(self._host, before)
        self._result = {"nonce": "", "method": options["method"], "before": before}
        if self.check_mode:
            message = f"Would crash {self._host}: {METHODS[options['method']].summary}"
            return {**self._result, "changed": True, "message": message}
        return self._drill(tail)

    def _drill(self, tail: Tail | None) -> dict[str, t.Any]:
        before = self._result["before"]
        nonce = self._result["nonce"] = secrets.token_hex(16)
        limits = Limits(*(float(self._options[f"{name}_timeout"]) for name in ("down", "back", "stall")))
        follower = Follower(boot_id=before["boot_id"], limits=limits, console=tail is not None)
        link = Link(self._connection, self._low_level_execute_command)
        link.isolate()
        with Watch(follower, link, tail, self._report) as watch:
            self._trigger(nonce, before["boot_id"])
            started = datetime.datetime.now(datetime.timezone.utc)
            watch.triggered(METHODS[self._options["method"]].summary)
            self._result["started"] = started.strftime("%Y-%m-%dT%H:%M:%SZ")
            end = watch.until_end()
            seen = follower.sighting(end, watch.seconds())
        self._result["events"] = [event.as_dict() for event in follower.events]
        self._result["console"] = list(follower.lines)[-_SHOWN_LINES:]
        after = self._after(end, link)
        dumps = (after or {}).get("dumps", [])
        line = str((before.get("load") or {}).get("command_line") or "")
        outcome = classify(seen, host=self._host, nonce=nonce, before=before["dumps"], after=dumps, command_line=line)
        return self._conclude(outcome, after, list(follower.lines))

    def _trigger(self, nonce: str, boot_id: str) -> None:
        """Tell the host to crash. If the reply is lost the crash came first, which following it will show."""
        request = {"host": self._host, "nonce": nonce, "boot_id": boot_id}
        self._result["host_time"] = None
        try:
            with time_limit(SYNC_LIMIT + 60):
                answer = self.module(_MODULE, {**self._options, "_request": request}, self._task_vars)
            self._result["host_time"] = answer.get("host_time")
        except (AnsibleConnectionFailure, LimitReachedError) as error:
            self.progress(f"the reply to the trigger was lost: {error}")
        self._forget_remote_folder()

    def _after(self, end: str, link: Link) -> dict[str, t.Any] | None:
        if end != SETTLED:
            return None
        link.restore()
        try:
            with time_limit(_EVIDENCE_LIMIT):
                return self._evidence()
        except (KdumpError, AnsibleError, LimitReachedError) as error:
            raise KdumpError(f"Cannot examine {self._host} after the crash: {error}", **self._result) from error

    def _conclude(self, outcome: Outcome, after: dict[str, t.Any] | None, console: list[str]) -> dict[str, t.Any]:
        result = {
            **self._result, "changed": True, "outcome": outcome.name, "message": outcome.message,
            "after": after, "dump": outcome.dump, "console": console if outcome.ok else console[-_SHOWN_LINES:],
        }  # fmt: skip
        if not outcome.ok:
            raise KdumpError(outcome.message, **result)
        return result

    def _evidence(self) -> dict[str, t.Any]:
        answer = self.module(_INFO, {"dump_path": self._options["dump_path"]}, self._task_vars, check_mode=False)
        evidence = answer.get("evidence")
        if not isinstance(evidence, dict) or _NEEDED - evidence.keys() or not isinstance(evidence["crash"], dict):
            raise KdumpError(f"Cannot examine {self._host}: it sent evidence without what a drill needs to know")
        return evidence

    def _report(self, event: Event) -> None:
        self.progress(f"{event.seconds:6.1f} s  {event.name:<16} {event.text}".rstrip())

    def _forget_remote_folder(self) -> None:
        """Nothing may be cleaned up over a connection to a dead host; the crash may well have undone it anyway."""
        self._connection._shell.tmpdir = None
        self._cleanup_remote_tmp = False


def check_armed(host: str, evidence: Mapping[str, t.Any]) -> None:
    """Refuse a crash that would not be captured, or captured by something else than what is deployed."""
    if evidence["capture_kernel"]:
        raise KdumpError(f"Cannot crash {host}: it runs its capture kernel right now. Wait until it is back")
    if not evidence["crash"].get("loaded"):
        raise KdumpError(f"Cannot crash {host}: no crash image is loaded. Load one with linux.kdump.kexec_crash first")
    if not evidence["load_current"] and not is_left_to_distribution(evidence):
        raise KdumpError(
            f"Cannot crash {host}: the crash image that is loaded is not known to be the one on disk. "
            "Load it with linux.kdump.kexec_crash first"
        )


def is_left_to_distribution(evidence: Mapping[str, t.Any]) -> bool:
    """Whether the image that is loaded is that of the distribution's kdump: it is armed, and our loader is not."""
    ours = evidence.get("service") or {}
    rivals = evidence.get("distribution") or []
    return not ours.get("enabled") and any(rival["enabled"] and rival["active"] for rival in rivals)
