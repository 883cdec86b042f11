# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arm or disarm the kdump of the distribution: desired, current, plan. `carry_out` does what the plan says."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

from ..command import CommandRunner, CommandTimeoutError
from ..errors import KdumpError
from ..files import read_text
from ..host import paths
from ..host.service import is_masked
from ..host.sysctls import boot_settings, boot_value
from ..host.tree import Host
from ..host.trust import read_trust
from ..kexec.loading import find_ours
from ..kexec.refusal import LOCKED
from ..kexec.state import Crash, read_crash
from .catalogue import Engine
from .model import ConfigError
from .request import complaints, configured, installed_engines, parse

State = t.Literal["armed", "enabled", "disarmed"]
_SECONDS: t.Final = 30
_DISABLED: t.Final = "kernel.kexec_load_disabled"


@dataclass(frozen=True)
class Desired:
    """What the host should be like."""

    state: State
    engine: Engine
    settings: Mapping[str, t.Optional[str]]


@dataclass(frozen=True)
class Edit:
    """A file that was set up: its text before the first time, and what was written last."""

    before: t.Optional[str]
    after: str


@dataclass(frozen=True)
class Current:
    """What the host is like."""

    texts: Mapping[str, t.Optional[str]]
    enabled: bool
    #: What systemd says: active, activating, inactive, failed.
    active: str
    crash: Crash
    #: By path, from earlier runs; None where there was none, so that whatever is armed is somebody else's.
    edits: t.Optional[Mapping[str, Edit]]
    #: Files of the collection's own loader that are there.
    ours: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """What has to be done; empty where the host is as it should be. A text that is None removes its file."""

    texts: Mapping[str, t.Optional[str]]
    edits: t.Optional[Mapping[str, Edit]]
    replaces_ours: bool = False
    enable: bool = False
    restart: bool = False
    disable: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def changes(self) -> bool:
        """Whether anything has to be done."""
        return bool(self.texts) or self.replaces_ours or self.enable or self.restart or self.disable


def read_current(engine: Engine, *, host: Host, runner: CommandRunner) -> Current:
    """Look at the files, at systemd and at the kernel; changes nothing."""
    enabled, active = _read_unit(engine.unit, runner)
    return Current(
        texts={file.path: read_text(host.path(file.path)) for file in engine.files},
        enabled=enabled,
        active=active,
        crash=read_crash(host),
        edits=_read_edits(host),
        ours=find_ours(host),
    )


def make_plan(desired: Desired, current: Current, *, host: Host) -> Plan:
    """Compare, and refuse here already what would not work."""
    if desired.state == "disarmed":
        return _plan_to_disarm(desired.engine, current)
    texts, warnings = _configure(desired, current)
    serves = current.active == "active" and bool(current.crash.loaded) and not current.ours
    plan = Plan(
        texts=texts,
        edits=_remembered(texts, current),
        replaces_ours=bool(current.ours),
        enable=not current.enabled,
        restart=desired.state == "armed" and (bool(texts) or not serves),
        warnings=warnings,
    )
    _check_obstacles(desired, current, plan, host=host)
    return plan


def _configure(desired: Desired, current: Current) -> tuple[dict[str, t.Optional[str]], tuple[str, ...]]:
    """The files that have to change, and what has to be said about them."""
    texts: dict[str, t.Optional[str]] = {}
    warnings: list[str] = []
    for file in desired.engine.files:
        text = current.texts[file.path]
        document = configured(file, parse(file, text or ""), {**desired.settings, **desired.engine.switch})
        flaws = complaints(file, document)
        if flaws and file.form == "directives":  # whose tool would refuse the whole file
            raise ConfigError(f"Cannot use {file.path}: {flaws[0]}. Change it there, or with the option settings")
        warnings += [f"{flaw[0].upper()}{flaw[1:]}; it was left as it is" for flaw in flaws]
        if document.text != (text or ""):
            texts[file.path] = document.text
    return texts, tuple(warnings)


def _remembered(texts: Mapping[str, t.Optional[str]], current: Current) -> dict[str, Edit]:
    old = current.edits or {}
    new = {
        path: Edit(old[path].before if path in old else current.texts[path], text or "") for path, text in texts.items()
    }
    return {**old, **new}


