# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of shell assignments, as /etc/default/kdump-tools and /etc/sysconfig/kdump are: read, and edited in place.

Scripts source these files, and systemd reads the same one as an EnvironmentFile. What is more than assignments is kept
as it is, but then nothing is edited: what code does afterwards to a setting cannot be told.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, replace

from .model import ConfigError

_IDLE = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\n|\Z)")
_HEAD = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)=")
_TAIL = re.compile(r"(?:[ \t]+#[^\n]*|[ \t]*)(?:\n|\Z)")
_LINE = re.compile(r"[^\n]*(?:\n|\Z)")
#: What a word is made of. Anything else in it, or a quote that is never closed, takes a shell to read.
_PART = re.compile(
    r"""(?P<plain>[^\s'"\\$`;&|()<>]+)"""
    r"""|'(?P<single>[^']*)'"""
    r"""|"(?P<double>(?:[^"\\$`]|\\.|\$\{[^}"'`\\$]*\}|\$(?![({]))*)\""""
    r"""|\\(?P<escaped>.)"""
    r"""|(?P<variable>\$[A-Za-z_][A-Za-z0-9_]*|\$\{[^}\s"'`\\$]*\})""",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\([$`\"\\\n])")
_VARIABLE = re.compile(r"(?<!\\)(?:\\\\)*\$")
_SAFE = re.compile(r"[A-Za-z0-9_@%+:,./=-]+")
#: What a backslash makes literal between double quotes.
_ESCAPED = '$`"\\'


@dataclass(frozen=True)
class Piece:
    """Part of a file: an assignment, or blank lines, comments and code, whose key is None."""

    text: str
    key: t.Optional[str] = None
    #: What the shell makes of it; None where that takes a shell to tell.
    value: t.Optional[str] = None
    #: Where the word after the equals sign is in the text.
    word: tuple[int, int] = (0, 0)
    #: The number of its first line.
    line: int = 0
    code: bool = False


@dataclass(frozen=True)
class Assignments:
    """A whole file."""

    path: str
    pieces: tuple[Piece, ...]

    @classmethod
    def parse(cls, text: str, path: str) -> Assignments:
        """Read a file's text."""
        pieces: list[Piece] = []
        at, line = 0, 1
        while at < len(text):
            piece = _piece(text, at, line)
            pieces.append(piece)
            at += len(piece.text)
            line += piece.text.count("\n")
        return cls(path, tuple(pieces))

    @property
    def text(self) -> str:
        """The file as it is to be written; byte by byte what was read, where nothing was changed."""
        return "".join(piece.text for piece in self.pieces)

    @property
    def values(self) -> Mapping[str, t.Optional[str]]:
        """What each variable is in the end; None where only a shell could tell."""
        return {piece.key: piece.value for piece in self.pieces if piece.key is not None}

    @property
    def lines(self) -> Mapping[str, int]:
        """The line on which each variable is set, for the last time."""
        return {piece.key: piece.line for piece in self.pieces if piece.key is not None}

    def with_value(self, key: str, value: str) -> Assignments:
        """The same file with one variable set; its other lines stay as they are."""
        if self.values.get(key) == value:
            return self
        self._check_plain(key)
        word = quoted(value)
        index = max((number for number, piece in enumerate(self.pieces) if piece.key == key), default=None)
        if index is None:
            return self._added(key, word)
        old = self.pieces[index]
        start, end = old.word
        new = replace(old, text=old.text[:start] + word + old.text[end:], value=value, word=(start, start + len(word)))
        return replace(self, pieces=(*self.pieces[:index], new, *self.pieces[index + 1 :]))

    def without(self, key: str) -> Assignments:
        """The same file without a variable."""
        if key not in self.values:
            return self
        self._check_plain(key)
        return replace(self, pieces=tuple(piece for piece in self.pieces if piece.key != key))

    def _added(self, key: str, word: str) -> Assignments:
        """After the line that has it commented out, where there is one, otherwise at the end."""
        example = re.compile(rf"[ \t]*#[ \t]?{key}=")
        index = max((number for number, piece in enumerate(self.pieces) if example.match(piece.text)), default=-1)
        index = len(self.pieces) if index < 0 else index + 1
        before = self.pieces[:index]
        if before and not before[-1].text.endswith("\n"):
            before = (*before[:-1], replace(before[-1], text=before[-1].text + "\n"))
        # parsed anew, so that lines and places are right
        text = "".join(piece.text for piece in (*before, Piece(f"{key}={word}\n"), *self.pieces[index:]))
        return Assignments.parse(text, self.path)

    def _check_plain(self, key: str) -> None:
        code = next((piece for piece in self.pieces if piece.code), None)
        if code is not None:
            raise ConfigError(
                f"Cannot set {key} in {self.path}: line {code.line} is shell code ({code.text.strip()[:50]!r}), and"
                " what that does to a setting cannot be told. Change the file by hand, or make it plain assignments"
            )


def quoted(value: str) -> str:
    """The value as a word that the shell and systemd read alike."""
    if _SAFE.fullmatch(value):
        return value
    return '"' + "".join(f"\\{letter}" if letter in _ESCAPED else letter for letter in value) + '"'


def _piece(text: str, at: int, line: int) -> Piece:
    idle = _IDLE.match(text, at)
    if idle:
        return Piece(idle[0], line=line)
    head = _HEAD.match(text, at)
    if head:
        end, value = _word(text, head.end())
        tail = _TAIL.match(text, end)
        if tail:
            return Piece(text[at : tail.end()], head[1], value, (head.end() - at, end - at), line)
    found = _LINE.match(text, at)
    return Piece(found[0] if found else text[at:], line=line, code=True)


def _word(text: str, at: int) -> tuple[int, t.Optional[str]]:
    """Where the word that begins there ends, and its value."""
    values: list[t.Optional[str]] = []
    while True:
        part = _PART.match(text, at)
        if part is None:
            break
        values.append(_value(part, first=not values))
        at = part.end()
    known = [value for value in values if value is not None]
    return at, "".join(known) if len(known) == len(values) else None


def _value(part: re.Match[str], *, first: bool) -> t.Optional[str]:
    kind, text = part.lastgroup, part[part.lastgroup or 0]
    if kind == "variable" or (kind == "plain" and (":~" in text or (first and text.startswith("~")))):
        return None
    if kind == "double":
        return None if _VARIABLE.search(text) else _ESCAPE.sub(_unescaped, text)
    return text.replace("\n", "") if kind == "escaped" else text


def _unescaped(found: re.Match[str]) -> str:
    return found[1].replace("\n", "")
