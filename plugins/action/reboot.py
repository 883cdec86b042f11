# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reboot a host once for one purpose and wait until its new boot has settled."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible.errors import AnsibleConnectionFailure

from ..module_utils.drill_outcome import NEVER_CAME_BACK, NEVER_WENT_DOWN
from ..module_utils.errors import KdumpError
from ..module_utils.restart import OPTIONS, check_answer, command
from ..plugin_utils.action import KdumpAction
from ..plugin_utils.follow import Event, Follower, Limits
from ..plugin_utils.link import CONNECT_LIMITS, LimitReachedError, Link, time_limit
from ..plugin_utils.watch import Watch

#: Seconds for the reply to the command, which comes at once or never.
_REPLY_LIMIT = 60
#: Questions to a host that does not answer before the reboot; one round of short and long ones.
_ATTEMPTS = len(CONNECT_LIMITS)

_WORDS = {
    NEVER_WENT_DOWN: "it did not go down. Look at its log for what inhibits a reboot",
    NEVER_CAME_BACK: "it went down and did not come back. Look at its console",
}


class ActionModule(KdumpAction):
    """ansible.builtin.reboot may return while the old system is still going down; a boot id cannot be mistaken."""

    def argument_spec(self) -> dict[str, t.Any]:
        return {"argument_spec": OPTIONS}

    def perform(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> Mapping[str, t.Any]:
        if options["timeout"] < 1:
            raise KdumpError(f"Cannot wait {options['timeout']} seconds for {self._host}: set timeout to 1 or more")
        if self.check_mode:
            return {"changed": True}
        link = Link(self._connection, self._low_level_execute_command)
        boot_id = self._boot_id(link)
        timeout = float(options["timeout"])
        limits = Limits(down=min(timeout, 300.0), back=timeout, stall=timeout)
        follower = Follower(boot_id=boot_id, limits=limits, console=False)
        link.isolate()
        try:
            with Watch(follower, link, None, self._report) as watch:
                self._restart(options["purpose"], options["subject"])
                watch.triggered("shutdown -r now")
                end = watch.until_end()
        finally:
            link.restore()
        if end in _WORDS:
            raise KdumpError(f"Cannot reboot {self._host} for {options['purpose']}: {_WORDS[end]}")
        return {"changed": True, "seconds": round(watch.seconds(), 1)}

    def _boot_id(self, link: Link) -> str:
        for _attempt in range(_ATTEMPTS):
            probe = link.probe(lambda: 0.0, wait=False)
            if probe.boot_id:
                return probe.boot_id
        raise AnsibleConnectionFailure(f"Cannot reboot {self._host}: {probe.detail}")

    def _restart(self, purpose: str, subject: str) -> None:
        try:
            with time_limit(_REPLY_LIMIT):
                answer = self._low_level_execute_command(command(purpose, subject), sudoable=True)
        except (AnsibleConnectionFailure, LimitReachedError) as error:
            self.progress(f"the reply to the reboot was lost: {error}")
            return
        words = str(answer.get("stderr", ""))
        check_answer(int(answer["rc"]), words, host=self._host, purpose=purpose, subject=subject)

    def _report(self, event: Event) -> None:
        self.progress(f"{event.seconds:6.1f} s  {event.name:<16} {event.text}".rstrip())
