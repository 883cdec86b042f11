# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the caller gives beside the file that is looked at."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

from ...errors import KdumpError
from ..vmcoreinfo import VmcoreInfo
from .codecs import CODECS
from .machines import MACHINES
from .notes import MAX_VMCOREINFO
from .packed import COMPRESSIONS, DEFAULT_ROOM, Room

MACHINE_NAMES: t.Final = sorted(row.name for row in MACHINES)
#: All that a dump can be packed with, its pages or as a whole.
PACKINGS: t.Final = list(
    dict.fromkeys(
        [codec.name for flags, codec in CODECS.items() if flags]
        + [row.name for row in COMPRESSIONS if row.stream or row.package]
    )
)


@dataclass(frozen=True)
class Aids:
    """What the caller gives beside the file."""

    #: Further files that are parts of the same split dump.
    parts: tuple[str, ...] = ()
    #: Used where the dump holds none.
    vmcoreinfo: VmcoreInfo | None = None
    #: Whose memory a raw image is.
    machine: str | None = None
    room: Room = DEFAULT_ROOM


def parse_aids(values: Mapping[str, t.Any]) -> Aids:
    """The options of these names."""
    return Aids(
        parts=tuple(values["parts"]),
        vmcoreinfo=read_vmcoreinfo(values["vmcoreinfo"]) if values["vmcoreinfo"] else None,
        machine=values["machine"],
        room=Room(values["unpack_limit"], values["unpack_dir"]),
    )


def read_vmcoreinfo(path: str) -> VmcoreInfo:
    """The text in a file of the caller's."""
    try:
        with open(path, "rb") as file:
            text = file.read(MAX_VMCOREINFO)
    except OSError as error:
        raise KdumpError(f"Cannot read the VMCOREINFO {path}: {error.strerror}. Check the path.") from error
    info = VmcoreInfo(text)
    if "OSRELEASE" not in info:
        raise KdumpError(
            f"Cannot use the VMCOREINFO {path}: it has no line OSRELEASE. Name the text that the kernel made."
        )
    return info
