# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring C(crashkernel=) into every boot entry, or out of all: what is wanted, what is, what to do, do it."""

from __future__ import annotations

import os
import typing as t
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from ..bootloader.model import BootLoader, Entry, FileState
from ..errors import KdumpError
from ..host.kernel_config import read_config
from ..host.paths import REBOOT_NOTE
from ..host.tree import Host
from ..kexec.state import BOOT_ID, CRASH_SIZE
from .evaluate import Reservation, amount, evaluate, ram_regions, system_ram
from .fit import IOMEM
from .grammar import PARAMETER, Spec, SpecError, Value, on_command_line, parse_spec, parse_value
from .shortfall import explain
from .sizing import Chosen, choose_size

COMMAND_LINE: t.Final = "/proc/cmdline"


_ANY: t.Final = Chosen()


@dataclass(frozen=True)
class Desired:
    """The parameters every entry shall have, in the words they were asked for, and what they set aside here."""

    parameters: tuple[str, ...] = ()
    reservation: t.Optional[Reservation] = None
    #: Where the size is from.
    chosen: Chosen = _ANY


@dataclass(frozen=True)
class Current:
    """What every entry would boot with, what the running kernel was booted with, and what it set aside."""

    entries: tuple[Entry, ...]
    default: tuple[FileState, ...]
    running: tuple[str, ...]
    reserved: t.Optional[int]


@dataclass(frozen=True)
class Plan:
    """What has to change. No change, nothing to apply."""

    desired: Desired
    current: Current
    default: tuple[FileState, ...]
    entries: tuple[Entry, ...]

    @property
    def changed(self) -> bool:
        """Whether there is anything to do."""
        return self.default != self.current.default or self.entries != self.current.entries


@dataclass(frozen=True)
class Outcome:
    """The entries after the change, and what has to be said about it."""

    entries: tuple[Entry, ...]
    warnings: tuple[str, ...] = ()


def desired(
    *,
    size: t.Optional[str],
    state: str,
    host: Host,
    system: os.uname_result,
    fit: t.Optional[Mapping[str, t.Any]] = None,
    images: t.Optional[Mapping[str, t.Any]] = None,
) -> Desired:
    """Read the spec and hold it against this machine, before anything is touched."""
    if state == "absent":
        return Desired()
    chosen = choose_size(size or "", host=host, fit=fit, images=images)
    spec = parse_spec(chosen.size)
    iomem = host.read(IOMEM) or ""
    reservation = evaluate(spec, ram=system_ram(iomem), release=system.release, regions=ram_regions(iomem))
    words = tuple(PARAMETER + word[len(PARAMETER) * word.startswith(PARAMETER) :] for word in chosen.size.split())
    return Desired(words, reservation, chosen)


def current(*, loader: BootLoader, host: Host) -> Current:
    """Read everything there is to know; changes nothing."""
    line = host.read(COMMAND_LINE)
    if line is None:
        raise KdumpError(f"Cannot read {COMMAND_LINE}: it is not there. Mount /proc and try again")
    return Current(loader.entries(), loader.default(), on_command_line(line), host.number(CRASH_SIZE))


def plan(desired: Desired, current: Current, *, loader: BootLoader) -> Plan:
    """Compare the two."""
    entries = tuple(_with(entry, desired.parameters) for entry in current.entries)
    return Plan(desired, current, loader.wanted(desired.parameters), entries)


def apply(plan: Plan, *, loader: BootLoader, timeout: int) -> Outcome:
    """Do what the plan says and look again."""
    warnings = loader.apply(plan.desired.parameters, timeout=timeout)
    return Outcome(loader.entries(), warnings)


def reserve(
    *,
    size: t.Optional[str],
    state: str,
    find: Callable[[], BootLoader],
    timeout: int,
    check: bool,
    warn: Callable[[str], None],
    fit: t.Optional[Mapping[str, t.Any]] = None,
    images: t.Optional[Mapping[str, t.Any]] = None,
    minimum: int = 0,
    host: t.Optional[Host] = None,
    log: Callable[[], Sequence[str]] = tuple,
) -> dict[str, t.Any]:
    """The module's work: all four steps, and their result. The value is judged before a boot loader is looked for."""
    if timeout < 1:
        raise KdumpError(
            f"Cannot give the generator {timeout} seconds: it needs some. Set generator_timeout to 1 or more"
        )
    host = host or Host()
    wanted = desired(size=size, state=state, host=host, system=os.uname(), fit=fit, images=images)
    _check_room(wanted, minimum)
    loader = find()
    todo = plan(wanted, current(loader=loader, host=host), loader=loader)
    idle = check or not todo.changed
    outcome = Outcome(todo.entries) if idle else apply(todo, loader=loader, timeout=timeout)
    answer = result(todo, outcome, loader=loader)
    noted, vain = read_note(host)
    answer["rebooted_in_vain"] = vain and noted == purpose(answer["spec"])
    answer["shortfall"] = shortfall(answer, todo.current.running, host=host, log=log)
    if not check and (noted != purpose(answer["spec"]) or not answer["reboot_required"]):
        host.forget(REBOOT_NOTE)  # a new value deserves a new reboot, one in force needs none
    said = answer["shortfall"]
    for warning in (*wanted.chosen.warnings, *outcome.warnings, *([said["message"]] if said else ())):
        warn(warning)
    return answer


