# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""LILO and yaboot: one file with global options, then one section for each image. Old systems have them.

Both have to be told of a change by a program, which puts what it read where the firmware finds it. It is given the new
file before that takes the place of the old one: a kill in between leaves two sets that both boot, and the next run,
which still finds the old file, does it again.
"""

from __future__ import annotations

import os
import re
import tempfile
import typing as t
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import KdumpError
from .changes import named
from .edited import Edited, Source, Stanza
from .model import BootLoaderError, FileState


@dataclass(frozen=True)
class Dialect:
    """What the two say differently. ``program`` may be left out where the firmware's part reads the file itself."""

    name: str
    config: str
    program: str
    option: str
    required: bool
    #: What begins a section that boots no Linux of this system, and why.
    others: t.Mapping[str, str]


LILO: t.Final = Dialect("lilo", "/etc/lilo.conf", "/sbin/lilo", "-C", True, {"other": "another system"})
YABOOT: t.Final = Dialect("yaboot", "/etc/yaboot.conf", "/usr/sbin/ybin", "-C", False, {})

#: An image's own options replace the global ones of the same name, except for this one, which adds (LILO 22.6).
_ADDED: t.Final = "addappend"
_LINE: t.Final = re.compile(
    r"""^[ \t]*(?P<key>[A-Za-z][A-Za-z0-9-]*)
    (?:[ \t]*=[ \t]*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\n\#"]*?)))?[ \t\r]*(?:\#[^\n]*)?$""",
    re.MULTILINE | re.VERBOSE | re.DOTALL,
)


class Sections(Edited):
    """Edits ``append`` of every image, or the global one that it takes."""

    dialect: t.ClassVar[Dialect]

    def missing(self) -> tuple[str, ...]:
        """The file, and the program without which no change of it counts."""
        needed = (self.dialect.config, *((self.dialect.program,) if self.dialect.required else ()))
        return tuple(path for path in needed if not self.exists(path))

    def sources(self) -> Sequence[Source]:
        """The one file: the images of kernels to come are in it, or take the global options."""
        return (Source(self.path(self.dialect.config), self._grammar, finish=tidy),)

    def install(self, states: Sequence[FileState], timeout: int) -> None:
        """Let the program read what the file will be."""
        if states and self.exists(self.dialect.program):
            self._run(states[0].content or "", timeout)

    def reinstall(self, cause: BaseException, timeout: int) -> None:
        """Let it read the file as it was."""
        (state,) = self.default()
        if state.content is None or not self.exists(self.dialect.program):
            return
        try:
            self._run(state.content, timeout)
        except KdumpError as error:
            message = cause.message if isinstance(cause, KdumpError) else repr(cause)
            raise BootLoaderError(f"{message}. Then it could not be taken back: {error.message}") from cause

    def _run(self, content: str, timeout: int) -> None:
        place = tempfile.gettempdir()
        with named("write to", place), tempfile.TemporaryDirectory(prefix="linux-kdump-", dir=place) as folder:
            path = os.path.join(folder, os.path.basename(self.dialect.config))
            with open(path, "w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
                os.fchmod(stream.fileno(), 0o600)
                stream.write(content)
            self._runner.run(
                [self.path(self.dialect.program), self.dialect.option, path],
                what=f"install what {self.dialect.config} is to say",
                timeout=timeout,
            )

    def _grammar(self, text: str, origin: str) -> tuple[Stanza, ...]:
        return read_sections(text, origin, dialect=self.dialect)


class Lilo(Sections):
    """LILO."""

    name: t.ClassVar[str] = LILO.name
    dialect = LILO


class Yaboot(Sections):
    """yaboot."""

    name: t.ClassVar[str] = YABOOT.name
    dialect = YABOOT


def tidy(text: str) -> str:
    """The text without the lines that were added for images that had none."""
    return re.sub(r'\n[ \t]*append=""(?=\r?\n|\Z)', "", text)


def read_sections(text: str, origin: str, *, dialect: Dialect) -> tuple[Stanza, ...]:
    """Every image, with where its arguments stand."""
    sections: list[list[re.Match[str]]] = [[]]
    for match in _LINE.finditer(text):
        if match["key"].lower() in ("image", *dialect.others):
            sections.append([])
        sections[-1].append(match)
    shared = {match["key"].lower(): match for match in sections[0]}
    return tuple(_stanza(section, shared, dialect) for section in sections[1:])


def _stanza(section: Sequence[re.Match[str]], shared: t.Mapping[str, re.Match[str]], dialect: Dialect) -> Stanza:
    own = {match["key"].lower(): match for match in section}
    head = section[0]
    title = _value(own["label"]) if "label" in own else _value(head)
    # "literal" stands for every other source of arguments.
    append = own.get("literal") or own.get("append") or shared.get("literal") or shared.get("append")
    added = own.get(_ADDED)
    spans = tuple(_span(match) for match in (append, added) if match)
    indent = section[1].group()[: -len(section[1].group().lstrip())] if len(section) > 1 else "\t"
    insertion = None if spans else (head.end(), f'\n{indent}append="', '"')
    return Stanza(title, spans, title, _value(head), insertion, reason=dialect.others.get(head["key"].lower(), ""))


def _value(match: re.Match[str]) -> str:
    return match["quoted"] if match["quoted"] is not None else match["bare"] or ""


def _span(match: re.Match[str]) -> tuple[int, int]:
    return match.span("bare" if match["quoted"] is None else "quoted")
