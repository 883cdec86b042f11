# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every command ends in time or is an error with a name."""

from __future__ import annotations

import time
import typing as t
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils import command
from ansible_collections.linux.kdump.plugins.module_utils.command import (
    CommandError,
    CommandTimeoutError,
    Completed,
    ModuleRunner,
    search_path,
    which,
)


class FakeModule:
    """Remembers what it was asked to run and answers with one status."""

    def __init__(self, rc: int = 0, out: str = "", err: str = "") -> None:
        self.answer = (rc, out, err)
        self.args: list[str] = []
        self.kwargs: dict[str, t.Any] = {}

    def run_command(self, args: t.Any, **kwargs: t.Any) -> tuple[int, str, str]:
        self.args, self.kwargs = args, kwargs
        return self.answer


@pytest.mark.parametrize(
    ("path", "folders"),
    [
        ("/usr/bin:/bin", "/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"),
        ("/sbin:/opt/bin", "/sbin:/opt/bin:/usr/local/sbin:/usr/sbin"),
    ],
)
def test_the_tools_of_the_system_are_found_by_an_ordinary_user(
    monkeypatch: pytest.MonkeyPatch, path: str, folders: str
) -> None:
    monkeypatch.setenv("PATH", path)
    assert search_path() == folders


def test_a_tool_of_the_system_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(command, "_SYSTEM_FOLDERS", (str(tmp_path),))
    assert which("of-the-system") is None
    (tmp_path / "of-the-system").touch(0o755)
    assert which("of-the-system") == str(tmp_path / "of-the-system")


def test_a_module_command_runs_under_a_limit_and_in_the_c_locale() -> None:
    module = FakeModule(out="done\n")
    done = ModuleRunner(module).run(["kexec", "-S"], what="ask kexec", timeout=7, env={"A": "b"})
    assert module.args == ["timeout", "--kill-after=10", "7", "kexec", "-S"]
    wanted = {"LANG": "C", "LC_ALL": "C", "LANGUAGE": "C", "PATH": search_path(), "A": "b"}
    assert module.kwargs["environ_update"] == wanted
    assert done == Completed(("kexec", "-S"), 0, "done\n", "")


@pytest.mark.parametrize(
    ("rc", "out", "err", "kind", "message"),
    [
        (1, "", "first\nno room\n", CommandError, "Cannot load: kexec ended with status 1: no room"),
        (2, "only here\n", "", CommandError, "Cannot load: kexec ended with status 2: only here"),
        (3, "", "", CommandError, "Cannot load: kexec ended with status 3: it printed nothing"),
        (124, "", "", CommandTimeoutError, "Cannot load: kexec did not end within 7 seconds and was stopped"),
        (137, "", "", CommandError, "Cannot load: kexec was killed after 0 seconds, perhaps for lack of memory"),
    ],
)
def test_a_failure_says_what_could_not_be_done(
    rc: int, out: str, err: str, kind: type[CommandError], message: str
) -> None:
    with pytest.raises(kind) as caught:
        ModuleRunner(FakeModule(rc, out, err)).run(["kexec", "-p"], what="load", timeout=7)
    assert caught.value.message == message
    assert caught.value.as_result() == {"msg": message, "cmd": "kexec -p", "rc": rc, "stdout": out, "stderr": err}


def test_an_unchecked_status_is_returned_but_a_timeout_is_still_raised() -> None:
    assert ModuleRunner(FakeModule(1)).run(["false"], what="try", timeout=1, check=False).rc == 1
    with pytest.raises(CommandTimeoutError):
        ModuleRunner(FakeModule(124)).run(["sleep", "9"], what="wait", timeout=1, check=False)


def test_what_was_killed_at_its_limit_was_killed_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([100.0, 107.5])
    monkeypatch.setattr(time, "monotonic", lambda: next(times))
    with pytest.raises(CommandTimeoutError, match="did not end within 7 seconds"):
        ModuleRunner(FakeModule(137)).run(["kexec", "-p"], what="load", timeout=7)
