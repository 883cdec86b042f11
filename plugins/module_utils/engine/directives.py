# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/etc/kdump.conf, as kdumpctl reads it: a directive and its value on a line, and everything after a # is a comment."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from .model import ConfigError

_LINE = re.compile(r"(?P<before>[ \t]*)(?P<key>[^\s#]+)(?:[ \t]+(?P<value>[^#\n]*?))?(?P<after>[ \t]*(?:#[^\n]*)?\n?)")


@dataclass(frozen=True)
class Directives:
    """A whole file, line by line."""

    path: str
    rows: tuple[str, ...]
    #: Directives of which there can only be one, such as the targets.
    alternatives: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str, path: str, alternatives: Collection[str] = ()) -> Directives:
        """Read a file's text."""
        return cls(path, tuple(re.findall(r"[^\n]*\n|[^\n]+\Z", text)), frozenset(alternatives))

    @property
    def text(self) -> str:
        """The file as it is to be written; byte by byte what was read, where nothing was changed."""
        return "".join(self.rows)

    @property
    def values(self) -> Mapping[str, t.Optional[str]]:
        """The value of each directive, the last where there are several."""
        return {key: value for key, value, _line in self.found()}

    @property
    def lines(self) -> Mapping[str, int]:
        """The line of each directive."""
        return {key: line for key, _value, line in self.found()}

    def found(self) -> list[tuple[str, str, int]]:
        """Every directive with its value and its line."""
        matches = ((_LINE.fullmatch(row), line) for line, row in enumerate(self.rows, 1))
        return [(match["key"], match["value"] or "", line) for match, line in matches if match]

    def with_value(self, key: str, value: str) -> Directives:
        """The same file with this directive, in the place of those that it replaces."""
        if "#" in value:
            raise ConfigError(f"Cannot set {key} in {self.path}: # begins a comment there, and {value!r} has one")
        rivals = self.alternatives if key in self.alternatives else frozenset({key})
        same = [(line, old, there) for there, old, line in self.found() if there in rivals]
        if [(old, there) for _line, old, there in same] == [(value, key)]:
            return self
        if not same:
            return self._added(key, value)
        last = same[-1][0]
        drop = {line for line, _old, _key in same[:-1]}
        return self._with_rows(
            self._changed(row, key, value) if line == last else row
            for line, row in enumerate(self.rows, 1)
            if line not in drop
        )

    def without(self, key: str) -> Directives:
        """The same file without a directive."""
        drop = {line for there, _value, line in self.found() if there == key}
        return self._with_rows(row for line, row in enumerate(self.rows, 1) if line not in drop)

    def _changed(self, row: str, key: str, value: str) -> str:
        found = _LINE.fullmatch(row)
        return f"{found['before']}{key} {value}{found['after']}" if found else row

    def _added(self, key: str, value: str) -> Directives:
        """After the last line that has it commented out, where there is one, otherwise at the end."""
        example = re.compile(rf"#[ \t]?{re.escape(key)}[ \t]+[^<\s]")
        index = max((number for number, row in enumerate(self.rows, 1) if example.match(row)), default=len(self.rows))
        before = list(self.rows[:index])
        if before and not before[-1].endswith("\n"):
            before[-1] += "\n"
        return self._with_rows([*before, f"{key} {value}\n", *self.rows[index:]])

    def _with_rows(self, rows: t.Iterable[str]) -> Directives:
        return Directives(self.path, tuple(rows), self.alternatives)
