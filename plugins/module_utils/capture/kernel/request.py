# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kernel is asked for, and the kconfig settings that this comes to."""

from __future__ import annotations

import os
import re
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...files import read_text
from .architectures import Architecture
from .fragments.base import BASE, REQUIRED
from .fragments.catalogue import FRAGMENTS, PROFILES
from .fragments.own import OWN
from .fragments.system import DEBUG_INFO, FILE_LOAD, LKDTM, MINIMAL, SYSTEM, USERLAND
from .fragments.system import REQUIRED as REQUIRED_OF_A_SYSTEM
from .kconfig import fragment as kconfig

#: How a capture kernel's release ends, so that nobody takes it for a kernel to run on.
SUFFIX: t.Final = "-kdump"
DEFAULT_SYSTEM_VERSION: t.Final = "-system"
#: A release has 64 characters at most; the version that comes before takes some.
_LONGEST_VERSION: t.Final = 48
_LOCAL_VERSION = re.compile(rf'"[A-Za-z0-9._+~-]{{1,{_LONGEST_VERSION}}}"')

#: Instead of a config: a production kernel that is made of fragments alone.
MINIMAL_CONFIG: t.Final = "minimal"

#: Where a kernel that is not relocatable may lie: x86 links it below the end of the first 512 MiB, at whole 2 MiB.
_START_STEP: t.Final = 2 << 20
_LAST_START: t.Final = 448 << 20
_START = re.compile(r"(?P<number>\d{1,10}|0x[0-9a-fA-F]{1,10})(?P<unit>[KMG]?)", re.ASCII)
_UNITS: t.Final = {"": 0, "K": 10, "M": 20, "G": 30}


@dataclass(frozen=True)
class Request:
    """What is asked for."""

    architecture: Architecture
    source: str | None
    fragments: tuple[str, ...]
    local_version: str
    cache: str
    jobs: int
    timeout: int
    kind: t.Literal["capture", "system"] = "capture"
    #: Of a system kernel: what it starts from; None is what the build host runs on.
    config: str | None = None
    debug_info: str = "dwarf"
    #: Of a capture kernel that is not relocatable: the address at which it runs.
    physical_start: int | None = None

    @property
    def from_fragments(self) -> bool:
        """Everything is off but what the fragments ask for."""
        return self.kind == "capture" or self.config == MINIMAL_CONFIG

    @property
    def image(self) -> str:
        """The name of the file to load or boot."""
        # kexec-tools refuses a bzImage that is not relocatable as a capture kernel
        return "vmlinux" if self.physical_start is not None else self.architecture.image


def of_options(
    *,
    kind: t.Literal["capture", "system"],
    architecture: Architecture,
    config: str | None,
    physical_start: str | None,
    fragments: Sequence[str] | None,
    local_version: str | None,
    **others: t.Any,
) -> Request:
    """A request from options of which some have another default for each kind of kernel."""
    capture = kind == "capture"
    if capture and config:
        raise kconfig.ConfigError(
            "Cannot start a capture kernel from a configuration: it is made of fragments. "
            "Leave out config, or name parts of it in the option fragments"
        )
    if physical_start and not capture:
        raise kconfig.ConfigError("Cannot place a production kernel: it is relocatable. Leave out physical_start")
    default = ("tiny",) if capture or config == MINIMAL_CONFIG else ()
    return Request(
        kind=kind, architecture=architecture, config=config,
        physical_start=parse_start(physical_start, architecture) if physical_start else None,
        fragments=default if fragments is None else tuple(fragments),
        local_version=local_version if local_version is not None else SUFFIX if capture else DEFAULT_SYSTEM_VERSION,
        **others,
    )  # fmt: skip


def parse_start(text: str, architecture: Architecture) -> int:
    """An address such as 16M at which a kernel of this architecture may run."""
    match = _START.fullmatch(text.strip())
    address = int(match["number"], 0 if "x" in match["number"] else 10) << _UNITS[match["unit"]] if match else 0
    if not 0 < address <= _LAST_START or address % _START_STEP:
        raise kconfig.ConfigError(
            f"Cannot place the kernel at {text[:40]!r}: it takes a multiple of 2M from 2M to {_LAST_START >> 20}M"
        )
    if architecture.source_name != "x86":
        raise kconfig.ConfigError(
            f"Cannot place the kernel at {text[:40]!r}: on {architecture.name} every kernel is relocatable. "
            "Leave out physical_start"
        )
    return address


