# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which faults end in a panic, and so in a dump: the kernel's settings for it, now and at every boot."""

from __future__ import annotations

import contextlib
import difflib
import os
import re
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..errors import KdumpError
from ..files import read_text, write_atomic
from ..host.sysctls import Line, boot_settings, boot_value
from ..host.tree import Host

#: Sorts after what packages and administrators call theirs, so that what they set is known when it is read.
NAME: t.Final = "zz-linux-kdump.conf"
PATH: t.Final = f"/etc/sysctl.d/{NAME}"

_LARGEST: t.Final = 2**31 - 1
_ON_OR_OFF: t.Final = (0, 1)
#: By the name in the option: the kernel's own name, and the range of its values.
SETTINGS: t.Final[Mapping[str, tuple[str, tuple[int, int]]]] = {
    "panic": ("kernel.panic", (-1, _LARGEST)),
    "panic_on_oops": ("kernel.panic_on_oops", _ON_OR_OFF),
    "panic_on_warn": ("kernel.panic_on_warn", _ON_OR_OFF),
    "softlockup_panic": ("kernel.softlockup_panic", _ON_OR_OFF),
    "hardlockup_panic": ("kernel.hardlockup_panic", _ON_OR_OFF),
    "hung_task_panic": ("kernel.hung_task_panic", _ON_OR_OFF),
    "hung_task_timeout_secs": ("kernel.hung_task_timeout_secs", (0, _LARGEST)),
    "unknown_nmi_panic": ("kernel.unknown_nmi_panic", _ON_OR_OFF),
    "panic_on_io_nmi": ("kernel.panic_on_io_nmi", _ON_OR_OFF),
    "panic_on_unrecovered_nmi": ("kernel.panic_on_unrecovered_nmi", _ON_OR_OFF),
    "panic_on_rcu_stall": ("kernel.panic_on_rcu_stall", _ON_OR_OFF),
    "panic_on_oom": ("vm.panic_on_oom", (0, 2)),
    "sysrq": ("kernel.sysrq", (0, 511)),
}

