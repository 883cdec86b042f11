# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tools of a build: are they there, and which versions are they."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ...command import CommandRunner, which
from ...errors import KdumpError
from .architectures import Architecture

#: Commands a build calls, and Debian's package of each.
TOOLS: t.Final = {
    "gcc": "gcc", "ld": "binutils", "make": "make", "flex": "flex", "bison": "bison", "bc": "bc",
    "tar": "tar", "xz": "xz-utils", "gzip": "gzip", "perl": "perl",
}  # fmt: skip
#: Headers a build includes: objtool reads ELF files with libelf.
HEADERS: t.Final = {"libelf.h": "libelf-dev", "stdio.h": "libc6-dev"}

_TIMEOUT = 30


@dataclass(frozen=True)
class Needs:
    """What the build host needs to build something."""

    what: str
    #: Commands, and headers of its own, with Debian's package of each.
    tools: Mapping[str, str]
    headers: Mapping[str, str]


KERNEL: t.Final = Needs("a kernel", TOOLS, HEADERS)


class ToolchainError(KdumpError):
    """The tools of a build are missing or make code for another machine."""


@dataclass(frozen=True)
class Toolchain:
    """The compiler for one architecture."""

    #: What its commands begin with, CROSS_COMPILE= to kbuild; empty for the build host's own.
    prefix: str
    #: The versions of what decides how a kernel's code looks.
    versions: Mapping[str, str]


def missing_packages(
    runner: CommandRunner, which: Callable[[str], str | None] = which, needs: Needs = KERNEL
) -> list[str]:
    """Debian's names of the packages that are not there."""
    missing = [package for tool, package in needs.tools.items() if not which(tool)]
    has_header = _include if which("gcc") else _exists
    return missing + [package for header, package in needs.headers.items() if not has_header(runner, header)]


def _include(runner: CommandRunner, header: str) -> bool:
    argv = ["gcc", "-E", "-x", "c", "-o", os.devnull, "-"]
    done = runner.run(argv, what=f"look for {header}", timeout=_TIMEOUT, data=f"#include <{header}>\n", check=False)
    return done.rc == 0


def _exists(_runner: CommandRunner, header: str) -> bool:
    return os.path.isfile(os.path.join("/usr/include", header))


def inspect(
    runner: CommandRunner,
    architecture: Architecture,
    which: Callable[[str], str | None] = which,
    needs: Needs = KERNEL,
) -> Toolchain:
    """The compiler to use and its version; all that is missing is named at once."""
    prefix = _prefix(runner, architecture, which)
    tools = {**needs.tools, **(architecture.packages if prefix else {})}
    missing = missing_packages(runner, which, Needs(needs.what, tools, needs.headers))
    if missing:
        raise lacking(needs.what, architecture, missing)
    compiler = f"{prefix}gcc"
    machine = _first_line(runner, compiler, "-dumpmachine")
    if not machine.startswith(architecture.compiler):
        raise ToolchainError(f"Cannot build {needs.what} for {architecture.name}: {compiler} makes code for {machine}")
    return Toolchain(prefix, {tool: _first_line(runner, f"{prefix}{tool}", "--version") for tool in ("gcc", "ld")})


def lacking(what: str, architecture: Architecture, missing: list[str]) -> ToolchainError:
    """The error that names what has to be installed."""
    return ToolchainError(
        f"Cannot build {what} for {architecture.name}: these packages are missing: {' '.join(missing)}. "
        f"Install them (apt-get install {' '.join(missing)})",
        missing=missing,
    )


def _prefix(runner: CommandRunner, architecture: Architecture, which: Callable[[str], str | None]) -> str:
    """None where the build host's own compiler makes code for the architecture, or else the cross compiler's."""
    native = bool(which("gcc")) and _first_line(runner, "gcc", "-dumpmachine").startswith(architecture.compiler)
    return "" if native else architecture.cross


def _first_line(runner: CommandRunner, tool: str, option: str) -> str:
    done = runner.run([tool, option], what=f"ask {tool} what it is", timeout=_TIMEOUT)
    return done.out.strip().partition("\n")[0]
