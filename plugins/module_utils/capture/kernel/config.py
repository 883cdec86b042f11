# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration that a production kernel starts from: the running kernel's, a package's, or a file."""

from __future__ import annotations

import glob
import gzip
import hashlib
import lzma
import os
import platform
import re
import typing as t
from dataclasses import dataclass

from . import architectures
from .architectures import Architecture
from .kconfig.fragment import ConfigError, parse_config
from .source import PACKAGED

#: A distribution's config has some 10 000 lines; this is twenty times as much.
_MAX_BYTES: t.Final = 8 << 20
#: Fewer settings than this are a fragment, not a configuration.
_FEWEST: t.Final = 100

#: The first line of a configuration names the folder below arch/.
_HEADER = re.compile(r"^# Linux/(?P<arch>\w+) \S+ Kernel Configuration$", re.MULTILINE)
_FLAVOUR = re.compile(r"[a-z0-9][a-z0-9_.-]{0,80}", re.ASCII)


@dataclass(frozen=True)
class BaseConfig:
    """One configuration."""

    name: str
    text: str

    def describe(self) -> dict[str, str]:
        """For digest and manifest."""
        return {"name": self.name, "sha256": hashlib.sha256(self.text.encode("utf-8", "surrogateescape")).hexdigest()}


def locate(wanted: str | None, architecture: Architecture, *, root: str = "/") -> BaseConfig:
    """Find and read a configuration: a path, a flavour of a package, or (None) the running kernel's."""
    if wanted is None:
        path = _running(architecture, root)
    elif "/" in wanted:
        path = wanted
    else:
        path = _packaged(wanted, root)
    text = read(path)
    _check(path, text, architecture)
    return BaseConfig(os.path.basename(path), text)


def read(path: str) -> str:
    """The text of a configuration, compressed or not."""
    if not os.path.isfile(path):
        raise ConfigError(f"Cannot read the kernel configuration {path}: there is no such file")
    try:
        with open(path, "rb") as stream, _unpacked(stream) as text:
            data = text.read(_MAX_BYTES + 1)
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise ConfigError(f"Cannot read the kernel configuration {path}: {error}") from error
    if len(data) > _MAX_BYTES:
        raise ConfigError(f"Cannot read the kernel configuration {path}: it is too large to be one")
    return bytes(data).decode("utf-8", "surrogateescape")


def _unpacked(stream: t.BinaryIO) -> gzip.GzipFile | lzma.LZMAFile | t.BinaryIO:
    magic = stream.read(2)
    stream.seek(0)
    if magic == b"\x1f\x8b":
        return gzip.GzipFile(fileobj=stream)
    return lzma.LZMAFile(stream) if magic == b"\xfd7" else stream


def _check(path: str, text: str, architecture: Architecture) -> None:
    if len(parse_config(text)) < _FEWEST:
        raise ConfigError(
            f"Cannot use the kernel configuration {path}: it sets fewer than {_FEWEST} symbols. "
            "Name a whole configuration, and parts of one in the option fragments"
        )
    header = _HEADER.search(text)
    if header and header["arch"] != architecture.source_name:
        raise ConfigError(
            f"Cannot use the kernel configuration {path} for {architecture.name}: it is one for {header['arch']}"
        )


def _running(architecture: Architecture, root: str) -> str:
    here = architectures.MACHINES.get(platform.machine())
    if here != architecture.name:
        raise ConfigError(
            f"Cannot take the running kernel's configuration for {architecture.name}: this is a machine of another "
            "architecture. Name a file, a flavour or minimal in the option config"
        )
    candidates = [os.path.join(root, "boot", f"config-{platform.release()}"), os.path.join(root, "proc/config.gz")]
    for path in candidates:
        if os.path.isfile(path):
            return path
    raise ConfigError(
        f"Cannot find the running kernel's configuration: there is neither {' nor '.join(candidates)}. "
        "Name a file, a flavour or minimal in the option config"
    )


def _packaged(flavour: str, root: str) -> str:
    """The file of Debian's linux-config package for a flavour such as ``amd64_none_cloud-amd64``."""
    folder = os.path.join(root, PACKAGED.lstrip("/"))
    names = glob.glob(os.path.join(glob.escape(folder), "linux-config-*/config.*"))
    flavours = {os.path.basename(path)[len("config.") :].removesuffix(".xz"): path for path in sorted(names)}
    if not _FLAVOUR.fullmatch(flavour) or flavour not in flavours:
        known = f"known are minimal and {', '.join(sorted(flavours))[:400]}" if flavours else "no linux-config package"
        raise ConfigError(
            f"Cannot use the kernel configuration {flavour[:80]!r}: there is no flavour of that name in {folder} "
            f"({known}), and for a path to a file it lacks a slash"
        )
    return flavours[flavour]
