# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress lines of long modules."""

from __future__ import annotations

import time
import typing as t

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.plugin_utils.long_task import LongModuleAction, News


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_new_kind_of_line_is_shown_at_once_and_numbers_now_and_then() -> None:
    shown: list[str] = []
    clock = Clock()
    news = News(shown.append, clock)
    for seconds, text in [
        (0, ""),
        (1, "unpacking linux-6.1.tar.xz"),
        (2, "unpacking linux-6.1.tar.xz"),
        (30, "unpacking linux-6.1.tar.xz"),
        (31, "compiled 0 of ~900 objects, 0:00"),
        (33, "compiled 7 of ~900 objects, 0:02"),
        (41, "compiled 30 of ~900 objects, 0:10"),
        (42, "compiled 33 of ~900 objects, 0:11"),
        (43, "collecting"),
    ]:
        clock.now = seconds
        news.hear(text)
    assert shown == [
        "unpacking linux-6.1.tar.xz",
        "compiled 0 of ~900 objects, 0:00",
        "compiled 30 of ~900 objects, 0:10",
        "collecting",
    ]


def test_a_module_that_was_killed_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    class Action(LongModuleAction):
        MODULE = "linux.kdump.some"

        def time_limit(self, arguments: dict[str, t.Any]) -> int:
            return 1

    action = Action.__new__(Action)
    clock = Clock()
    monkeypatch.setattr(action, "_shell", lambda _command: "no\n", raising=False)
    monkeypatch.setattr(action, "_ask", lambda *_arguments: {"finished": 0})
    monkeypatch.setattr(time, "monotonic", clock)
    monkeypatch.setattr(time, "sleep", lambda seconds: setattr(clock, "now", clock.now + seconds))
    with pytest.raises(KdumpError, match=r"linux\.kdump\.some any longer.* 60 seconds"):
        action._wait("job", "/folder", {}, limit=60)
