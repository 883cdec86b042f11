# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading documents that may lack anything: every step yields the value wanted, or None."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping

from .text import DEFAULT_LIMIT, printable

_SHA256 = re.compile(r"[0-9a-f]{64}")
_INTERFACE = re.compile(r"(?<!\S)kdump\.net=([0-9A-Fa-f:]{17})(?![^,\s])")
#: No list of a proof is longer than this, whatever the documents it is made of hold.
MOST = 200


class Reader:
    """One value somewhere in a document."""

    def __init__(self, value: object) -> None:
        self.value = value

    def at(self, *path: str) -> Reader:
        """The value below, or a reader of nothing."""
        value = self.value
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        return Reader(value)

    @property
    def present(self) -> bool:
        """Whether there is anything here."""
        return self.value is not None and self.value not in ("", {}, [])

    def text(self, limit: int = DEFAULT_LIMIT) -> str | None:
        """Harmless text of bounded length."""
        if isinstance(self.value, (str, int, float)) and not isinstance(self.value, bool) and self.value != "":
            return printable(self.value, limit=limit)
        return None

    def digest(self) -> str | None:
        """A sha256."""
        return str(self.value) if isinstance(self.value, str) and _SHA256.fullmatch(self.value) else None

    def number(self) -> float | None:
        """A number that is finite and not negative."""
        if isinstance(self.value, bool) or not isinstance(self.value, (int, float)):
            return None
        return float(self.value) if 0 <= self.value <= 1e18 and math.isfinite(self.value) else None

    def integer(self) -> int | None:
        """A whole number that is not negative."""
        number = self.number()
        return None if number is None else int(number)

    def octets_of_kib(self) -> int | None:
        """A number of KiB as bytes."""
        kib = self.integer()
        return None if kib is None else kib * 1024

    def flag(self) -> bool | None:
        """True or false."""
        return self.value if isinstance(self.value, bool) else None

    def items(self) -> list[Reader]:
        """The members of a list, the first ones only if there are very many."""
        return [Reader(item) for item in self.value[:MOST]] if isinstance(self.value, (list, tuple)) else []

    def pairs(self) -> Iterator[tuple[str, Reader]]:
        """Keys and values of a mapping."""
        if isinstance(self.value, Mapping):
            for key in list(self.value)[:MOST]:
                yield printable(key), Reader(self.value[key])


def path_drivers(evidence: object) -> list[str] | None:
    """The drivers between a host's dump target and the root of its buses, by name; None where it does not tell."""
    return _drivers(Reader(evidence).at("target"))


def network_drivers(evidence: object) -> list[str] | None:
    """Those of the interface that the capture kernel was told to bring up; None where it was told none, or is gone."""
    line = Reader(evidence).at("load", "command_line").value
    match = _INTERFACE.search(line) if isinstance(line, str) else None
    found = [
        _drivers(interface)
        for interface in (Reader(evidence).at("interfaces").items() if match else ())
        if match and interface.at("mac").value == match[1].lower()
    ]
    return found[0] if len(found) == 1 else None


def _drivers(place: Reader) -> list[str] | None:
    steps = place.at("path_modules").items()
    names = {step.at("module").text(80) or step.at("driver").text(80) for step in steps}
    return sorted(name for name in names if name) or None
