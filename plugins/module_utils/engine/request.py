# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the distributions' kdumps a host has, and what is asked of it, checked before anything is touched."""

from __future__ import annotations

import difflib
import re
import typing as t
from collections.abc import Mapping

from ..errors import KdumpError
from ..host.tree import Host
from .assignments import Assignments
from .catalogue import ENGINES, Engine, File, Kind
from .directives import Directives
from .model import ConfigError, Document


def find_engine(choice: str, host: Host) -> t.Optional[Engine]:
    """The one that is installed, or None; ``choice`` is the name of one, or "auto"."""
    found = installed_engines(host)
    if choice != "auto":
        return next((engine for engine in found if engine.name == choice), None)
    if len(found) > 1:
        names = " and ".join(engine.name for engine in found)
        raise KdumpError(
            f"Cannot tell which kdump of the distribution this host uses: {names} are installed. "
            "Name one with the option engine"
        )
    return found[0] if found else None


def installed_engines(host: Host) -> list[Engine]:
    """All of them."""
    return [engine for engine in ENGINES.values() if any(host.exists(tool) for tool in engine.tools)]


def not_installed(choice: str) -> KdumpError:
    """What to say where there is none."""
    known = [engine for engine in ENGINES.values() if choice in ("auto", engine.name)]
    looked = ", ".join(tool for engine in known for tool in engine.tools)
    packages = " or ".join(dict.fromkeys(engine.package for engine in known))
    return KdumpError(
        f"Cannot configure the distribution's kdump: it is not installed (none of {looked} is there). "
        f"Install the package {packages}"
    )


def parse(file: File, text: str) -> Document:
    """A file by the model of its form."""
    if file.form == "directives":
        return Directives.parse(text, file.path, file.alternatives)
    return Assignments.parse(text, file.path)


def checked(settings: Mapping[str, t.Any], engine: Engine) -> dict[str, t.Optional[str]]:
    """The settings as they are to be written; one that the engine does not have is refused."""
    return {key: _checked(key, value, engine) for key, value in settings.items()}


def _checked(key: str, value: object, engine: Engine) -> t.Optional[str]:
    if value is None:
        return None
    kind = next((file.keys[key] for file in engine.files if key in file.keys), None)
    if kind is None:
        raise ConfigError(f"Cannot set {key} for {engine.name}: {_unknown(key, engine)}")
    text = _text(value, kind)
    if text is None or not re.fullmatch(kind.pattern, text):
        raise ConfigError(f"Cannot set {key} for {engine.name} to {value!r}: it has to be {kind.words}")
    return text


def _text(value: object, kind: Kind) -> t.Optional[str]:
    if isinstance(value, bool):
        return kind.true if value else kind.false
    if isinstance(value, int):
        return str(value)
    return value if isinstance(value, str) else None


def _unknown(key: str, engine: Engine) -> str:
    for file in engine.files:
        if key in file.former:
            return f"its tool takes that no longer. Use {file.former[key]}"
    names = [name for file in engine.files for name in file.keys]
    similar = difflib.get_close_matches(key, names, n=3)
    if similar:
        return f"it has no such setting. Perhaps {' or '.join(similar)} is meant"
    return f"it has no such setting. It has {', '.join(sorted(names))}"


def configured(file: File, document: Document, settings: Mapping[str, t.Optional[str]]) -> Document:
    """The file with those of the settings that belong into it."""
    for key, value in settings.items():
        if value is None:
            document = document.without(key)
        elif key in file.keys:
            document = document.with_value(key, value)
    return document


def complaints(file: File, document: Document) -> list[str]:
    """What is wrong with a file, a sentence each."""
    found = [
        f"line {document.lines[key]} of {file.path} sets {key}, {_flaw(file, key, value)}"
        for key, value in document.values.items()
        if _flaw(file, key, value)
    ]
    return found + (_repeated(file, document) if isinstance(document, Directives) else [])


def _flaw(file: File, key: str, value: t.Optional[str]) -> str:
    if key in file.former:
        return f"which the tool takes no longer; {file.former[key]} does that"
    if key not in file.keys:
        return "which the tool does not know"
    # Scripts take an empty variable for one that is not set.
    if value is None or (value == "" and file.form == "assignments") or re.fullmatch(file.keys[key].pattern, value):
        return ""
    return f"which has to be {file.keys[key].words}"


def _repeated(file: File, document: Directives) -> list[str]:
    seen: dict[str, int] = {}
    told = []
    for key, _value, line in document.found():
        name = "a target" if key in file.alternatives else key
        if name in seen:
            told.append(f"line {line} of {file.path} sets {name} that line {seen[name]} sets too")
        seen.setdefault(name, line)
    return told
