# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A reader of Kconfig files, as far as telling why a symbol has not become what was asked for needs it.

It collects, for each symbol, where it is defined, what it depends on (its own ``depends on`` and that of every
menu, choice and ``if`` around it), whether it can be set by hand and what selects it. Working out values is left
to kconfig itself.
"""

from __future__ import annotations

import os
import re
import typing as t
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ....files import read_text

_TYPES: t.Final = frozenset({"bool", "tristate", "string", "hex", "int", "def_bool", "def_tristate"})
_BLOCKS: t.Final = {"endmenu": "menu", "endchoice": "choice", "endif": "if"}
_PROMPT = re.compile(r"""\s*(?:"[^"]*"|'[^']*')(?:\s+if\s+(?P<condition>.+))?""")
_SELECT = re.compile(r"(?P<target>\w+)(?:\s+if\s+(?P<condition>.+))?", re.ASCII)
_SOURCE = re.compile(r"""["']?(?P<path>[^"'\s]+)["']?""")
_VARIABLE = re.compile(r"\$\((\w+)\)")
#: Linux nests five deep; a ring of files that source each other ends here.
_MAX_DEPTH = 40


@dataclass
class Block:
    """A menu, choice or if: what is inside depends on what it depends on."""

    kind: str
    depends: list[str] = field(default_factory=list)
    members: list[str] = field(default_factory=list)
    prompt: str | None = None


@dataclass
class Definition(Block):
    """One ``config`` entry of a symbol."""

    name: str = ""
    where: str = ""
    around: tuple[Block, ...] = ()
    selects: list[tuple[str, str]] = field(default_factory=list)

    def conditions(self) -> list[str]:
        """Everything this definition depends on, outermost first."""
        return [text for block in (*self.around, self) for text in block.depends]

    def siblings(self) -> list[str]:
        """The other symbols of the choice this one belongs to."""
        members = [name for block in self.around if block.kind == "choice" for name in block.members]
        return [name for name in members if name != self.name]


class Tree:
    """All symbols of a kernel source tree, for one architecture."""

    def __init__(self, root: str, variables: Mapping[str, str]) -> None:
        self.symbols: dict[str, list[Definition]] = {}
        self._root = root
        self._variables = variables
        self._blocks: list[Block] = []
        self._read("Kconfig", 0)

    def selectors(self, name: str) -> list[tuple[str, str]]:
        """The (symbol, condition) pairs that select ``name``; the condition is empty where there is none."""
        return [
            (definition.name, condition)
            for definitions in self.symbols.values()
            for definition in definitions
            for target, condition in definition.selects
            if target == name
        ]

    def _read(self, path: str, depth: int) -> None:
        full = os.path.join(self._root, path)
        text = read_text(full) if depth < _MAX_DEPTH and os.path.isfile(full) else None
        entry: Block | None = None
        for number, line in _statements(text or ""):
            word, _space, rest = line.partition(" ")
            rest = rest.strip()
            if word == "source":
                self._source(rest, depth)
            elif word in ("config", "menuconfig"):
                entry = self._define(rest, f"{path}:{number}")
            elif word in ("menu", "choice", "if"):
                entry = self._open(word, rest)
            elif word in _BLOCKS:
                entry = None
                self._close(_BLOCKS[word])
            elif word == "comment":
                entry = Block("comment")
            elif entry:
                _attribute(entry, word, rest)

    def _source(self, rest: str, depth: int) -> None:
        match = _SOURCE.match(rest)
        if match:
            path = _VARIABLE.sub(lambda name: self._variables.get(name[1], name[0]), match["path"])
            self._read(path, depth + 1)

    def _define(self, name: str, where: str) -> Definition:
        definition = Definition("config", name=name, where=where, around=tuple(self._blocks))
        self.symbols.setdefault(name, []).append(definition)
        for block in self._blocks:
            if block.kind == "choice":
                block.members.append(name)
        return definition

    def _open(self, kind: str, rest: str) -> Block:
        block = Block(kind, depends=[rest] if kind == "if" else [])
        self._blocks.append(block)
        return block

    def _close(self, kind: str) -> None:
        while self._blocks and self._blocks.pop().kind != kind:
            pass


def _attribute(entry: Block, word: str, rest: str) -> None:
    if word == "depends" and rest.startswith("on "):
        entry.depends.append(rest[3:].strip())
    elif word in _TYPES or word == "prompt":
        match = _PROMPT.match(rest)
        if match:
            entry.prompt = match["condition"] or "y"
    elif word == "select" and isinstance(entry, Definition):
        match = _SELECT.match(rest)
        if match:
            entry.selects.append((match["target"], match["condition"] or ""))


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """(line number, statement) with comments, help texts and line continuations resolved."""
    lines = enumerate(text.splitlines(), start=1)
    indent: int | None = None
    in_help = False
    for number, raw in lines:
        line = raw.expandtabs()
        if in_help and _is_help(line, indent):
            indent = indent if indent is not None or not line.strip() else _indent(line)
            continue
        in_help = False
        while line.endswith("\\"):
            line = line[:-1] + next(lines, (0, ""))[1].expandtabs()
        statement = " ".join(_uncommented(line).split())
        if statement in ("help", "---help---"):
            in_help, indent = True, None
        elif statement:
            yield number, statement


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _is_help(line: str, indent: int | None) -> bool:
    """Help text goes on as long as lines are empty or indented as far as its first one."""
    if not line.strip():
        return True
    return _indent(line) > 0 if indent is None else _indent(line) >= indent


def _uncommented(line: str) -> str:
    quote = ""
    for index, character in enumerate(line):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character == "#":
            return line[:index]
    return line
