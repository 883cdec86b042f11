# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The base of action plugins for long modules: progress on the terminal, and no orphan when the play is interrupted.

The module runs in the background of the host (``async_wrapper``). Meanwhile this asks the host for the module's news
and keeps the lease fresh; ``module_utils.progress`` is the other side of it. Works over every connection and under
become, since it needs no more than a shell command now and then.
"""

from __future__ import annotations

import abc
import contextlib
import os
import re
import shlex
import signal
import time
import types
import typing as t
from collections.abc import Iterator

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..module_utils.errors import KdumpError
from ..module_utils.progress import ALIVE, LEASE, NEWS
from ..module_utils.proof.text import printable

display = Display()

#: Seconds between two looks at the host: soon at first, since a module with nothing to do ends at once.
_FIRST_LOOK, _SLOWEST_LOOK, _SLOWER = 0.2, 2.0, 1.5
#: Seconds between two lines that differ only in their numbers.
_EVERY = 10.0
#: Added to the module's own time limit, which is to strike first.
_MARGIN = 600
#: Seconds that an interrupted action waits for the module to stop and tidy up.
_FAREWELL = 60
_ASYNC_KEYS = ("ansible_job_id", "started", "finished", "results_file", "_async_dir")


class Interrupted(BaseException):
    """The worker was told to end."""


class News:
    """Decides which of the module's lines to show: each new kind at once, changed numbers now and then."""

    def __init__(self, show: t.Callable[[str], None], clock: t.Callable[[], float] = time.monotonic) -> None:
        self._show = show
        self._clock = clock
        self._kind = ""
        self._last = ""
        self._shown = clock()

    def hear(self, text: str) -> None:
        """Show ``text`` if it is time for it."""
        kind = re.sub(r"\d+", "", text)
        now = self._clock()
        if not text or text == self._last or (kind == self._kind and now - self._shown < _EVERY):
            return
        self._kind, self._last, self._shown = kind, text, now
        self._show(text)


def seconds_of(arguments: dict[str, t.Any], name: str, default: int) -> int:
    """The time limit in an option; the module says what is wrong with one that is no number."""
    try:
        return int(arguments.get(name, default))
    except (TypeError, ValueError):
        return default


