# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kernel configuration says: ``.config`` files and the fragments that ask for one.

Both are the same language: ``CONFIG_X=value``, ``# CONFIG_X is not set``, other comments and empty lines.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ....errors import KdumpError

#: A fragment is a page of text; what is far larger is not one.
MAX_FRAGMENT = 1 << 20

_SET = re.compile(r"CONFIG_(?P<name>\w+)=(?P<value>.*)", re.ASCII)
_UNSET = re.compile(r"# CONFIG_(?P<name>\w+) is not set", re.ASCII)
_VALUE = re.compile(r'[ymn]|-?\d+|0[xX][0-9a-fA-F]+|"(?:[^"\\]|\\.)*"', re.ASCII)


class ConfigError(KdumpError):
    """A fragment or a configuration that cannot be used."""


@dataclass(frozen=True)
class Setting:
    """One line of a fragment: which symbol is to have which value, and where that was asked for."""

    name: str
    value: str
    origin: str

    @property
    def line(self) -> str:
        """The line as kconfig reads it."""
        return f"# CONFIG_{self.name} is not set" if self.value == "n" else f"CONFIG_{self.name}={self.value}"


def parse_line(line: str) -> t.Union[tuple[str, str], None]:
    """The (name, value) of one line, or None for a comment or an empty line; ValueError for anything else."""
    unset = _UNSET.fullmatch(line)
    if unset:
        return unset["name"], "n"
    if not line or line.startswith("#"):
        return None
    match = _SET.fullmatch(line)
    if not match:
        raise ValueError("it is neither CONFIG_NAME=value nor '# CONFIG_NAME is not set'")
    if not _VALUE.fullmatch(match["value"]):
        raise ValueError(f'{match["value"] or "nothing"} is no value: use y, m, n, a number or a "string"')
    return match["name"], match["value"]


def parse_fragment(text: str, origin: str) -> tuple[Setting, ...]:
    """The settings of one fragment, in order. ``origin`` is the fragment's name or path, for messages."""
    if len(text) > MAX_FRAGMENT or "\0" in text:
        raise ConfigError(f"Cannot read the kconfig fragment {origin}: it is not a text of kconfig lines")
    settings = []
    for number, raw in enumerate(text.splitlines(), start=1):
        try:
            parsed = parse_line(raw.strip())
        except ValueError as error:
            raise ConfigError(
                f"Cannot read the kconfig fragment {origin}: line {number} ({raw.strip()[:80]}) is wrong: {error}"
            ) from error
        if parsed:
            settings.append(Setting(*parsed, origin=f"{origin}:{number}"))
    if not settings:
        raise ConfigError(f"Cannot use the kconfig fragment {origin}: it sets nothing")
    return tuple(settings)


def merge(fragments: Iterable[tuple[Setting, ...]]) -> dict[str, Setting]:
    """All settings by symbol; a later fragment overrules an earlier one."""
    return {setting.name: setting for fragment in fragments for setting in fragment}


def render(settings: Mapping[str, Setting]) -> str:
    """The merged settings as one fragment."""
    return "".join(f"{setting.line}\n" for setting in settings.values())


def parse_config(text: str) -> dict[str, str]:
    """A whole ``.config`` as {symbol: value}; what is off is not in it."""
    values = {}
    for raw in text.splitlines():
        match = _SET.fullmatch(raw.strip())
        if match:
            values[match["name"]] = match["value"]
    return values


def same_value(wanted: str, got: str) -> bool:
    """Whether two spellings are the same value: kconfig keeps 0x100 as it was asked for, but compares numbers."""
    if wanted == got:
        return True
    try:
        return int(wanted, 0) == int(got, 0)
    except ValueError:
        return False


def lost(settings: Mapping[str, Setting], config: Mapping[str, str]) -> list[tuple[Setting, str]]:
    """The settings that ``config`` does not hold, each with the value it holds instead (``n`` where it is off)."""
    pairs = [(setting, config.get(setting.name, "n")) for setting in settings.values()]
    return [(setting, got) for setting, got in pairs if not same_value(setting.value, got)]