_HEADER: t.Final = """\
# Written by the Ansible module linux.kdump.panic_policy, which replaces it: changes made here are lost.
# What follows "before:" is what the module puts back.
"""
_BEFORE: t.Final = re.compile(r"^# before: (\S+) = (-?\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class Current:
    """The file as it is, what others set at boot, and what is in force."""

    text: t.Optional[str]
    others: tuple[Line, ...]
    live: Mapping[str, t.Optional[str]]

    @property
    def before(self) -> dict[str, str]:
        """What was in force before the file was there."""
        return dict(_BEFORE.findall(self.text or ""))


@dataclass(frozen=True)
class Plan:
    """The file as it has to be, None for none, and the settings that have to change now."""

    text: t.Optional[str]
    live: Mapping[str, str]
    overruled: tuple[str, ...] = ()


def desired(settings: Mapping[str, t.Any]) -> dict[str, str]:
    """The settings by the kernel's own names; what is none, or out of range, is refused."""
    return dict(_checked(key, value) for key, value in settings.items())


def _checked(key: str, value: object) -> tuple[str, str]:
    if key not in SETTINGS:
        similar = difflib.get_close_matches(key, SETTINGS, n=2)
        end = f"Perhaps {' or '.join(similar)} is meant" if similar else f"There are {', '.join(SETTINGS)}"
        raise KdumpError(f"Cannot make {key} a policy: it is none of the settings for panics. {end}")
    name, (least, largest) = SETTINGS[key]
    text = str(int(value) if isinstance(value, bool) else value)
    number = int(text) if re.fullmatch(r"-?[0-9]{1,10}", text) else None
    if number is None or not least <= number <= largest:
        raise KdumpError(f"Cannot set {name} to {value!r}: it has to be a number from {least} to {largest}")
    return name, str(number)


def read_current(host: Host) -> Current:
    """Read everything there is to know; changes nothing."""
    live = {name: host.line(_place(name)) for name, _range in SETTINGS.values()}
    others = tuple(line for line in boot_settings(host) if line.path != PATH)
    return Current(read_text(host.path(PATH)), others, live)


def make_plan(wanted: Mapping[str, str], current: Current) -> Plan:
    """Compare, and refuse here already what would not come into force."""
    for name, value in wanted.items():
        _check(name, value, current)
    before = {name: current.before.get(name) or current.live[name] or "" for name in wanted}
    freed = {name: _without_us(name, old, current) for name, old in current.before.items() if name not in wanted}
    live = {name: value for name, value in {**freed, **wanted}.items() if current.live.get(name) not in (value, None)}
    overruled = {
        line.path for line in current.others if line.name in wanted and line.value != wanted[line.name]
    }  # fmt: skip
    return Plan(_text(wanted, before) if wanted else None, live, tuple(sorted(overruled)))


def _check(name: str, value: str, current: Current) -> None:
    if current.live.get(name) is None:
        raise KdumpError(f"Cannot set {name}: the running kernel has no such setting. Leave it out on this host")
    later = [line for line in current.others if os.path.basename(line.path) > NAME]
    last = boot_value(later, name)
    if last is not None and last.value != value:
        raise KdumpError(
            f"Cannot set {name}={value} for every boot: {last.path} sets it to {last.value} and is read after {PATH}."
            " Take it out there"
        )


def _without_us(name: str, before: str, current: Current) -> str:
    """What a setting goes back to: what the other files say, otherwise what it was."""
    told = boot_value(current.others, name)
    return told.value if told is not None else before


def _text(wanted: Mapping[str, str], before: Mapping[str, str]) -> str:
    return _HEADER + "".join(
        f"# before: {name} = {before[name]}\n{name} = {value}\n" for name, value in sorted(wanted.items())
    )


def apply(plan: Plan, current: Current, host: Host) -> None:
    """Do what the plan says and look again; where that fails, everything is put back."""
    try:
        _put(host, plan.text)
        for name, value in plan.live.items():
            _set(host, name, value)
    except (KdumpError, OSError):
        with contextlib.suppress(OSError):
            _put(host, current.text)
        for name in plan.live:
            with contextlib.suppress(KdumpError, OSError):
                _set(host, name, current.live[name] or "")
        raise


def _set(host: Host, name: str, value: str) -> None:
    place = _place(name)
    try:
        with open(host.path(place), "w", encoding="ascii") as stream:
            stream.write(f"{value}\n")
    except OSError as error:
        raise KdumpError(
            f"Cannot set {name}={value}: {place}: {error.strerror}. In a container, only its host can"
        ) from error
    found = host.line(place)
    if found != value:
        raise KdumpError(f"Cannot set {name}={value}: the kernel says {found} afterwards. Look at its log")


def _put(host: Host, text: t.Optional[str]) -> None:
    if text is None:
        host.forget(PATH)
        return
    os.makedirs(os.path.dirname(host.path(PATH)), exist_ok=True)
    write_atomic(host.path(PATH), text)


def _place(name: str) -> str:
    return "/proc/sys/" + name.replace(".", "/")


def produce(state: str, settings: Mapping[str, t.Any], *, host: Host, check_mode: bool) -> dict[str, t.Any]:
    """The module's work and its result."""
    wanted = desired(settings) if state == "present" else {}
    current = read_current(host)
    plan = make_plan(wanted, current)
    changed = plan.text != current.text or bool(plan.live)
    if changed and not check_mode:
        apply(plan, current, host)
    after = {**current.live, **plan.live}
    names: Sequence[str] = [name for name in current.live if name in wanted or name in current.before]
    return {
        "changed": changed,
        "converged": not changed,
        "path": PATH,
        "settings": {name: {"before": current.live[name], "after": after[name]} for name in names},
        "overruled": list(plan.overruled),
        "diff": [
            _side_by_side(PATH, current.text or "", plan.text or ""),
            _side_by_side("in force", _listed(names, current.live), _listed(names, after)),
        ],
    }


def _listed(names: Sequence[str], values: Mapping[str, t.Optional[str]]) -> str:
    return "".join(f"{name} = {values[name]}\n" for name in names)


def _side_by_side(header: str, before: str, after: str) -> dict[str, str]:
    return {"before_header": header, "after_header": header, "before": before, "after": after}