class LongModuleAction(ActionBase, metaclass=abc.ABCMeta):
    """Runs the module ``MODULE``, which has an option ``progress``, and shows how far it is.

    ``time_limit`` of a subclass tells from the task's arguments how long the module allows itself.
    """

    TRANSFERS_FILES = False
    _requires_connection = True
    MODULE: t.ClassVar[str]

    @abc.abstractmethod
    def time_limit(self, arguments: dict[str, t.Any]) -> int:
        """The module's own time limit in seconds."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        arguments = dict(self._task.args)
        try:
            if self._task.check_mode:
                result.update(self._execute_module(module_name=self.MODULE, module_args=arguments, task_vars=variables))
            else:
                result.update(self._attend(arguments, variables))
        except KdumpError as error:
            result.update(error.as_result(), failed=True)
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        return result

    def _attend(self, arguments: dict[str, t.Any], variables: dict[str, t.Any]) -> dict[str, t.Any]:
        """Start the module, wait for its end, return its result; leave nothing of it behind."""
        with _signals_raise():
            folder = self._shell(
                f'umask 077; d=$(mktemp -d "${{TMPDIR:-/tmp}}/linux-kdump.XXXXXX") && : >"$d/{LEASE}" && echo "$d"'
            ).strip()
            job = ""
            try:
                job = self._start({**arguments, "progress": folder}, variables)
                return self._wait(job, folder, variables, limit=self.time_limit(arguments) + 2 * _MARGIN)
            except BaseException:
                _ignore_signals()
                self._abandon(job, folder)
                raise
            finally:
                self._forget(job, folder)

    def _start(self, arguments: dict[str, t.Any], variables: dict[str, t.Any]) -> str:
        before = self._task.async_val
        self._task.async_val = self.time_limit(arguments) + _MARGIN
        try:
            started = self._execute_module(
                module_name=self.MODULE, module_args=arguments, task_vars=variables, wrap_async=True
            )
        finally:
            self._task.async_val = before
        if "ansible_job_id" not in started:
            facts = {key: value for key, value in started.items() if key not in ("msg", "failed")}
            raise KdumpError(str(started.get("msg", f"Cannot start {self.MODULE}: it gave no reason")), **facts)
        return str(started["ansible_job_id"])

    def _wait(self, job: str, folder: str, variables: dict[str, t.Any], *, limit: float) -> dict[str, t.Any]:
        news = News(lambda text: self._show(text, variables))
        look = (
            f"cd {shlex.quote(folder)} && touch {LEASE} && "
            f"if [ -e {ALIVE} ]; then echo yes; else echo no; fi && cat {NEWS} 2>/dev/null; true"
        )
        interval, parent = _FIRST_LOOK, os.getppid()
        end = time.monotonic() + limit
        while time.monotonic() < end:
            if os.getppid() != parent:  # ansible itself was killed, and did not get to end its workers
                raise Interrupted
            alive, _newline, text = self._shell(look).partition("\n")
            news.hear(text.strip())
            if alive.strip() != "yes":
                result = self._ask(job, "status", variables)
                if result.get("finished"):
                    return {key: value for key, value in result.items() if key not in _ASYNC_KEYS}
            time.sleep(interval)
            interval = min(interval * _SLOWER, _SLOWEST_LOOK)
        # whoever was killed with kill -9, or for lack of memory, reports nothing any more
        raise KdumpError(
            f"Cannot wait for {self.MODULE} any longer: it has not reported its end in {limit:.0f} seconds. "
            "Look for it on the host, and run the task again"
        )

    def _ask(self, job: str, mode: str, variables: dict[str, t.Any]) -> dict[str, t.Any]:
        result: dict[str, t.Any] = self._execute_module(
            module_name="ansible.legacy.async_status",
            module_args={"jid": job, "mode": mode, "_async_dir": self._async_folder()},
            task_vars=variables,
        )
        return result

    def _async_folder(self) -> str:
        return str(self._remote_expand_user(self.get_shell_option("async_dir", default="~/.ansible_async")))

    def _abandon(self, job: str, folder: str) -> None:
        """Take the lease away and wait until the module has stopped its command, tidied up and left its result."""
        with contextlib.suppress(Exception):  # the connection may be what has failed; then the lease runs out
            running = f"grep -qs '\"started\"' {shlex.quote(self._results(job))}" if job else "false"
            self._shell(
                f"cd {shlex.quote(folder)} && rm -f {LEASE}; n=0; "
                f"while {{ [ -e {ALIVE} ] || {running}; }} && [ $n -lt {_FAREWELL * 5} ]; "
                "do sleep 0.2; n=$((n+1)); done"
            )

    def _forget(self, job: str, folder: str) -> None:
        with contextlib.suppress(Exception):
            self._shell(f"rm -rf {shlex.quote(folder)} {shlex.quote(self._results(job)) if job else ''}")

    def _results(self, job: str) -> str:
        return f"{self._async_folder()}/{job}"

    def _shell(self, command: str) -> str:
        done = self._low_level_execute_command(command, sudoable=True)
        if done["rc"] != 0:
            words = (done.get("stderr") or done.get("stdout") or "it said nothing").strip().splitlines()[-1:]
            raise KdumpError(f"Cannot follow {self.MODULE} on the host: a shell command failed: {''.join(words)}")
        return str(done["stdout"])

    def _show(self, text: str, variables: dict[str, t.Any]) -> None:
        host = self._task.delegate_to or variables.get("inventory_hostname") or "localhost"
        display.display(f"  [{host}] {printable(text)}", color="dark gray")


@contextlib.contextmanager
def _signals_raise() -> Iterator[None]:
    """Ansible's own handler ends a worker on the spot; here it is to end by an exception, after tidying up."""

    def leave(number: int, _frame: types.FrameType | None) -> t.NoReturn:
        raise Interrupted(number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ignore_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
