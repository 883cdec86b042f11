# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What panic refuses, what it does in check mode, and how it ends."""

from __future__ import annotations

import time
import typing as t
from unittest.mock import MagicMock

import pytest
from ansible.errors import AnsibleConnectionFailure

from ansible_collections.linux.kdump.plugins.action import panic
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.plugin_utils.follow import Follower, Probe

OPTIONS = {
    "confirm": "web1", "method": "sysrq-c", "console": None, "dump_path": "/var/crash", "down_timeout": 60,
    "back_timeout": 900, "stall_timeout": 300,
}  # fmt: skip
EVIDENCE: dict[str, t.Any] = {
    "boot_id": "old", "capture_kernel": False, "crash": {"loaded": True}, "load_current": True, "dumps": [],
}  # fmt: skip


class FakeLink:
    """A host that is back at the first look."""

    def __init__(self, *_args: object) -> None: ...

    def isolate(self) -> None: ...

    def restore(self) -> None: ...

    def probe(self, seconds: t.Callable[[], float], *, wait: bool) -> Probe:
        return Probe(seconds(), "new", systemd="running")


class Host:
    """The modules on the host, as the action sees them."""

    def __init__(self, *, saves: bool = True, reply: bool = True, **evidence: t.Any) -> None:
        self.evidence = {**EVIDENCE, **evidence}
        self.saves, self.reply = saves, reply
        self.triggered: list[dict[str, t.Any]] = []

    def module(self, name: str, arguments: dict[str, t.Any], task_vars: object, **_kwargs: t.Any) -> dict[str, t.Any]:
        if name == "linux.kdump.kdump_info":
            return {"evidence": self.evidence}
        self.triggered.append(arguments["_request"])
        record = {"nonce": arguments["_request"]["nonce"], "status": "saved"}
        dumps = [{"id": "d1", "complete": True, "record": record}] if self.saves else []
        self.evidence = {**self.evidence, "boot_id": "new", "dumps": dumps}
        if not self.reply:
            raise AnsibleConnectionFailure("broken pipe")
        return {"host_time": 12.5}


def action(
    host: Host, monkeypatch: pytest.MonkeyPatch, *, check_mode: bool = False, delegate_to: str | None = None
) -> panic.ActionModule:
    made = panic.ActionModule.__new__(panic.ActionModule)
    made._task = MagicMock(check_mode=check_mode, delegate_to=delegate_to)
    made._connection = MagicMock()
    made._host = "web1"
    monkeypatch.setattr(made, "module", host.module)
    monkeypatch.setattr(panic, "Link", FakeLink)
    return made


DEBIANS = {"engine": "kdump-tools", "unit": "kdump-tools.service", "enabled": True, "active": True}

REFUSALS = [
    ({"confirm": "web2"}, {}, "confirm is 'web2'"),
    ({"confirm": ""}, {}, "confirm is ''"),
    ({}, {"crash": {"loaded": False}}, "no crash image is loaded"),
    ({}, {"crash": {"loaded": None}}, "no crash image is loaded"),
    ({}, {"load_current": False}, "not known to be the one on disk"),
    ({}, {"load_current": False, "distribution": [{**DEBIANS, "active": False}]}, "not known to be the one on disk"),
    ({}, {"load_current": False, "distribution": [DEBIANS], "service": {"enabled": True}}, "not known to be the one"),
    ({}, {"capture_kernel": True}, "runs its capture kernel right now"),
    ({}, {"crash": None}, "evidence without what a drill needs"),
    ({"console": "/nonexistent/console"}, {}, "Cannot follow the console"),
]


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(("options", "evidence", "words"), REFUSALS)
def test_it_refuses(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, t.Any], evidence: dict[str, t.Any], words: str, check_mode: bool
) -> None:
    host = Host(**evidence)
    with pytest.raises(KdumpError, match=words):
        action(host, monkeypatch, check_mode=check_mode).perform({**OPTIONS, **options}, {})
    assert host.triggered == []


def test_it_is_not_delegated(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KdumpError, match="a crash cannot be delegated"):
        action(Host(), monkeypatch, delegate_to="web2").perform(OPTIONS, {})


def test_check_mode_says_what_would_happen(monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host()
    result = action(host, monkeypatch, check_mode=True).perform(OPTIONS, {})
    assert result["changed"] is True
    assert result["message"] == "Would crash web1: write c to /proc/sysrq-trigger"
    assert host.triggered == []


@pytest.mark.parametrize("reply", [True, False], ids=["with a reply", "the reply was lost"])
def test_a_good_drill(monkeypatch: pytest.MonkeyPatch, reply: bool) -> None:
    host = Host(reply=reply)
    result = action(host, monkeypatch).perform(OPTIONS, {})
    assert result["outcome"] == "captured"
    assert result["dump"]["id"] == "d1"
    assert result["host_time"] == (12.5 if reply else None)
    assert host.triggered == [{"host": "web1", "nonce": result["nonce"], "boot_id": "old"}]
    assert [event["name"] for event in result["events"]] == ["triggered", "connection_back", "settled"]
    assert (result["before"]["boot_id"], result["after"]["boot_id"]) == ("old", "new")


def test_a_host_that_is_left_to_the_kdump_of_its_distribution_is_crashed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host(load_current=False, distribution=[DEBIANS], service={"enabled": False})
    assert action(host, monkeypatch).perform(OPTIONS, {})["outcome"] == "captured"


def test_a_bad_drill_fails_with_all_that_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KdumpError, match="no new dump") as caught:
        action(Host(saves=False), monkeypatch).perform(OPTIONS, {})
    facts = caught.value.facts
    assert facts["outcome"] == "no_capture"
    assert facts["message"] == caught.value.message
    assert {"nonce", "before", "after", "events", "started", "console", "dump"} <= set(facts)


def test_a_host_whose_dumps_go_to_a_server_is_not_said_to_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    load = {"command_line": "kdump.target=nfs,4,192.0.2.7:2049,/srv/kdump,/"}
    with pytest.raises(KdumpError, match="may have been saved to nfs,4,") as caught:
        action(Host(saves=False, load=load), monkeypatch).perform(OPTIONS, {})
    assert caught.value.facts["outcome"] == "elsewhere"


def test_a_host_that_is_lost_again_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host()
    made = action(host, monkeypatch)

    def lost(name: str, arguments: dict[str, t.Any], task_vars: object, **more: t.Any) -> dict[str, t.Any]:
        if host.triggered and name == "linux.kdump.kdump_info":
            time.sleep(20)
        return host.module(name, arguments, task_vars, **more)

    monkeypatch.setattr(made, "module", lost)
    monkeypatch.setattr(panic, "_EVIDENCE_LIMIT", 0.2, raising=False)
    with pytest.raises(KdumpError, match="Cannot examine web1 after the crash: no answer within") as caught:
        made.perform(OPTIONS, {})
    assert {"nonce", "before", "events", "started", "console"} <= set(caught.value.facts)


def test_a_module_that_refuses_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    made = action(Host(), monkeypatch)

    def refuse(name: str, *_args: t.Any, **_kwargs: t.Any) -> dict[str, t.Any]:
        if name == "linux.kdump.panic":
            raise KdumpError("Cannot crash this host: it has restarted since it was examined. Run the task again")
        return {"evidence": EVIDENCE}

    monkeypatch.setattr(made, "module", refuse)
    monkeypatch.setattr(Follower, "end", lambda *_args: pytest.fail("it must not be followed"))
    with pytest.raises(KdumpError, match="it has restarted"):
        made.perform(OPTIONS, {})
