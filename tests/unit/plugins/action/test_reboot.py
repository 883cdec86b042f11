# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How reboot follows a host, and how it ends."""

from __future__ import annotations

import typing as t
from unittest.mock import MagicMock

import pytest
from ansible.errors import AnsibleConnectionFailure

from ansible_collections.linux.kdump.plugins.action import reboot
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.plugin_utils.follow import Probe

OPTIONS = {"purpose": "crashkernel=64M", "subject": "crashkernel", "timeout": 600}


class FakeLink:
    """A host that answers from a list of boot ids; the last one stays."""

    def __init__(self, boots: list[str | None]) -> None:
        self.boots = boots
        self.restored = False

    def isolate(self) -> None: ...

    def restore(self) -> None:
        self.restored = True

    def probe(self, seconds: t.Callable[[], float], *, wait: bool) -> Probe:
        boot = self.boots.pop(0) if len(self.boots) > 1 else self.boots[0]
        return Probe(seconds(), boot, systemd="running", detail="timed out")


def action(
    monkeypatch: pytest.MonkeyPatch, boots: list[str | None], answer: t.Any = None, *, check_mode: bool = False
) -> tuple[reboot.ActionModule, FakeLink, list[str]]:
    made = reboot.ActionModule.__new__(reboot.ActionModule)
    made._task = MagicMock(check_mode=check_mode, delegate_to=None)
    made._connection = MagicMock()
    made._host = "web1"
    commands: list[str] = []

    def execute(command: str, **_kwargs: t.Any) -> dict[str, t.Any]:
        commands.append(command)
        if isinstance(answer, Exception):
            raise answer
        return answer or {"rc": 0, "stderr": ""}

    link = FakeLink(boots)
    monkeypatch.setattr(made, "_low_level_execute_command", execute)
    monkeypatch.setattr(reboot, "Link", lambda *_args: link)
    return made, link, commands


def test_a_new_boot_that_has_settled_is_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    made, link, commands = action(monkeypatch, ["old", "new"])
    assert made.perform(OPTIONS, {})["changed"] is True
    assert (len(commands), link.restored) == (1, True)


def test_a_lost_reply_is_followed_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    made, _link, _commands = action(monkeypatch, ["old", "new"], AnsibleConnectionFailure("broken pipe"))
    assert made.perform(OPTIONS, {})["changed"] is True


def test_check_mode_asks_and_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    made, _link, commands = action(monkeypatch, ["old"], check_mode=True)
    assert made.perform(OPTIONS, {}) == {"changed": True}
    assert commands == []


def test_a_refusal_on_the_host_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    made, link, _commands = action(monkeypatch, ["old"], {"rc": 3, "stderr": ""})
    with pytest.raises(KdumpError, match="rebooted for it already"):
        made.perform(OPTIONS, {})
    assert link.restored


def test_a_host_that_cannot_be_reached_is_not_told_to_reboot(monkeypatch: pytest.MonkeyPatch) -> None:
    made, _link, commands = action(monkeypatch, [None])
    with pytest.raises(AnsibleConnectionFailure, match="Cannot reboot web1: timed out"):
        made.perform(OPTIONS, {})
    assert commands == []


def test_a_host_that_stays_away_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    made, _link, _commands = action(monkeypatch, ["old", None])
    with pytest.raises(KdumpError, match="did not come back"):
        made.perform({**OPTIONS, "timeout": 1}, {})


def test_no_time_to_wait_is_refused_before_anything_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    made, _link, commands = action(monkeypatch, ["old", "new"])
    with pytest.raises(KdumpError, match="set timeout to 1 or more"):
        made.perform({**OPTIONS, "timeout": 0}, {})
    assert commands == []
