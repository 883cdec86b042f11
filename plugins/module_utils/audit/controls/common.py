# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several judges ask of a host."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Sequence

from ...host import paths
from ...kexec.cmdline import Argument
from ...proof.document import MOST_OF_TARGET
from ...proof.text import printable
from ..model import Case, Finding, MissingError, failed, passed, unknown
from ..proofs import Proof
from ..words import words_of

#: Words of a capture kernel's command line that say where dumps go.
TARGET: t.Final = "kdump.target"
#: Lists of the evidence that have a limit, in words, and how what is left out gets in.
_CUT: t.Final = {
    "boot.entries": ("all boot entries", "Remove entries that nobody needs"),
    "dumps": ("all dumps", "Move dumps off the host"),
    "dumps.files": ("all files of the dumps", "Move dumps off the host"),
    "folder.open": ("who may read all files of the dumps", "Move dumps off the host"),
    "unread": ("all paths that could not be read", "Gather it as root"),
}  # fmt: skip
_NETWORK: t.Final = ("ssh,", "nfs,")
#: Settings of the distributions' kdumps that send dumps to a server.
_REMOTE: t.Final = ("SSH", "NFS", "ssh", "nfs")
#: What a word says of a target's patience, which no record repeats.
_PATIENCE: t.Final = re.compile(r"(?:limit=[^,]*,|retries=\d{1,2},)*")
#: Where the distributions' kdumps are told what to do when the server does not take the dump.
_ELSE: t.Final = ("failure_action", "default")


def uses_collection(case: Case) -> bool:
    """Whether this collection's loader serves the host: it has loaded something, or it is to do so at every boot."""
    return case.find("load") is not None or case.find("service.enabled") is True


def engine_of(case: Case) -> str | None:
    """The distribution's kdump that serves the host, where this collection's loader does not."""
    name = case.find("engine.name")
    return name if isinstance(name, str) and not uses_collection(case) else None


def is_armed(case: Case) -> bool:
    """Whether anything of kdump is on: of an optional host without, there is nothing to judge."""
    on = (case.find("crash.loaded") is True, bool(case.find("crash.reserved_bytes")), bool(active_units(case)))
    return any(on)


def active_units(case: Case) -> list[str]:
    """The units that load a crash image at every boot, or have done so in this one."""
    own = case.find("service.enabled") is True or case.find("service.active") is True
    return [paths.UNIT_NAME] * own + [str(unit["unit"]) for unit in distribution_units(case) if is_on(unit)]


def distribution_units(case: Case) -> list[dict[str, t.Any]]:
    """What systemd says of the units of the distribution's kdump."""
    return [unit for unit in case.find("distribution") or [] if isinstance(unit, dict) and unit.get("unit")]


def is_on(unit: dict[str, t.Any]) -> bool:
    """Whether a unit is enabled or active."""
    return unit.get("enabled") is True or unit.get("active") is True


def capture_words(case: Case) -> tuple[Argument, ...] | None:
    """The words of the command line that the loaded capture kernel gets; None where nobody knows it."""
    line = case.find("load.command_line")
    return words_of(line) if isinstance(line, str) else None


def targets(case: Case) -> list[str]:
    """What the capture kernel was told of the places for dumps, in order; none where nobody knows."""
    return _places(capture_words(case) or ())


def _places(words: Sequence[Argument]) -> list[str]:
    return [word.text.partition("=")[2] for word in words if word.name == TARGET]


def goes_to_server(case: Case) -> bool:
    """Whether the first place for dumps is reached by a network."""
    places = targets(case)
    if places:
        return places[0].startswith(_NETWORK)
    if uses_collection(case):
        loaded = case.find("load") is not None
        why = f"its command line has no {TARGET}" if loaded else "this collection's loader has loaded nothing"
        raise MissingError("where the capture kernel would save", why)
    settings = case.find("engine.settings") if engine_of(case) else None
    if not isinstance(settings, dict):
        return False
    remote = [name for name in _REMOTE if settings.get(name)]
    return bool(remote) or "://" in str(settings.get("KDUMP_SAVEDIR") or "").replace("file://", "")


def saved_first(case: Case, proof: Proof, good: str) -> Finding:
    """Passed only if the first target of the list took the drill's dump: one that fell back proves nothing for it."""
    drill = f"{proof.named[0].upper()}{proof.named[1:]}"
    if not targets(case) and not _falls_back(case):
        return passed(good)
    # A twin's disk has another name, so it is the drill's own list.
    places = _places(words_of(proof.command_line or ""))
    if not places or not proof.attempts or not proof.attempts[-1][0]:
        return unknown(f"{drill} does not tell which dump target took the dump. Run another drill.")
    first = _as_recorded(places[0])
    took = proof.attempts[-1][0]
    if took == first:
        return passed(good)
    failures = [failure or "no reason" for name, failure in proof.attempts if name == first]
    why = f"failed with {failures[-1]}" if failures else "was not tried"
    return failed(f"{drill} saved to {took}, and not to the first dump target, which {why}.")


def _as_recorded(place: str) -> str:
    """A dump target as the record of a dump spells it."""
    kind, _comma, fields = place.partition(",")
    return printable(f"{kind}:{_PATIENCE.sub('', fields, count=1)}", limit=MOST_OF_TARGET)


def _falls_back(case: Case) -> bool:
    """Whether the distribution's kdump saves elsewhere if it cannot save where it should; it records neither."""
    settings = case.find("engine.settings")
    return isinstance(settings, dict) and any(settings.get(name) == "dump_to_rootfs" for name in _ELSE)


def whole(case: Case, *names: str) -> None:
    """A MissingError where a list was cut: what was left out may be what is not in order."""
    for name in names:
        count = case.find(f"omitted.{name}")
        if count:
            what, advice = _CUT[name]
            raise MissingError(what, f"{count} were left out to keep it small. {advice}")


def looked_at(case: Case, path: str, *, below: bool = False) -> None:
    """A MissingError where the path or a folder above it could not be read, or, if it matters, anything below it."""
    place = f"{path.rstrip('/')}/"
    for name, why in case.table("unread").items():
        other = f"{name.rstrip('/')}/"
        if place.startswith(other) or (below and other.startswith(place)):
            raise MissingError(f"what is in {path}", f"{name} could not be read ({why}). Gather it as root")
    whole(case, "unread")


def every_dump(case: Case) -> None:
    """A MissingError where there may be dumps that are not in the evidence."""
    whole(case, "dumps")
    looked_at(case, case.text("target.path"), below=True)


def listed(items: Sequence[str], *, most: int = 3) -> str:
    """The first few of a list, in words."""
    shown = ", ".join(items[:most])
    return shown if len(items) <= most else f"{shown} and {len(items) - most} more"
