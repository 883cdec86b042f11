# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The console's thread and the connection's probes, together."""

from __future__ import annotations

import pathlib
import typing as t
from collections.abc import Callable

from ansible_collections.linux.kdump.plugins.module_utils.console import Tail
from ansible_collections.linux.kdump.plugins.plugin_utils.follow import Event, Follower, Limits, Probe
from ansible_collections.linux.kdump.plugins.plugin_utils.link import Link
from ansible_collections.linux.kdump.plugins.plugin_utils.watch import Watch


class ScriptedLink:
    """Answers probes from a list; before each answer something happens."""

    def __init__(self, *answers: tuple[Callable[[], object], Probe]) -> None:
        self._answers = list(answers)
        self.waits: list[bool] = []

    def probe(self, seconds: Callable[[], float], *, wait: bool) -> Probe:
        self.waits.append(wait)
        happen, probe = self._answers.pop(0)
        happen()
        return Probe(seconds(), probe.boot_id, probe.capture_kernel, probe.systemd, probe.detail)


def test_a_drill_is_followed_and_reported_live(tmp_path: pathlib.Path) -> None:
    console = tmp_path / "console"
    console.write_text("Kernel panic - not syncing: an older one\n")
    seen: list[Event] = []

    def say(text: str) -> Callable[[], object]:
        def write() -> None:
            with console.open("a") as stream:
                stream.write(text)
            name = "panic" if "panic" in text else "kernel"
            while name not in [event.name for event in seen]:
                pass

        return write

    link = ScriptedLink(
        (say("[1] Kernel panic - not syncing: sysrq triggered crash\r\n"), Probe(0, detail="timed out")),
        (say("Linux version 6.1\nCommand line: ro\n"), Probe(0, "new", systemd="starting")),
        (lambda: None, Probe(0, "new", systemd="running")),
    )
    follower = Follower(boot_id="old", limits=Limits(60, 900, 300), console=True)
    with Watch(follower, t.cast(Link, link), Tail(str(console)), seen.append) as watch:
        watch.triggered("sysrq-c")
        assert watch.until_end() == "settled"
    names = ["triggered", "panic", "connection_lost", "kernel", "connection_back", "settled"]
    assert [event.name for event in seen] == names
    assert [event.name for event in follower.events] == names
    assert link.waits == [False, False, True]
    assert "an older one" not in "".join(follower.lines)


def test_without_a_console(tmp_path: pathlib.Path) -> None:
    link = ScriptedLink((lambda: None, Probe(0, "old", systemd="running")), (lambda: None, Probe(0, "old")))
    follower = Follower(boot_id="old", limits=Limits(0.5, 900, 300), console=False)
    with Watch(follower, t.cast(Link, link), None, lambda _event: None) as watch:
        watch.triggered("sysrq-c")
        assert watch.until_end() == "never_went_down"
