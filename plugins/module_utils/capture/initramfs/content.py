# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes into the image: members and where each came from, programs with their libraries, and what options add.

An option that is not asked for adds nothing: no member, no line of the script. What it adds when it is asked for is
one `Addition`.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ...errors import KdumpError
from . import closure, newc


class ContentError(KdumpError):
    """Something that cannot be put into the image."""


@dataclass(frozen=True)
class Content:
    """Members, with the file on the build host that each came from."""

    members: tuple[newc.Member, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Program:
    """A program to put in with everything that it needs to start."""

    #: Where it lies in the image, for example ``bin/age``.
    member: str
    #: The file on the build host.
    source: str
    #: Libraries that it opens by itself, which no ELF header names.
    libraries: tuple[str, ...] = ()
    permissions: int = 0o755


@dataclass(frozen=True)
class Addition:
    """What one option adds to the image."""

    #: Parts of the save script; they stand before its last part, and what they define takes the place of what was
    #: defined before.
    parts: tuple[str, ...] = ()
    #: True where those parts need the vmcore and the log as streams.
    streams: bool = False
    #: Applets of busybox that the parts call.
    applets: tuple[str, ...] = ()
    programs: tuple[Program, ...] = ()
    members: tuple[newc.Member, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    #: Words for the settings file, in the form of the command line ("kdump.x=y").
    settings: tuple[str, ...] = ()
    #: Facts for the manifest.
    facts: Mapping[str, t.Any] = field(default_factory=dict)
    #: True where a member may be read by the owner only; the image is then his only too.
    secret: bool = False


def program(wanted: Program, *, data: bytes | None = None, root: str = "") -> Content:
    """A program, its run-time linker where it asks for it, its libraries in the one folder that the script names.

    A program in the tree ``root``, which is another machine's, finds both in there.
    """
    inside = root if root and wanted.source.startswith(f"{root}/") else ""
    found = closure.closure(wanted.source, extra=wanted.libraries, root=inside)
    sources = {wanted.member: wanted.source}
    if found.interpreter:
        sources[found.interpreter.lstrip("/")] = inside + found.interpreter
    sources.update({f"lib/{library.name}": library.path for library in found.libraries})
    content = contents(wanted.source) if data is None else data
    members = [newc.regular(wanted.member, content, permissions=wanted.permissions)]
    members += [
        newc.regular(member, contents(source), permissions=0o755)
        for member, source in sources.items()
        if member != wanted.member
    ]
    return Content(tuple(members), sources)


def merged(parts: Iterable[Content]) -> Content:
    """All of them as one; a library that two programs share is there once."""
    members: list[newc.Member] = []
    by_path: dict[str, newc.Member] = {}
    sources: dict[str, str] = {}
    for part in parts:
        for member in part.members:
            known = by_path.setdefault(member.path, member)
            if known is member:
                members.append(member)
            elif known != member:
                raise ContentError(
                    f"Cannot make the initramfs: {member.path} is wanted with two contents"
                    f"{_from(sources.get(member.path), part.sources.get(member.path))}. Give one of them another place."
                )
        sources.update({path: source for path, source in part.sources.items() if path not in sources})
    return Content(tuple(members), sources)


def added(additions: Sequence[Addition], *, beside: closure.Binary, root: str = "") -> Content:
    """The members that the options add, with programs and libraries; those must run where ``beside`` runs."""
    programs = [wanted for addition in additions for wanted in addition.programs]
    for wanted in programs:
        binary = closure.read_binary(wanted.source)
        if not binary.runs_with(beside):
            raise ContentError(
                f"Cannot make the initramfs: {wanted.source} is for {binary.machine_name} and {beside.path} for "
                f"{beside.machine_name}. Give a build for {beside.machine_name}."
            )
    parts = [program(wanted, root=root) for wanted in programs]
    parts += [Content(addition.members, addition.sources) for addition in additions]
    return merged(parts)


def contents(path: str) -> bytes:
    """A file's bytes."""
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError as error:
        raise ContentError(f"Cannot put {path} into the initramfs: {error.strerror or error}") from error


def _from(first: str | None, second: str | None) -> str:
    return f" ({first or 'a part of the image'} and {second or 'a part of the image'})" if first or second else ""
