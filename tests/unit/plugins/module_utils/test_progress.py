# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""News, lease and the end of long commands."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import time

import pytest

from ansible_collections.linux.kdump.plugins.module_utils import progress
from ansible_collections.linux.kdump.plugins.module_utils.progress import ALIVE, LEASE, LEASE_SECONDS, NEWS, Progress
from ansible_collections.linux.kdump.plugins.plugin_utils.command import LocalRunner
from ansible_collections.linux.kdump.tests.unit.fakes import FakeRunner


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_news_are_one_line_in_a_file(tmp_path: pathlib.Path) -> None:
    talk = Progress(str(tmp_path))
    talk.say("first")
    talk.say("second")
    assert (tmp_path / NEWS).read_text() == "second\n"
    assert [path.name for path in tmp_path.iterdir()] == [NEWS]


def test_without_a_folder_nothing_is_written_and_nobody_missed() -> None:
    talk = Progress(None)
    talk.say("nothing")
    with talk.alive():
        assert not talk.abandoned()


def test_a_folder_that_went_away_is_no_error(tmp_path: pathlib.Path) -> None:
    talk = Progress(str(tmp_path / "gone"))
    talk.say("nothing")
    assert talk.abandoned()


def test_a_lease_lasts_as_long_as_it_is_touched(tmp_path: pathlib.Path) -> None:
    clock, lease = Clock(), tmp_path / LEASE
    lease.touch()
    talk = Progress(str(tmp_path), clock)
    for step in range(5):
        os.utime(lease, ns=(step, step))
        assert not talk.abandoned()
        clock.now += LEASE_SECONDS - 1
    assert not talk.abandoned()
    clock.now += 2
    assert talk.abandoned()


def test_alive_is_there_until_the_work_is_tidied_up(tmp_path: pathlib.Path) -> None:
    with pytest.raises(RuntimeError), Progress(str(tmp_path)).alive():
        assert (tmp_path / ALIVE).exists()
        raise RuntimeError
    assert not (tmp_path / ALIVE).exists()


def test_a_signal_ends_the_work_by_an_exception(tmp_path: pathlib.Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as caught, Progress(str(tmp_path)).alive():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
    assert caught.value.code == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_process_group_is_ended_even_where_it_does_not_listen(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_GRACE", 0.3)
    deaf = subprocess.Popen(
        ["sh", "-c", "trap '' TERM; echo deaf; sleep 60"], start_new_session=True, stdout=subprocess.PIPE
    )
    assert deaf.stdout
    assert deaf.stdout.readline() == b"deaf\n"
    (tmp_path / "pid").write_text(f"{deaf.pid}\n")
    progress.stop_group(str(tmp_path / "pid"))
    assert deaf.wait(10) == -signal.SIGKILL
    deaf.stdout.close()


@pytest.mark.parametrize("text", ["", "no number", "-1", "0", "1", "999999999"])
def test_a_pid_file_that_names_nobody(tmp_path: pathlib.Path, text: str) -> None:
    (tmp_path / "pid").write_text(text)
    progress.stop_group(str(tmp_path / "pid"))
    progress.stop_group(str(tmp_path / "missing"))


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.9, "0:59"), (61, "1:01"), (3605, "60:05")])
def test_minutes(seconds: float, text: str) -> None:
    assert progress.minutes(seconds) == text


def test_a_command_that_never_began_takes_no_other_with_it(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, runner: FakeRunner
) -> None:
    def interrupted(*_arguments: object, **_more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "run", interrupted)
    (tmp_path / "log.pid").write_text("4711\n")
    signals: list[int] = []
    monkeypatch.setattr(os, "getpgid", lambda pid: pid)
    monkeypatch.setattr(os, "killpg", lambda group, _number: signals.append(group))
    with pytest.raises(KeyboardInterrupt):
        progress.run_watched(
            runner, ["true"], what="try", timeout=5, log=str(tmp_path / "log"), progress=Progress(None), news=str
        )
    assert signals == []


def test_a_watched_command_leaves_its_log_and_nothing_else(tmp_path: pathlib.Path) -> None:
    done = progress.run_watched(
        LocalRunner(), ["sh", "-c", "echo so; exit 3"], what="try", timeout=5, log=str(tmp_path / "log"),
        progress=Progress(None), news=str,
    )  # fmt: skip
    assert done.rc == 3
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("log", "so\n")]