def _plan_to_disarm(engine: Engine, current: Current) -> Plan:
    """Off, and each file as it was before it was set up, unless somebody has changed it since."""
    texts, warnings = {}, []
    for path, edit in (current.edits or {}).items():
        if current.texts.get(path) == edit.after:
            texts[path] = edit.before
        elif current.texts.get(path) != edit.before:
            warnings.append(f"{path} was changed by somebody else since it was set up, and was left as it is")
    disable = current.enabled or current.active not in ("inactive", "failed")
    if disable and current.crash.loaded and current.crash.load_disabled:
        raise KdumpError(
            f"Cannot disarm {engine.unit}: {_DISABLED} is 1, and what is loaded stays so until the next boot. "
            f"Run systemctl disable {engine.unit}, reboot and try again"
        )
    return Plan(texts=texts, edits=None, disable=disable, warnings=tuple(warnings))


def _check_obstacles(desired: Desired, current: Current, plan: Plan, *, host: Host) -> None:
    unit = desired.engine.unit
    if is_masked(host, unit):
        raise KdumpError(
            f"Cannot arm {unit}: it is masked, as hardening against kdump leaves it. "
            f"If this host is to have kdump, run systemctl unmask {unit}"
        )
    told = boot_value(boot_settings(host), _DISABLED)
    if told is not None and told.value != "0":
        raise KdumpError(
            f"Cannot arm {unit}: {told.path} sets {_DISABLED}={told.value}, which is in force before the service runs,"
            " so that no boot would load anything. Take it out there, or have this collection's own capture kernel"
            " (linux.kdump.kexec_crash), which is loaded before"
        )
    if plan.restart:
        _check_kernel(desired, current, host=host)


def _check_kernel(desired: Desired, current: Current, *, host: Host) -> None:
    unit, crash = desired.engine.unit, current.crash
    if crash.load_disabled:
        raise KdumpError(f"Cannot arm {unit}: {_DISABLED} is 1, and stays 1 until the next boot. Reboot and try again")
    if crash.reserved_bytes is None or crash.loaded is None:
        raise KdumpError(f"Cannot arm {unit}: the running kernel has no kexec for crashes. Boot one that has it")
    if crash.reserved_bytes == 0:
        raise KdumpError(
            f"Cannot arm {unit}: no memory is reserved for it. Set crashkernel= with the module crashkernel and reboot,"
            " or use state=enabled"
        )
    if crash.lockdown in LOCKED and _uses_kexec_load(desired, host):
        raise KdumpError(
            f"Cannot arm {unit}: the running kernel is locked down ({crash.lockdown}) and takes signed images only, by"
            " kexec_file_load, which kdump-config uses after a Secure Boot only. Set KDUMP_KEXEC_ARGS to -s"
        )


def _uses_kexec_load(desired: Desired, host: Host) -> bool:
    """Debian's is the one that has to be told; the others ask for kexec_file_load by themselves."""
    if desired.engine.name != "kdump-tools" or read_trust(host, release="").secure_boot:
        return False
    file = desired.engine.files[0]
    text = read_text(host.path(file.path)) or ""
    arguments = configured(file, parse(file, text), desired.settings).values.get("KDUMP_KEXEC_ARGS") or ""
    return not {"-s", "-a", "--kexec-file-syscall", "--kexec-syscall-auto"} & set(arguments.split())


def read_installed(host: Host, runner: CommandRunner) -> list[dict[str, t.Any]]:
    """The distributions' kdumps that a host has, and what systemd says of each; for evidence."""
    return [
        dict(zip(("engine", "unit", "enabled", "active"), (engine.name, engine.unit, enabled, active == "active")))
        for engine in installed_engines(host)
        for enabled, active in [_read_unit(engine.unit, runner)]
    ]


def _read_unit(unit: str, runner: CommandRunner) -> tuple[bool, str]:
    argv = ["systemctl", "show", "--property=UnitFileState,ActiveState", unit]
    try:
        done = runner.run(argv, what=f"ask systemd about {unit}", timeout=_SECONDS, check=False)
    except CommandTimeoutError:
        return False, "inactive"
    state = dict(line.split("=", 1) for line in done.out.splitlines() if "=" in line)
    return state.get("UnitFileState") == "enabled", state.get("ActiveState") or "inactive"


def _read_edits(host: Host) -> t.Optional[dict[str, Edit]]:
    text = read_text(host.path(paths.SERVICE_NOTE))
    if text is None:
        return None
    try:
        files = json.loads(text)
        return {str(path): Edit(edit["before"], edit["after"]) for path, edit in files.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise KdumpError(
            f"Cannot read {paths.SERVICE_NOTE}: it is not what was written there. Move it away, which forgets what the "
            "configuration of the distribution's kdump was before"
        ) from error
