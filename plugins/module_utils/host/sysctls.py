# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What /etc/sysctl.d and its kin set at boot, as systemd-sysctl reads them."""

from __future__ import annotations

import fnmatch
import glob
import os
import typing as t
from dataclasses import dataclass

from .tree import Host

#: A file hides those of the same name in the folders after its own; all are read in the order of their names.
FOLDERS: t.Final = ("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d")


@dataclass(frozen=True)
class Line:
    """One setting: a name or a pattern of names, with dots."""

    name: str
    value: str
    path: str


def boot_settings(host: Host) -> list[Line]:
    """Every setting, in the order in which they are applied."""
    files: dict[str, str] = {}
    for folder in reversed(FOLDERS):
        for path in glob.glob(os.path.join(glob.escape(host.path(folder)), "*.conf")):
            files[os.path.basename(path)] = os.path.join(folder, os.path.basename(path))
    return [line for name in sorted(files) for line in _lines(host, files[name])]


def boot_value(lines: t.Iterable[Line], name: str) -> t.Optional[Line]:
    """What a setting is set to in the end, and by whom; None where nobody sets it."""
    exact = [line for line in lines if line.name == name]
    # A name counts more than a pattern, wherever that is.
    matching = exact or [line for line in lines if fnmatch.fnmatchcase(name, line.name)]
    return matching[-1] if matching else None


def _lines(host: Host, path: str) -> list[Line]:
    found = []
    for text in (_read(host, path) or "").splitlines():
        name, equals, value = text.strip().partition("=")
        if equals and not name.startswith(("#", ";")):
            found.append(Line(_dotted(name.strip().lstrip("-")), value.strip(), path))
    return found


def _dotted(name: str) -> str:
    """kernel/panic is another spelling of kernel.panic: what comes first separates."""
    first = next((letter for letter in name if letter in "./"), ".")
    return name if first == "." else name.translate(str.maketrans("./", "/."))


def _read(host: Host, path: str) -> t.Optional[str]:
    # Debian links 99-sysctl.conf to /etc/sysctl.conf.
    return host.read(os.path.relpath(os.path.realpath(host.path(path)), os.path.realpath(host.root)))
