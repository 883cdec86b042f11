# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries as the Boot Loader Specification has them: one file for each, as systemd-boot, Fedora's GRUB and zipl read.

https://uapi-group.org/specifications/specs/boot_loader_specification/ is the reference.
"""

from __future__ import annotations

import glob
import os
import re
import typing as t
from collections.abc import Sequence

from .edited import Stanza

ENTRIES: t.Final = "loader/entries"

_LINE: t.Final = re.compile(r"^[ \t]*(?P<key>[A-Za-z0-9_-]+)[ \t]+(?P<value>[^\n]*?)[ \t\r]*$", re.MULTILINE)
#: A variable of GRUB's in a line of options, which no other loader expands.
VARIABLE: t.Final = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
#: The parts of a kernel's arguments that GRUB keeps in its environment (RHEL 8).
KERNEL_OPTIONS: t.Final = "kernelopts"


def read_entry(text: str, origin: str, *, variables: bool = False) -> tuple[Stanza, ...]:
    """The entry in a file; none if it boots nothing. ``variables`` is true for GRUB."""
    found = [(match["key"], match) for match in _LINE.finditer(text)]
    values = {key: match["value"] for key, match in found}
    spans = tuple(match.span("value") for key, match in found if key == "options")
    kernel = values.get("linux") or values.get("uki") or values.get("efi")
    if kernel is None:
        return ()
    # Options beside a unified kernel image would stand for all that is in it, its root file system included.
    bare = "" if text.endswith("\n") else "\n"
    insertion = None if spans or "linux" not in values else (len(text), f"{bare}options ", "\n")
    options = " ".join(text[start:end] for start, end in spans)
    return (
        Stanza(
            title=" ".join(filter(None, (values.get("title"), _version(values)))) or os.path.basename(origin),
            spans=spans,
            identity=os.path.basename(origin)[: -len(".conf")],
            kernel=kernel,
            insertion=insertion,
            elsewhere=variables and KERNEL_OPTIONS in names(options),
            reason="" if "linux" in values or "uki" in values else "an EFI program",
        ),
    )


def tidy(text: str) -> str:
    """The text without the line that was added for an entry that had none."""
    return re.sub(r"^options \n", "", text, flags=re.MULTILINE)


def names(options: str) -> tuple[str, ...]:
    """The variables that a line of options names."""
    return tuple(match[1] or match[2] for match in VARIABLE.finditer(options))


def by_kernel_install(text: str, origin: str) -> bool:
    """Whether ``kernel-install`` made this entry, and so will make those of kernels to come; rescue entries are not."""
    values = {match["key"]: match["value"] for match in _LINE.finditer(text)}
    version = values.get("version", "")
    name = re.sub(r"(\+[0-9]+(-[0-9]+)?)?\.conf\Z", "", os.path.basename(origin))
    return bool(version) and name.endswith(f"-{version}") and "-0-rescue" not in name


def files(folders: Sequence[str]) -> tuple[str, ...]:
    """Every entry's file in these folders, each once, however many names its folder has."""
    found: dict[str, str] = {}
    for folder in folders:
        for path in sorted(glob.glob(os.path.join(glob.escape(folder), "*.conf"))):
            found.setdefault(os.path.realpath(path), path)
    return tuple(found.values())


def _version(values: dict[str, str]) -> str:
    version = values.get("version", "")
    return f"({version})" if version and version not in values.get("title", "") else ""