def purpose(spec: str) -> str:
    """What a host is rebooted for, as the note says it."""
    return spec or "no crashkernel="


def read_note(host: Host) -> tuple[str, bool]:
    """What the host was last rebooted for, and whether it has booted since; nothing where that was a success."""
    boot, _newline, noted = (host.read(REBOOT_NOTE) or "").partition("\n")
    return noted.strip(), bool(boot) and boot != host.line(BOOT_ID)


def shortfall(
    answer: Mapping[str, t.Any], running: Sequence[str], *, host: Host, log: Callable[[], Sequence[str]]
) -> t.Optional[dict[str, t.Any]]:
    """Why no further reboot will help; None where one may, or none is needed."""
    expected, reserved = answer["expected_bytes"], answer["reserved_bytes"]
    if answer["reboot_required"]:
        hopeless = answer["rebooted_in_vain"]
    else:
        hopeless = expected > 0 and (reserved is None or reserved < expected)
    if not hopeless:
        return None
    return explain(
        on_command_line(answer["spec"]), running, same=not answer["reboot_required"], reserved=reserved,
        expected=expected, log=log(), iomem=host.read(IOMEM) or "", config=read_config(host, os.uname().release),
    ).document()  # fmt: skip


def _check_room(wanted: Desired, minimum: int) -> None:
    if wanted.reservation and wanted.reservation.size < minimum:
        raise KdumpError(
            f"Cannot make do with {' '.join(wanted.parameters)}: it reserves {amount(wanted.reservation.size)} on this"
            f" host, and kernel and save environment alone are {minimum} bytes. Reserve more"
        )


def result(plan: Plan, outcome: Outcome, *, loader: BootLoader) -> dict[str, t.Any]:
    """What the module returns."""
    wanted, now = plan.desired, plan.current
    reboot = meaning(now.running) != meaning(on_command_line(" ".join(wanted.parameters)))
    expected = wanted.reservation.size if wanted.reservation else 0
    return {
        "changed": plan.changed,
        "bootloader": loader.name,
        "spec": " ".join(wanted.parameters),
        "reboot_required": reboot,
        "expected_bytes": expected,
        "reservation": asdict(wanted.reservation) if wanted.reservation else None,
        **wanted.chosen.as_dict(),
        "reserved_bytes": now.reserved,
        "entries": compared(now.entries, outcome.entries),
        "overruled": list(loader.rivals()),
        "diff": _diff(plan, outcome),
    }


def meaning(values: Sequence[str]) -> t.Optional[Mapping[str, Value]]:
    """What counts of the values on a command line; None if the kernel understands one of them no better than we do."""
    try:
        return Spec(tuple(map(parse_value, values))).effective
    except SpecError:
        return None


def compared(before: Sequence[Entry], after: Sequence[Entry]) -> list[dict[str, t.Any]]:
    """Each entry with its parameters before and after; None for an entry that was not, or is no longer, there."""
    old, new = _keyed(before), _keyed(after)
    return [
        {
            "title": key[0],
            "id": key[1],
            "kernel": key[2],
            "path": (new.get(key) or old[key]).origin,
            "managed": (new.get(key) or old[key]).managed,
            "reason": (new.get(key) or old[key]).reason,
            "before": _passed(old.get(key)),
            "after": _passed(new.get(key)),
        }
        for key in {**new, **old}
    ]


def _keyed(entries: Sequence[Entry]) -> dict[tuple[str, str, str, int], Entry]:
    # One entry may hold several kernels, and two may look alike: the count tells them apart.
    seen: Counter[tuple[str, str, str]] = Counter()
    keyed = {}
    for entry in entries:
        key = (entry.title, entry.identity, entry.kernel)
        keyed[(*key, seen[key])] = entry
        seen[key] += 1
    return keyed


def _with(entry: Entry, parameters: Sequence[str]) -> Entry:
    if not entry.managed or on_command_line(" ".join(entry.arguments)) == on_command_line(" ".join(parameters)):
        return entry
    kept = (word for word in entry.arguments if not word.startswith(PARAMETER))
    return Entry(entry.title, entry.identity, entry.kernel, (*kept, *parameters), entry.origin)


def _passed(entry: t.Optional[Entry]) -> t.Optional[str]:
    return None if entry is None else " ".join(word for word in entry.arguments if word.startswith(PARAMETER))


def _diff(plan: Plan, outcome: Outcome) -> list[dict[str, str]]:
    files = [
        _side_by_side(before.path, before.content or "", after.content or "")
        for before, after in zip(plan.current.default, plan.default)
        if before != after
    ]
    return [*files, _side_by_side("boot entries", _listed(plan.current.entries), _listed(outcome.entries))]


def _side_by_side(header: str, before: str, after: str) -> dict[str, str]:
    return {"before_header": header, "after_header": header, "before": before, "after": after}


def _listed(entries: Sequence[Entry]) -> str:
    return "".join(f"{entry.title}: {_passed(entry) or '-'}\n" for entry in entries)
