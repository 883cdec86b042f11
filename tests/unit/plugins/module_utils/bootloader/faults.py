# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way a change can be cut short: a kill, or an error, at any of its steps."""

from __future__ import annotations

import os
import tempfile
import typing as t
from collections.abc import Callable

import pytest

from ansible_collections.linux.kdump.tests.unit.fakes import FakeRunner

#: The calls through which anything is written.
STEPS: t.Final = {os: ("replace", "unlink", "fsync", "fdopen", "fchmod", "makedirs"), tempfile: ("mkstemp",)}
#: No change has more steps than this.
MOST: t.Final = 400


def _watch(act: Callable[[int], None], put: Callable[[object, str, object], None], runner: FakeRunner) -> None:
    """Call ``act`` with the number of each step before it is made; commands are steps too."""
    count = [0]

    def watched(call: Callable[..., t.Any]) -> Callable[..., t.Any]:
        def wrapped(*arguments: t.Any, **options: t.Any) -> t.Any:
            count[0] += 1
            act(count[0])
            return call(*arguments, **options)

        return wrapped

    for module, names in STEPS.items():
        for name in names:
            put(module, name, watched(getattr(module, name)))
    put(runner, "run", watched(runner.run))


class KilledError(BaseException):
    """The process is no more: no handler of this one gets anything done either."""


def killed_at(step: int, work: Callable[[], object], runner: FakeRunner) -> bool:
    """Do the work, of which nothing happens from that step on; False if it came to its end.

    A process of its own that is killed would be the same and take longer; for Debian's GRUB
    ``test_grub.py`` does that.
    """

    def act(now: int) -> None:
        if now >= step:
            raise KilledError

    with pytest.MonkeyPatch.context() as patch:
        _watch(act, patch.setattr, runner)
        try:
            work()
        except KilledError:
            return True
    return False


def failed_at(step: int, work: Callable[[], object], runner: FakeRunner) -> bool:
    """Do the work, with an error in place of that step; False if there are not so many."""
    failed = []

    def act(now: int) -> None:
        if now == step:
            failed.append(now)
            raise OSError(28, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        _watch(act, patch.setattr, runner)
        try:
            work()
        except Exception:
            assert failed
    return bool(failed)
