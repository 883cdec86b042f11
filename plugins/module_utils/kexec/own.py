# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kexec of this collection's own, beside the distribution's: installed, noted, used, and taken away again."""

from __future__ import annotations

import json
import os
import re
import typing as t
from collections.abc import Mapping, Sequence

from ..capture.kernel.architectures import MACHINES
from ..errors import KdumpError
from ..files import canonical_json, write_atomic
from ..host import paths
from ..host.tree import Host, TooLargeError
from ..programs import ALSO_RUNS
from .images import Offer
from .state import LoadRecord, digest

#: What the action plugin calls it among the files to install.
NAME: t.Final = "kexec"
#: Where it goes unless another place is named.
DEFAULT: t.Final = f"{paths.KEXEC_PREFIX}/{paths.KEXEC_PROGRAM}"
#: A path that needs no quotes anywhere.
_PLAIN = re.compile(r"(?:/[A-Za-z0-9._+-]+)+")

#: Path of each that was installed -> the folders that were made for it, outermost first.
Note = Mapping[str, Sequence[str]]


def read_note(host: Host) -> dict[str, list[str]]:
    """What this collection installed and has not taken away."""
    try:
        note = json.loads(host.read(paths.KEXEC_NOTE) or "{}")
        return {_path(path): [_path(folder) for folder in folders] for path, folders in note.items()}
    except (ValueError, TypeError, AttributeError, RecursionError, TooLargeError):
        return {}


def _path(value: object) -> str:
    if not isinstance(value, str) or not value.startswith("/"):
        raise TypeError
    return value


def check(path: str | None, offers: Sequence[Offer], *, host: Host, machine: str) -> None:
    """Refuse what could not be used, or would be put over somebody else's program."""
    if path is not None and (not _PLAIN.fullmatch(path) or ".." in path.split("/")):
        raise KdumpError(
            f"Cannot use the kexec {path!r}: it is not an absolute path of letters, digits and . _ + - only. "
            f"Give the full path on the host, such as {DEFAULT}."
        )
    for offer in offers:
        if offer.name == NAME:
            _check_machine(offer, machine)
            if host.exists(offer.path) and offer.path not in read_note(host):
                raise KdumpError(
                    f"Cannot install {offer.path}: it is there already, and this collection did not put it there. "
                    "Choose another place for kexec."
                )


def _check_machine(offer: Offer, machine: str) -> None:
    own = MACHINES.get(machine, machine)
    if offer.machine not in (own, *ALSO_RUNS.get(own, ())):
        given = f"for {offer.machine}" if offer.machine else "no program"
        raise KdumpError(
            f"Cannot install {offer.path}: what was given is {given}, and this host is {own}. "
            f"Build it with linux.kdump.kexec_tools_build for architecture={own}."
        )


def note(path: str, host: Host) -> None:
    """Remember what is about to be installed, and the folders that will be made for it."""
    known = read_note(host)
    if path in known:
        return
    folders: list[str] = []
    folder = os.path.dirname(path)
    while not host.exists(folder):
        folders.insert(0, folder)
        folder = os.path.dirname(folder)
    os.makedirs(host.path(paths.STATE), mode=0o755, exist_ok=True)
    write_atomic(host.path(paths.KEXEC_NOTE), canonical_json({**known, path: folders}))


def settle(keep: str | None, host: Host) -> None:
    """Take away everything that was installed but ``keep``, with the folders that were made for it."""
    known = read_note(host)
    left: list[str] = []
    for path, folders in known.items():
        if path != keep:
            host.forget(path)
            left += [folder for folder in reversed(folders) if not _remove_folder(host.path(folder))]
    if keep is None or keep not in known:
        host.forget(paths.KEXEC_NOTE)
    elif len(known) > 1:
        # What the others had made and this one is in as well goes with this one.
        shared = [folder for folder in reversed(left) if keep.startswith(f"{folder}/")]
        write_atomic(host.path(paths.KEXEC_NOTE), canonical_json({keep: [*shared, *known[keep]]}))


def _remove_folder(path: str) -> bool:
    try:
        os.rmdir(path)
    except OSError:  # somebody has put something else there
        return not os.path.isdir(path)
    return True


def program(host: Host) -> str | None:
    """The kexec that loads on this host: the one that was installed for it, or else the distribution's."""
    own = (path for path in read_note(host) if os.access(host.path(path), os.X_OK))
    return next(own, None) or host.tool(NAME)


def used(record: LoadRecord | None, host: Host) -> str | None:
    """The path of the program that loaded the image, where it holds what it held then."""
    kexec = record.kexec if record else None
    return kexec.path if kexec and digest(host, kexec.path) == kexec.sha256 else None


def missing(path: str) -> str:
    """What is wrong where it has gone."""
    return f"{path} is missing. Install it again with the module kexec_crash."
