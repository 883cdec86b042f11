# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do what the plan for the distribution's kdump says, see that it is true, or put back what was there."""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
import typing as t
from collections.abc import Callable, Mapping

from ..command import CommandRunner
from ..errors import KdumpError
from ..files import write_atomic
from ..host import paths
from ..host.tree import Host
from ..kexec.loading import remove_ours
from .catalogue import Engine
from .request import checked, find_engine, not_installed, parse
from .service import Current, Desired, Edit, Plan, State, make_plan, read_current

_SECONDS: t.Final = 120
_SECRET: t.Final = "PASSWORD"


def produce(
    *,
    state: State,
    choice: str,
    settings: Mapping[str, t.Any],
    timeout: int,
    host: Host,
    runner: CommandRunner,
    check_mode: bool,
    warn: Callable[[str], None],
) -> dict[str, t.Any]:
    """The module's work and its result."""
    engine = find_engine(choice, host)
    if engine is None:
        return _without_engine(state, choice, check_mode=check_mode)
    desired = desired_of(state, engine, settings)
    before = after = read_current(engine, host=host, runner=runner)
    plan = make_plan(desired, before, host=host)
    status = None
    if not check_mode:
        if plan.changes:
            carry_out(plan, before, desired, host=host, runner=runner, timeout=timeout)
        after, status = verify(desired, host=host, runner=runner)
    for warning in plan.warnings:
        warn(warning)
    return {**_state(engine, after, status), **_told(plan, before, desired)}


def desired_of(state: State, engine: Engine, settings: Mapping[str, t.Any]) -> Desired:
    """What was asked for, once it is known whom."""
    if state == "disarmed" and settings:
        raise KdumpError("Cannot change settings with state=disarmed: it takes out those that were made before")
    wanted = checked(settings, engine)
    for key, value in engine.switch.items():
        if wanted.get(key, value) != value:
            raise KdumpError(f"Cannot arm {engine.unit} with {key}={wanted[key]}: that switches it off. Leave it out")
    return Desired(state, engine, wanted)


def _without_engine(state: State, choice: str, *, check_mode: bool) -> dict[str, t.Any]:
    if state != "disarmed" and not check_mode:
        raise not_installed(choice)
    nothing = dict.fromkeys(("engine", "unit", "status", "ready", "reserved_bytes"))
    return {
        **nothing, "changed": state != "disarmed", "enabled": False, "active": False, "loaded": False,
        "settings": {}, "replaced": False, "diff": [],
    }  # fmt: skip


def carry_out(
    plan: Plan, before: Current, desired: Desired, *, host: Host, runner: CommandRunner, timeout: int
) -> None:  # fmt: skip
    """All of it; where it fails, whoever was armed before is armed again."""
    unit = desired.engine.unit
    try:
        if plan.replaces_ours:
            _systemctl(runner, "disable", "--now", paths.UNIT_NAME)
        if plan.disable:
            _systemctl(runner, "disable", "--now", unit)
        for path, text in plan.texts.items():
            _put(host, path, text)
        _remember(host, plan.edits)
        if plan.enable:
            _systemctl(runner, "enable", unit)
        if plan.restart:
            _restart(runner, unit, timeout)
        verify(desired, host=host, runner=runner, replaced=plan.replaces_ours)
    except (KdumpError, OSError) as error:
        _undo(plan, before, unit, host=host, runner=runner, timeout=timeout)
        raise _with_end(error, plan, before, unit) from error
    if plan.replaces_ours:
        remove_ours(host, runner)


def verify(
    desired: Desired, *, host: Host, runner: CommandRunner, replaced: bool = False
) -> tuple[Current, t.Optional[str]]:
    """Read everything again: what counts is what kernel, systemd and the tool say, not that no command failed."""
    engine = desired.engine
    after = read_current(engine, host=host, runner=runner)
    if desired.state == "disarmed":
        if after.enabled or after.active not in ("inactive", "failed"):
            raise KdumpError(f"Cannot disarm {engine.unit}: systemd still says enabled or {after.active}")
        return after, None
    if not after.enabled or (after.ours and not replaced):
        raise KdumpError(f"Cannot prove that every boot arms {engine.unit}: systemd says that it is not enabled")
    if desired.state == "enabled":
        return after, None
    if not (after.active == "active" and after.crash.loaded and after.crash.reserved_bytes):
        loaded = "something" if after.crash.loaded else "nothing"
        raise KdumpError(
            f"Cannot prove that {engine.unit} is armed: systemd says {after.active}, and the kernel that {loaded} is"
            f" loaded. Look at its journal (journalctl --boot --unit {engine.unit})"
        )
    return after, _ask(engine, runner)


def _ask(engine: Engine, runner: CommandRunner) -> t.Optional[str]:
    """What the tool itself says; anything but ready is an error."""
    if not engine.status:
        return None
    done = runner.run(engine.status, what=f"ask {engine.status[0]}", timeout=_SECONDS, check=False)
    said = (done.out + done.err).strip()
    if done.rc != 0 or not re.search(engine.ready, said):
        raise KdumpError(
            f"Cannot prove that {engine.unit} is armed: {done.line} says {said.splitlines()[-1:] or 'nothing'}",
            cmd=done.line, rc=done.rc, stdout=done.out, stderr=done.err,
        )  # fmt: skip
    return said


