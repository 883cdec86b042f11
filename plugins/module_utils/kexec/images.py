# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installing the capture kernel and its save environment: only what differs is sent, nothing half-written is kept."""

from __future__ import annotations

import contextlib
import hashlib
import os
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..errors import KdumpError
from ..files import replacing
from ..host.tree import Host
from .state import digest

_BLOCK: t.Final = 1 << 20
#: A program, which is nobody's secret.
_PROGRAM: t.Final = "kexec"
_PROGRAM_MODE: t.Final = 0o755
#: The initramfs tells where dumps go and the kernel's addresses are nobody's business.
_MODE: t.Final = 0o600
_FOLDER_MODE: t.Final = 0o700
#: What the action plugin tells of each, in the order of `Offer`.
_OFFERED: t.Final = ("sha256", "bytes", "staged", "signatures", "machine")


@dataclass(frozen=True)
class Offer:
    """A file that the controller has: where it belongs, its digest and size, and where it lies if it has been sent."""

    name: str
    path: str
    sha256: str
    bytes: int
    staged: str | None = None
    #: What a kernel image says about itself, as the controller has read it.
    signatures: Mapping[str, t.Any] | None = None
    #: The architecture that a program is for, where the controller knows it.
    machine: str | None = None


def offers_of(request: Mapping[str, t.Any] | None, places: Mapping[str, t.Any]) -> tuple[Offer, ...]:
    """What the action plugin offers, for the files that belong in ``places``."""
    return tuple(
        Offer(name, places[name], *(offer.get(what) for what in _OFFERED))
        for name, offer in sorted((request or {}).items())
        if offer
    )


def differing(offers: Sequence[Offer], host: Host) -> tuple[Offer, ...]:
    """The offers that are not on the host yet."""
    return tuple(offer for offer in offers if digest(host, offer.path) != offer.sha256)


def install(offers: Sequence[Offer], host: Host) -> None:
    """Put the files that were sent in their places, all of them or none: they belong together."""
    try:
        with contextlib.ExitStack() as places:
            for offer in offers:
                path = host.path(offer.path)
                folder_mode, mode = (_PROGRAM_MODE,) * 2 if offer.name == _PROGRAM else (_FOLDER_MODE, _MODE)
                os.makedirs(os.path.dirname(path), mode=folder_mode, exist_ok=True)
                _copy(offer, host, places.enter_context(replacing(path, mode=mode)))
    except OSError as error:
        raise KdumpError(
            f"Cannot install {' and '.join(offer.path for offer in offers)}: {error.strerror or error}. "
            "Make room for it, or choose another place."
        ) from error


def _copy(offer: Offer, host: Host, target: t.BinaryIO) -> None:
    found = hashlib.sha256()
    with open(host.path(offer.staged or ""), "rb") as source:
        for block in iter(lambda: source.read(_BLOCK), b""):
            found.update(block)
            target.write(block)
    if found.hexdigest() != offer.sha256:
        raise KdumpError(
            f"Cannot install {offer.path}: it arrived with another sha256 than it was sent with. Try again."
        )
