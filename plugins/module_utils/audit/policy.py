# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wanted of each host: posture, thresholds, exceptions. Checked whole, and every problem told at once."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date

from ..errors import KdumpError
from ..files import digest_of
from ..policy.panic import SETTINGS
from ..proof.text import printable
from .catalogue import BY_ID
from .documents import POSTURES, ExceptionNote
from .model import Thresholds
from .moments import parse_date

#: By what a host is judged of which nothing is said.
UNDECLARED: t.Final = "required"
#: A justification that is shorter says nothing.
LEAST_WORDS: t.Final = 3
_TOP: t.Final = frozenset({"name", "posture", "thresholds", "groups", "hosts", "exceptions"})
_SCOPE: t.Final = frozenset({"posture", "thresholds"})
_EXCEPTION: t.Final = frozenset({"id", "controls", "hosts", "groups", "justification", "owner", "expires"})
_LARGEST: t.Final = 10**9
#: The group that every host is in, whether or not anybody lists it.
_ALL: t.Final = "all"
#: Characters of one problem that are told: what is wrong in a policy may be of any length.
_CLAUSE: t.Final = 300

#: The hosts that are audited, and the groups that each is in.
Fleet = Mapping[str, Sequence[str]]


class PolicyError(KdumpError):
    """A policy that nobody can be judged by."""


@dataclass(frozen=True)
class Scope:
    """What is wanted of a host or a group, as far as it is said there."""

    posture: str | None
    thresholds: Mapping[str, t.Any]


@dataclass(frozen=True)
class Allowed:
    """An exception: these controls need not be met on these hosts, until a day."""

    note: ExceptionNote
    controls: frozenset[str]
    hosts: frozenset[str]


@dataclass(frozen=True)
class HostPolicy:
    """What one host is judged by."""

    posture: str
    declared: bool
    thresholds: Thresholds
    exceptions: Mapping[str, ExceptionNote]


@dataclass(frozen=True)
class Policy:
    """A policy that has been checked against the hosts that there are."""

    name: str
    sha256: str
    hosts: Mapping[str, HostPolicy]


class _Problems(list[str]):
    """What is wrong with a policy, a clause each."""

    def __init__(self, *, partial: bool) -> None:
        super().__init__()
        self.partial = partial

    def unknown(self, kind: str, names: Iterable[object], known: Iterable[str], where: str) -> None:
        """Names that stand for nothing."""
        strange = sorted(str(name) for name in set(names) - set(known))
        if strange and not (self.partial and kind in ("host", "group")):
            self.append(f"{where} names the unknown {kind} {', '.join(strange)}")


def read_policy(
    document: object, fleet: Fleet, *, groups: Iterable[str] = (), today: date, partial: bool = False
) -> Policy:
    """The policy, or one error that names everything that is wrong with it.

    Where the fleet is ``partial``, hosts and groups that it does not know may be in another part.
    """
    problems = _Problems(partial=partial)
    given = _mapping(document, "the policy", _TOP, problems)
    known = {*groups, *(group for names in fleet.values() for group in names), _ALL}
    base = _scope({name: given[name] for name in _SCOPE & given.keys()}, "the policy", problems)
    scopes = {
        kind: _scopes(given.get(kind), kind, names, problems) for kind, names in (("groups", known), ("hosts", fleet))
    }
    base = _over(base, scopes["groups"].pop(_ALL, None))
    hosts = {name: _host(name, fleet[name], base, scopes, problems) for name in sorted(fleet)}
    exceptions = _exceptions(given.get("exceptions"), fleet, known, today=today, problems=problems)
    _assign(exceptions, hosts, problems)
    if problems:
        count = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
        told = "; ".join(printable(problem, limit=_CLAUSE) for problem in problems)
        raise PolicyError(f"Cannot use the policy, it has {count}: {told}. No host was touched.")
    granted = {name: _granted(name, exceptions) for name in hosts}
    return Policy(
        name=str(given.get("name", "unnamed")),
        sha256=digest_of(_plain(given)),
        hosts={name: replace(host, exceptions=granted[name]) for name, host in hosts.items()},
    )


def _mapping(value: object, what: str, keys: frozenset[str], problems: _Problems) -> Mapping[str, t.Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        problems.append(f"{what} is no dictionary")
        return {}
    problems.unknown("key", value, keys, what)
    return value


def _scopes(value: object, kind: str, known: Iterable[str], problems: _Problems) -> dict[str, Scope]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        problems.append(f"{kind} is no dictionary")
        return {}
    problems.unknown(kind[:-1], value, known, kind)
    return {str(name): _scope(scope, f"{kind[:-1]} {name}", problems) for name, scope in value.items()}


def _scope(value: object, what: str, problems: _Problems) -> Scope:
    given = _mapping(value, what, _SCOPE, problems)
    posture = given.get("posture")
    if posture is not None and posture not in POSTURES:
        problems.append(f"{what} has the posture {posture!r}, which is none of {', '.join(POSTURES)}")
        posture = None
    return Scope(posture, _thresholds(given.get("thresholds"), what, problems))


def _over(base: Scope, scope: Scope | None) -> Scope:
    """The second's word before the first's."""
    if scope is None:
        return base
    return Scope(scope.posture or base.posture, {**base.thresholds, **scope.thresholds})


def _thresholds(value: object, what: str, problems: _Problems) -> dict[str, t.Any]:
    names = frozenset(field.name for field in fields(Thresholds))
    given = _mapping(value, f"the thresholds of {what}", names, problems)
    good = {}
    for name in sorted(names & given.keys()):
        check, wanted = _check_of(getattr(Thresholds(), name))
        if check(given[name]):
            good[name] = tuple(given[name]) if isinstance(given[name], list) else given[name]
        else:
            problems.append(f"the threshold {name} of {what} is {given[name]!r}, which has to be {wanted}")
    return good


def _check_of(usual: object) -> tuple[Callable[[object], bool], str]:
    """What a threshold may be, by what it usually is."""
    if isinstance(usual, bool):
        return _is_bool, "true or false"
    if isinstance(usual, int):
        return _is_count, "a whole number that is not negative"
    return _is_faults, f"a list of {', '.join(sorted(SETTINGS))}"


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST


def _is_faults(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) and item in SETTINGS for item in value)