def _undo(plan: Plan, before: Current, unit: str, *, host: Host, runner: CommandRunner, timeout: int) -> None:
    """As far as it goes: the first error is the one to tell."""
    for path in plan.texts:
        with contextlib.suppress(OSError):
            _put(host, path, before.texts.get(path))
    with contextlib.suppress(OSError):
        _remember(host, before.edits)
    words = []
    if plan.enable:
        words = ["disable", "--now", unit]
    elif plan.restart and before.active == "active":
        words = ["restart", unit]
    elif plan.disable:
        words = ["enable", "--now", unit] if before.active == "active" else ["enable", unit]
    with contextlib.suppress(KdumpError):
        if words:
            _systemctl(runner, *words, timeout=timeout)
    with contextlib.suppress(KdumpError):
        if plan.replaces_ours:
            _systemctl(runner, "enable", "--now", paths.UNIT_NAME, timeout=timeout)


def _with_end(error: t.Union[KdumpError, OSError], plan: Plan, before: Current, unit: str) -> KdumpError:
    known = isinstance(error, KdumpError)
    words = error.message if isinstance(error, KdumpError) else f"Cannot arm {unit}: {error}"
    end = "The files were put back"
    if plan.replaces_ours:
        end += f", and {paths.UNIT_NAME} was started again"
    return KdumpError(f"{words}. {end}.", **(error.facts if known and isinstance(error, KdumpError) else {}))


def _restart(runner: CommandRunner, unit: str, timeout: int) -> None:
    """The service builds its initramfs first, where it has to, which takes minutes."""
    argv = ["systemctl", "restart", unit]
    done = runner.run(argv, what=f"start {unit}", timeout=timeout, check=False)
    if done.rc == 0:
        return
    words = ["journalctl", "--boot", "--unit", unit, "--lines=30", "--output=cat", "--no-pager"]
    log = runner.run(words, what=f"read the journal of {unit}", timeout=_SECONDS, check=False).out.strip()
    last = log.splitlines()[-1] if log else done.err.strip() or "it left no word in its journal"
    raise KdumpError(f"Cannot start {unit}: {last}", cmd=done.line, rc=done.rc, stderr=done.err, log=log.splitlines())


def _systemctl(runner: CommandRunner, *words: str, timeout: int = _SECONDS) -> None:
    runner.run(["systemctl", *words], what=f"run systemctl {' '.join(words)}", timeout=timeout)


def _put(host: Host, path: str, text: t.Optional[str]) -> None:
    place = host.path(path)
    if text is None:
        host.forget(path)
        return
    os.makedirs(os.path.dirname(place), exist_ok=True)
    mode = stat.S_IMODE(os.stat(place).st_mode) if os.path.exists(place) else 0o644
    write_atomic(os.path.realpath(place), text, mode=mode)


def _remember(host: Host, edits: t.Optional[Mapping[str, Edit]]) -> None:
    if edits is None:
        host.forget(paths.SERVICE_NOTE)
        return
    files = {path: {"before": edit.before, "after": edit.after} for path, edit in edits.items()}
    os.makedirs(host.path(paths.STATE), mode=0o755, exist_ok=True)
    # readable by root only: there may be passwords in the files
    write_atomic(host.path(paths.SERVICE_NOTE), json.dumps(files) + "\n", mode=0o600)


def _state(engine: Engine, now: Current, status: t.Optional[str]) -> dict[str, t.Any]:
    return {
        "engine": engine.name,
        "unit": engine.unit,
        "enabled": now.enabled,
        "active": now.active == "active",
        "loaded": bool(now.crash.loaded),
        "reserved_bytes": now.crash.reserved_bytes,
        "status": status,
        "ready": status is not None or None,
    }


def _told(plan: Plan, before: Current, desired: Desired) -> dict[str, t.Any]:
    texts = {**before.texts, **plan.texts}
    values: dict[str, t.Optional[str]] = {}
    for file in desired.engine.files:
        values.update(parse(file, texts[file.path] or "").values)
    return {
        "changed": plan.changes,
        "replaced": plan.replaces_ours,
        "settings": {key: _hidden(key, value) for key, value in values.items()},
        "diff": _diff(plan, before, desired.engine),
    }


def _hidden(key: str, value: t.Optional[str]) -> t.Optional[str]:
    return "********" if value and key.endswith(_SECRET) else value


def _diff(plan: Plan, before: Current, engine: Engine) -> list[dict[str, str]]:
    sides = [(path, before.texts.get(path) or "", text or "") for path, text in plan.texts.items()]
    was = f"enabled {before.enabled}, {before.active}\n"
    will = was
    if plan.disable:
        will = "enabled False, inactive\n"
    elif plan.enable or plan.restart:
        will = f"enabled True, {'restarted' if plan.restart else before.active}\n"
    sides += [(engine.unit, was, will)] if will != was else []
    sides += [(paths.UNIT_NAME, "installed\n", "removed\n")] if plan.replaces_ours else []
    return [
        {"before_header": name, "after_header": name, "before": _masked(old), "after": _masked(new)}
        for name, old, new in sides
    ]


def _masked(text: str) -> str:
    return re.sub(rf"(?m)^([^#\n]*{_SECRET}=).+$", r"\1********", text)
