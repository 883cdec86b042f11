# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How this collection runs commands: one interface, always with a time limit, always in the C locale.

Pure code takes a `CommandRunner`. Modules hand it a `ModuleRunner`, plugins on the controller a
``plugin_utils.command.LocalRunner``, tests a fake that knows which commands to expect.
"""

from __future__ import annotations

import os
import shlex
import shutil
import time
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .errors import KdumpError

#: What coreutils' timeout(1) returns when the limit ran out, by TERM and by KILL. The second is also what it returns
#: for a command that somebody else killed.
KILLED = 137
TIMEOUT_CODES = (124, KILLED)
#: Seconds between TERM and KILL.
KILL_AFTER = 10

C_LOCALE = {"LANG": "C", "LC_ALL": "C", "LANGUAGE": "C"}

#: Where mke2fs, depmod and their like are, which the PATH of an ordinary user does not name on Debian.
_SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")


def search_path() -> str:
    """Where commands are looked for: everywhere that PATH names, then where the system's tools are."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join([*folders, *(folder for folder in _SYSTEM_FOLDERS if folder not in folders)])


def which(name: str) -> str | None:
    """The path of a command, None where it is not installed."""
    return shutil.which(name, path=search_path())


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """What every command finds in its environment."""
    return {**C_LOCALE, "PATH": search_path(), **(more or {})}


class CommandError(KdumpError):
    """A command ended with a status that was not expected."""


class CommandTimeoutError(CommandError):
    """A command did not end within its time limit and was killed."""


@dataclass(frozen=True)
class Completed:
    """What a command left behind."""

    argv: tuple[str, ...]
    rc: int
    out: str
    err: str

    @property
    def line(self) -> str:
        """The command as one would type it."""
        return shlex.join(self.argv)

    def failure(self, what: str, **facts: object) -> CommandError:
        """An error that says that ``what`` could not be done, with the command's own last words."""
        words = (self.err.strip() or self.out.strip() or "it printed nothing").splitlines()[-1]
        message = f"Cannot {what}: {self.argv[0]} ended with status {self.rc}: {words}"
        return CommandError(message, cmd=self.line, rc=self.rc, stdout=self.out, stderr=self.err, **facts)


class CommandRunner(t.Protocol):
    """Runs a command and waits for it."""

    def run(
        self,
        argv: Sequence[str],
        *,
        what: str,
        timeout: int,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        data: str | None = None,
        check: bool = True,
    ) -> Completed:
        """Run ``argv`` for at most ``timeout`` seconds.

        ``what`` completes the sentence "Cannot ..." when it fails. With ``check`` false a status
        other than 0 is returned instead of raised; running out of time is always raised.
        """


class SupportsRunCommand(t.Protocol):
    """The part of AnsibleModule that `ModuleRunner` needs."""

    def run_command(self, args: t.Any, *more: t.Any, **kwargs: t.Any) -> tuple[int, str, str]: ...


def finish(
    completed: Completed, *, what: str, timeout: int, check: bool, seconds: float | None = None
) -> Completed:  # fmt: skip
    """Turn a status that means failure into the right error; ``seconds`` is how long it took, where that is known."""
    killed = completed.rc == KILLED and seconds is not None and seconds < timeout
    if completed.rc in TIMEOUT_CODES and not killed:
        raise CommandTimeoutError(
            f"Cannot {what}: {completed.argv[0]} did not end within {timeout} seconds and was stopped",
            cmd=completed.line, rc=completed.rc, stdout=completed.out, stderr=completed.err,
        )  # fmt: skip
    if check and killed:
        raise CommandError(
            f"Cannot {what}: {completed.argv[0]} was killed after {seconds:.0f} seconds, perhaps for lack of memory",
            cmd=completed.line, rc=completed.rc, stdout=completed.out, stderr=completed.err,
        )  # fmt: skip
    if check and completed.rc != 0:
        raise completed.failure(what)
    return completed


class ModuleRunner:
    """Runs commands through ``AnsibleModule.run_command``, which knows no time limit: timeout(1) sets it."""

    def __init__(self, module: SupportsRunCommand) -> None:
        self._module = module

    def run(
        self,
        argv: Sequence[str],
        *,
        what: str,
        timeout: int,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        data: str | None = None,
        check: bool = True,
    ) -> Completed:
        limited = ["timeout", f"--kill-after={KILL_AFTER}", str(timeout), *argv]
        started = time.monotonic()
        rc, out, err = self._module.run_command(
            limited, cwd=cwd, data=data, environ_update=environment(env), handle_exceptions=False
        )
        seconds = time.monotonic() - started
        return finish(Completed(tuple(argv), rc, out, err), what=what, timeout=timeout, check=check, seconds=seconds)
