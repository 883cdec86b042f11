# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting and locks."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.lab import waiting
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.lab.clock import FakeClock


def test_polling_ends_with_the_first_find() -> None:
    clock = FakeClock()
    finds: Iterator[str | None] = iter([None, None, "here", "later"])
    assert waiting.poll(lambda: next(finds), seconds=10, clock=clock, interval=1) == "here"
    assert clock.now == 2


def test_polling_looks_at_least_once_and_not_for_ever() -> None:
    clock = FakeClock()
    assert waiting.poll(lambda: 0, seconds=0, clock=clock) == 0
    assert waiting.poll(lambda: None, seconds=5, clock=clock, interval=1) is None
    assert clock.now == 5


def test_a_lock_is_held_by_one_and_let_go_of(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    clock = FakeClock()
    first = waiting.locked(path, what="build", seconds=1, clock=clock)
    second = waiting.locked(path, what="build", seconds=1, clock=clock)
    with first, pytest.raises(KdumpError, match="another process has been busy"), second:
        pytest.fail("two hold one lock")
    with waiting.locked(path, what="build", seconds=0, clock=clock):
        pass


def test_a_polite_request_to_end_reaches_the_clean_up() -> None:
    cleaned = False
    with pytest.raises(KeyboardInterrupt), waiting.orderly_end():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause()
        finally:
            cleaned = True
    assert cleaned
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_waiting_ends_when_the_reader_of_the_output_is_gone() -> None:
    reader, writer = os.pipe()
    kept = os.dup(1)
    try:
        os.dup2(writer, 1)
        assert not waiting.nobody_listens()
        os.close(reader)
        assert waiting.nobody_listens()
        with pytest.raises(KeyboardInterrupt):
            waiting.AttendedClock(waiting.nobody_listens).sleep(0)
    finally:
        os.dup2(kept, 1)
        os.close(writer)
        os.close(kept)