def merged(request: Request) -> dict[str, kconfig.Setting]:
    """What all fragments together ask for."""
    settings = kconfig.merge([kconfig.parse_fragment(text, name) for name, text in fragment_texts(request)])
    _check_required(request, settings)
    _check_version(request, settings["LOCALVERSION"])
    return settings


def fragment_texts(request: Request) -> list[tuple[str, str]]:
    """(name, text) of all fragments in the order in which they apply."""
    texts = [("base", BASE), (request.architecture.name, request.architecture.fragment)]
    texts = texts if request.from_fragments else []
    texts += _system_texts(request) if request.kind == "system" else []
    texts.append(("local_version", f'CONFIG_LOCALVERSION="{request.local_version}"\n'))
    if request.physical_start is not None:
        start = f"# CONFIG_RELOCATABLE is not set\nCONFIG_PHYSICAL_START={request.physical_start:#x}\n"
        texts.append(("physical_start", start))
    return texts + _named_texts(request)


def _system_texts(request: Request) -> list[tuple[str, str]]:
    file_load = request.architecture.file_load
    return [
        *([("smp", OWN[request.architecture.name]["smp"]), ("minimal", MINIMAL)] if request.from_fragments else []),
        ("system", SYSTEM),
        *([("file_load", FILE_LOAD + file_load)] if file_load is not None else []),
        ("debug_info", DEBUG_INFO[request.debug_info]),
    ]


def _named_texts(request: Request) -> list[tuple[str, str]]:
    shipped = {**FRAGMENTS, **OWN[request.architecture.name]}
    if request.kind == "system":
        shipped |= {"lkdtm": LKDTM, "userland": USERLAND}
    texts = []
    for item in request.fragments:
        if item in PROFILES:
            texts += [(name, shipped[name]) for name in PROFILES[item] if shipped[name]]
        elif item in shipped:
            texts.append((item, _shipped(shipped, item, request.architecture)))
        else:
            texts.append((item, _user_fragment(item, [*PROFILES, *shipped])))
    return texts


def _shipped(shipped: Mapping[str, str], item: str, architecture: Architecture) -> str:
    if not shipped[item]:
        raise kconfig.ConfigError(
            f"Cannot use the kconfig fragment {item!r} for {architecture.name}: that architecture has no such devices"
        )
    return shipped[item]


def _user_fragment(item: str, known: list[str]) -> str:
    if "/" not in item:
        raise kconfig.ConfigError(
            f"Cannot use the kconfig fragment {item[:60]!r}: there is none of that name ({', '.join(known)}), "
            "and for a path to a file of one's own it lacks a slash"
        )
    if not os.path.isfile(item):
        raise kconfig.ConfigError(f"Cannot read the kconfig fragment {item}: there is no such file")
    if os.path.getsize(item) > kconfig.MAX_FRAGMENT:
        raise kconfig.ConfigError(f"Cannot read the kconfig fragment {item}: it is too large to be one")
    return read_text(item) or ""


def _check_required(request: Request, settings: Mapping[str, kconfig.Setting]) -> None:
    capture = request.kind == "capture"
    required = REQUIRED if capture else dict.fromkeys(REQUIRED_OF_A_SYSTEM, "y")
    what = "it is no capture kernel" if capture else "its crash could not be captured and understood"
    for name, value in required.items():
        if name == "RELOCATABLE" and request.physical_start is not None:
            continue
        if settings[name].value != value:
            raise kconfig.ConfigError(
                f"Cannot use the kconfig fragment {settings[name].origin}: without CONFIG_{name}={value} {what}"
            )


def _check_version(request: Request, version: kconfig.Setting) -> None:
    ends = version.value.endswith(f'{SUFFIX}"')
    if request.kind == "capture" and not ends:
        raise kconfig.ConfigError(
            f"Cannot use the local version {version.value} ({version.origin}): it does not end in {SUFFIX}, "
            "by which a capture kernel is known"
        )
    if request.kind == "system" and ends:
        raise kconfig.ConfigError(
            f"Cannot use the local version {version.value} ({version.origin}): it ends in {SUFFIX}, by which a capture "
            "kernel is known. Name a production kernel otherwise"
        )
    if not _LOCAL_VERSION.fullmatch(version.value):
        raise kconfig.ConfigError(
            f"Cannot use the local version {version.value[:80]} ({version.origin}): a kernel's release takes letters, "
            f"digits and . _ + ~ - only, and {_LONGEST_VERSION} of them at most here"
        )
