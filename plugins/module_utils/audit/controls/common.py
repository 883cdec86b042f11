# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several judges ask of a host."""

from __future__ import annotations

import posixpath
import re
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
_REMOTE: t.Final = ("SSH", "NFS", "FTP", "ssh", "nfs")
#: Directives of kdump-utils that name a file system.
FILE_SYSTEMS: t.Final = ("ext2", "ext3", "ext4", "xfs", "btrfs", "minix", "virtiofs")
#: Where each of the distributions' kdumps saves unless it is told otherwise.
_USUAL: t.Final = "/var/crash"
#: What tells where dumps go, and what the evidence is of.
PLACE: t.Final = ("target.path", "target.uuid", "target.source", "target.fs_path", "target.fstype",
                  "load.command_line", "engine.name", "engine.settings", "load", "service.enabled")  # fmt: skip
_BY_UUID: t.Final = "/dev/disk/by-uuid/"
_OPTIONS: t.Final = ("limit=", "retries=")
#: What a word says of a target's patience, which no record repeats.
_PATIENCE: t.Final = re.compile(r"(?:limit=[^,]*,|retries=\d{1,2},)*")
#: Where the distributions' kdumps are told what to do when the server does not take the dump.
_ELSE: t.Final = ("failure_action", "default")


@dataclass(frozen=True)
class Place:
    """Where dumps are saved on the host's own disks."""

    #: In the file system of the device, or without one in the running system's tree; None where nobody knows.
    folder: t.Optional[str]
    device: t.Optional[str] = None
    #: The device holds no file system. The next boot turns what is on it into files in the folder.
    raw: bool = False
    #: A distribution's kdump mounts a btrfs as the running system does; this collection's from its top.
    subvolume: bool = False

    @property
    def words(self) -> str:
        """For a message."""
        if self.raw:
            return f"the device {self.device} itself"
        return f"{self.folder or 'a folder'} on {self.device}" if self.device else str(self.folder)


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
    return engine_of(case) is not None and _is_remote(case.table("engine.settings"))


def told(settings: Mapping[str, t.Any], name: str) -> str:
    """A setting of a distribution's kdump, empty where it is not there; a MissingError where only a shell can tell."""
    if name in settings and settings[name] is None:
        raise MissingError("engine.settings", f"{name} is set by what only a shell can tell. Write its value out")
    return str(settings.get(name) or "")


def _is_remote(settings: Mapping[str, t.Any]) -> bool:
    remote = [name for name in _REMOTE if told(settings, name)]
    return bool(remote) or "://" in _without_file(told(settings, "KDUMP_SAVEDIR"))


def _without_file(address: str) -> str:
    """SUSE writes a folder as an address, too."""
    return address[len("file://") :] if address.lower().startswith("file://") else address


def place_of(case: Case) -> Place | None:
    """Where dumps are saved on the host's own disks; None where they go to a server, or nobody knows."""
    loaded = case.find("load") is not None
    if loaded:
        # Without it nobody knows where the image that is loaded would save.
        case.text("load.command_line")
    places = targets(case) if loaded else []
    if places:
        return None if places[0].startswith(_NETWORK) else _place_told(case, places[0])
    if uses_collection(case) or engine_of(case) is None:
        return None
    settings = case.table("engine.settings")
    return None if _is_remote(settings) else _place_configured(settings)


def _place_told(case: Case, word: str) -> Place:
    """By the first target of the capture kernel's command line."""
    kind, *fields = word.split(",")
    if not fields:
        folders = [found.text for found in capture_words(case) or () if found.name == "kdump.path"]
        return Place(folders[-1].partition("=")[2] if folders else None, word)
    device, *rest = [field for field in fields if not field.startswith(_OPTIONS)]
    if kind == "raw":
        return Place(paths.DUMPS, device, raw=True)
    return Place(",".join(rest[1:]), device)


def _place_configured(settings: Mapping[str, t.Any]) -> Place:
    """By the configuration of the distribution's kdump."""
    folder = told(settings, "path") or told(settings, "KDUMP_COREDIR") or told(settings, "KDUMP_SAVEDIR")
    folder = _without_file(folder) or _USUAL
    raw = told(settings, "raw")
    if raw:
        return Place(folder, raw, raw=True)
    device = next((told(settings, name) for name in FILE_SYSTEMS if told(settings, name)), None)
    return Place(folder, device.split()[0] if device else None, subvolume=True)


def check_place(case: Case, *, afterwards: bool = False) -> None:
    """A MissingError where dumps are saved elsewhere than the evidence looked, or lie elsewhere afterwards."""
    place = place_of(case)
    if place is None:
        return
    if place.raw and afterwards:
        place = Place(place.folder)
    path = case.text("target.path")
    same = _is_seen(case, place, path)
    if same:
        return
    device = f" on {case.find('target.source')}" if place.device else ""
    seen = f"the kdump of this host saves to {place.words}, and the evidence is of {path}{device}"
    if place.raw:
        raise MissingError("what is where dumps go", seen)
    if same is None:
        raise MissingError("what is where dumps go", f"{seen}, which may be elsewhere. Name the device by its UUID")
    folder = "where that is mounted" if place.device else "that folder"
    raise MissingError("what is where dumps go", f"{seen}. Set kdump_dump_path to {folder}")


def _is_seen(case: Case, place: Place, path: str) -> bool | None:
    """Whether the evidence is of this place; None where nobody can tell."""
    if place.device is None:
        return _same_path(place.folder, path)
    if place.raw:
        return False
    same = _same_device(case, place.device)
    if not same or place.folder is None:
        return same
    inside = case.find("target.fs_path")
    if not isinstance(inside, str):
        return None
    below = place.subvolume and case.find("target.fstype") == "btrfs"
    return _same_path(place.folder, inside) or (below and inside.endswith(posixpath.normpath(place.folder)))


def _same_path(one: str | None, other: str) -> bool:
    return one is not None and posixpath.normpath(one) == posixpath.normpath(other)


def _same_device(case: Case, device: str) -> bool | None:
    """Whether the evidence is of this device; None for a name that the evidence does not have."""
    uuid = device[len(_BY_UUID) :] if device.startswith(_BY_UUID) else device.partition("UUID=")[2]
    if uuid and device.startswith(("UUID=", _BY_UUID)):
        found = case.find("target.uuid")
        return isinstance(found, str) and found.lower() == uuid.strip('"').lower()
    source = case.find("target.source")
    if source in (device, _mapped(device)):
        return True
    return None if "=" in device or device.startswith("/dev/disk/") else False


def _mapped(device: str) -> str | None:
    """What the running system calls a logical volume."""
    parts = device.split("/")
    return "/dev/mapper/" + "-".join(part.replace("-", "--") for part in parts[2:]) if len(parts) == 4 else None


def saved_first(case: Case, proof: Proof, good: str) -> Finding:
    """Passed only if the first target of the list took the drill's dump: one that fell back proves nothing for it."""
    drill = proof.opening
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
