# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which kexec-tools are asked for."""

from __future__ import annotations

import os
import re
import typing as t
from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import KdumpError
from ...host.paths import KEXEC_PREFIX
from ..kernel.architectures import Architecture

#: What an error says could not be built.
WHAT: t.Final = "kexec-tools"

_PREFIX = re.compile(r"(?:/[A-Za-z0-9._+-]+)+")
#: Where a distribution's own may be.
_TAKEN: t.Final = ("/usr", "/usr/local")
_VERSION = re.compile(r"\d[A-Za-z0-9.+~:-]{0,60}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_URL = re.compile(r"[a-z]+://")


class RequestError(KdumpError):
    """What is asked for cannot be."""


@dataclass(frozen=True)
class Request:
    """What is asked for."""

    architecture: Architecture
    cache: str
    jobs: int
    timeout: int
    version: str | None = None
    #: An address, an archive, a Debian source package or a folder; None for the distribution's own source package.
    source: str | None = None
    sha256: str | None = None
    patches: tuple[str, ...] = ()
    prefix: str = KEXEC_PREFIX
    suite: str | None = None
    sources: tuple[str, ...] = ()
    force: bool = False

    @property
    def folder(self) -> str:
        """Where everything is that is kept."""
        return os.path.join(os.path.abspath(self.cache), "kexec-tools")

    @property
    def is_url(self) -> bool:
        """Whether the source has to be downloaded."""
        return self.source is not None and _URL.match(self.source) is not None


def of_options(*, patches: Sequence[str], prefix: str, sources: Sequence[str], **others: t.Any) -> Request:
    """A request, once it is known that it makes sense."""
    request = Request(patches=tuple(patches), prefix=prefix.rstrip("/"), sources=tuple(sources), **others)
    _check_prefix(prefix, request.prefix)
    for name, value, form, example in (
        ("version", request.version, _VERSION, "2.0.25"),
        ("sha256", request.sha256, _SHA256, "64 hexadecimal digits"),
    ):
        if value is not None and not form.fullmatch(value):
            raise RequestError(f"Cannot build {WHAT}: {value[:80]!r} is no {name}. Give one such as {example}")
    if request.is_url and not request.sha256:
        raise RequestError(f"Cannot build {WHAT} from {request.source}: nothing says what that holds. Give its sha256")
    for name in ("jobs", "timeout"):
        if getattr(request, name) < 1:
            raise RequestError(f"Cannot build {WHAT} with {name}={getattr(request, name)}. Give a number above 0")
    for patch in request.patches:
        _check_patch(patch)
    return request


def _check_prefix(given: str, prefix: str) -> None:
    parts = prefix.split("/")
    if not given.startswith("/"):
        problem = "it is not an absolute path"
    elif not _PREFIX.fullmatch(prefix) or "." in parts or ".." in parts:
        problem = "a build takes letters, digits and . _ + - in the names of its folders only"
    elif prefix in _TAKEN:
        problem = "that is where a distribution's own kexec-tools may be"
    else:
        return
    raise RequestError(f"Cannot build {WHAT} for the prefix {given[:80]!r}: {problem}. Give one such as {KEXEC_PREFIX}")


def _check_patch(path: str) -> None:
    if not os.path.isfile(path):
        raise RequestError(f"Cannot apply the patch {path}: there is no such file")
    if not os.path.getsize(path):
        raise RequestError(f"Cannot apply the patch {path}: the file is empty")