def _host(
    name: str, groups: Sequence[str], base: Scope, scopes: Mapping[str, Mapping[str, Scope]], problems: _Problems
) -> HostPolicy:
    """The host's own word counts; then its groups', which must not disagree; then that of all, and the policy's."""
    own = scopes["hosts"].get(name)
    of_groups = {group: scopes["groups"][group] for group in sorted(groups) if group in scopes["groups"]}
    said = {group: scope.posture for group, scope in of_groups.items() if scope.posture}
    posture = own.posture if own and own.posture else None
    if posture is None and len(set(said.values())) > 1:
        clash = " and ".join(f"{value} by the group {group}" for group, value in said.items())
        problems.append(f"the host {name} is {clash}")
    posture = posture or next(iter(said.values()), None) or base.posture
    thresholds = {**base.thresholds, **_agreed(name, own, of_groups, problems), **(own.thresholds if own else {})}
    return HostPolicy(posture or UNDECLARED, posture is not None, replace(Thresholds(), **thresholds), {})


def _agreed(name: str, own: Scope | None, groups: Mapping[str, Scope], problems: _Problems) -> dict[str, t.Any]:
    agreed: dict[str, t.Any] = {}
    for group, scope in groups.items():
        for key, value in scope.thresholds.items():
            if agreed.setdefault(key, value) != value and not (own and key in own.thresholds):
                problems.append(f"the threshold {key} of the host {name} is {agreed[key]!r} and, by {group}, {value!r}")
    return agreed


def _exceptions(
    value: object, fleet: Fleet, groups: Iterable[str], *, today: date, problems: _Problems
) -> list[Allowed]:
    if value is None:
        return []
    if not isinstance(value, list):
        problems.append("exceptions is no list")
        return []
    found = []
    seen: set[str] = set()
    for number, item in enumerate(value, start=1):
        what = f"exception {item.get('id') or number}" if isinstance(item, Mapping) else f"exception {number}"
        given = _mapping(item, what, _EXCEPTION, problems)
        note = _note(given, what, today=today, problems=problems)
        if note["id"] in seen:
            problems.append(f"there are two exceptions {note['id']}")
        seen.add(note["id"])
        found.append(_allowed(given, note, what, fleet, groups, problems))
    return found


def _note(given: Mapping[str, t.Any], what: str, *, today: date, problems: _Problems) -> ExceptionNote:
    words = {name: str(given.get(name) or "").strip() for name in ("id", "owner", "justification")}
    problems.extend(f"{what} has no {name}" for name in ("id", "owner") if not words[name])
    if len(words["justification"].split()) < LEAST_WORDS:
        problems.append(f"{what} has no justification of at least {LEAST_WORDS} words")
    expires = parse_date(given.get("expires"))
    if expires is None:
        problems.append(f"{what} does not say when it expires, as a day such as 2027-01-31")
    elif expires < today:
        problems.append(f"{what} expired on {expires}")
    return {
        "id": words["id"], "owner": words["owner"], "justification": words["justification"],
        "expires": "" if expires is None else expires.isoformat(),
    }  # fmt: skip


def _allowed(
    given: Mapping[str, t.Any], note: ExceptionNote, what: str, fleet: Fleet, groups: Iterable[str], problems: _Problems
) -> Allowed:
    lists = {name: _names(given.get(name), f"{name} of {what}", problems) for name in ("controls", "hosts", "groups")}
    if not lists["controls"]:
        problems.append(f"{what} names no controls")
    if not lists["hosts"] and not lists["groups"]:
        problems.append(f"{what} names neither hosts nor groups")
    for name, known in (("controls", BY_ID), ("hosts", fleet), ("groups", groups)):
        problems.unknown(name[:-1], lists[name], known, what)
    members = {host for host, names in fleet.items() if {*names, _ALL} & set(lists["groups"])}
    return Allowed(note, frozenset(lists["controls"]), frozenset({*lists["hosts"], *members} & fleet.keys()))


def _names(value: object, what: str, problems: _Problems) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        problems.append(f"{what} is no list of names")
        return []
    return value


def _assign(exceptions: Sequence[Allowed], hosts: Mapping[str, HostPolicy], problems: _Problems) -> None:
    """Every exception must be about something, and nothing may be under two."""
    under: dict[tuple[str, str], str] = {}
    for allowed in exceptions:
        name = allowed.note["id"]
        for control in sorted(allowed.controls & BY_ID.keys()):
            postures = BY_ID[control].postures
            if allowed.hosts and not any(hosts[host].posture in postures for host in allowed.hosts):
                problems.append(f"exception {name} is about {control}, which applies to none of its hosts")
            for host in sorted(allowed.hosts):
                if under.setdefault((host, control), name) != name:
                    problems.append(f"{control} of the host {host} is under {under[host, control]} and {name}")


def _granted(host: str, exceptions: Sequence[Allowed]) -> dict[str, ExceptionNote]:
    return {control: allowed.note for allowed in exceptions if host in allowed.hosts for control in allowed.controls}


def _plain(value: t.Any) -> t.Any:
    """The policy as it was written, for its digest: YAML's dates have no JSON of their own."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, date) else value
