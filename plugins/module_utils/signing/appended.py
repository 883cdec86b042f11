# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures that are appended to a file, as the kernel knows them: of modules, and of images that are no PE."""

from __future__ import annotations

import struct
import typing as t

from ..errors import KdumpError

MAGIC: t.Final = b"~Module signature appended~\n"
#: ``struct module_signature``: algorithm, hash, kind, two lengths, padding, and the length of the signature.
_TRAILER: t.Final = struct.Struct(">5B3xI")
_PKCS7: t.Final = 2


class AppendedError(KdumpError):
    """The trailer of an appended signature is damaged."""


def split(data: bytes) -> tuple[bytes, bytes] | None:
    """What was signed and the PKCS#7 message over it; None where nothing is appended."""
    if not data.endswith(MAGIC):
        return None
    end = len(data) - len(MAGIC) - _TRAILER.size
    if end < 0:
        raise AppendedError("Cannot read the appended signature: the file ends within it")
    _algorithm, _hash, kind, _signer, _key, length = _TRAILER.unpack_from(data, end)
    if kind != _PKCS7 or not 0 < length <= end:
        raise AppendedError("Cannot read the appended signature: its trailer is damaged")
    return data[: end - length], data[end - length : end]


def join(data: bytes, message: bytes) -> bytes:
    """``data`` with a PKCS#7 message appended."""
    return data + message + _TRAILER.pack(0, 0, _PKCS7, 0, 0, len(message)) + MAGIC
