# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's capture command line, for a machine that has a serial console, one disk and no network."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ...errors import KdumpError
from ...kexec.cmdline import tokenise

CONSOLE: t.Final = "ttyS0"
#: What belongs to the real machine, or is made anew here.
_DROPPED: t.Final = ("elfcorehdr", "memmap", "acpi_rsdp", "kdump.final", "panic", "crashkernel")
#: What names a target.
_TARGET: t.Final = ("kdump.target", "kdump.net", "kdump.fstype", "kdump.path")
#: A busy machine's emulated timer may be so late that Linux believes that it has none. What ends the capture kernel
#: ends the rehearsal.
_ADDED: t.Final = ("no_timer_check", "panic=1", "kdump.final=reboot")
_LOCAL = re.compile(
    r"(?:local,(?:(?:limit|retries)=\d+,)*)?(?P<by>UUID|LABEL)=(?P<name>[^,]+)(?:,(?P<fstype>[a-z0-9]+),(?P<path>/.*))?"
)
_FILESYSTEMS: t.Final = ("ext2", "ext3", "ext4")


class WordsError(KdumpError):
    """A command line that cannot be rehearsed."""


@dataclass(frozen=True)
class Disk:
    """The disk that stands for the host's target."""

    fstype: str
    path: str
    uuid: t.Optional[str] = None
    label: t.Optional[str] = None


@dataclass(frozen=True)
class Rehearsed:
    """The line, the disk that it asks for, and whether that is the host's own target or stands for another kind."""

    line: str
    disk: Disk
    replaced: bool


def rehearsed(line: str, *, uuid: str, header_at: int) -> Rehearsed:
    """The host's line with what this machine needs; ``uuid`` is the disk's where the host's target is no local one."""
    arguments = tokenise(line)
    values = [(argument.name, argument.text.partition("=")[2]) for argument in arguments]
    disk = _disk(values)
    dropped = _DROPPED if disk else _DROPPED + _TARGET
    kept = [argument.text for argument in arguments if argument.name not in dropped]
    if not any(name == "console" and value.split(",")[0] == CONSOLE for name, value in values):
        kept.append(f"console={CONSOLE}")
    if disk is None:
        kept += [f"kdump.target=UUID={uuid}", "kdump.fstype=ext4", "kdump.path=/var/crash"]
    added = (*_ADDED, f"elfcorehdr={header_at:#x}")
    return Rehearsed(" ".join((*kept, *added)), disk or Disk("ext4", "/var/crash", uuid=uuid), disk is None)


def _disk(values: list[tuple[str, str]]) -> t.Optional[Disk]:
    """The first local target; None where there is none."""
    given = dict(values)
    for name, value in values:
        match = _LOCAL.fullmatch(value) if name == "kdump.target" else None
        if match:
            fstype = match["fstype"] or given.get("kdump.fstype") or "auto"
            path = match["path"] or given.get("kdump.path") or "/"
            fstype = "ext4" if fstype == "auto" else fstype
            if fstype not in _FILESYSTEMS:
                raise WordsError(
                    f"Cannot rehearse with a target on {fstype}: a disk is made with {', '.join(_FILESYSTEMS)} only. "
                    "Rehearse with another target on the command line."
                )
            by_uuid = match["by"] == "UUID"
            return Disk(fstype, path, uuid=match["name"] if by_uuid else None, label=None if by_uuid else match["name"])
    return None
