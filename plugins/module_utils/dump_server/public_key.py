# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Public keys of ssh, as clients and servers write them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import typing as t
from dataclasses import dataclass

from ..errors import KdumpError

#: What OpenSSH of today makes; ssh-dss and certificates are none of these.
KINDS: t.Final = (
    "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa",
    "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com",
)  # fmt: skip
#: What a server may still have a file of, and what no client takes any longer.
OLD_KINDS: t.Final = ("ssh-dss",)

#: How the files of private keys begin that hold the public half as it is, whether they are encrypted or not.
_PRIVATE: t.Final = b"openssh-key-v1\0"
_ARMOUR = re.compile(r"-----BEGIN OPENSSH PRIVATE KEY-----\s+([A-Za-z0-9+/=\s]+)-----END OPENSSH PRIVATE KEY-----\s*")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{16,4096}={0,2}")


@dataclass(frozen=True)
class PublicKey:
    """One public key, without its comment."""

    kind: str
    blob: str

    @property
    def line(self) -> str:
        """Kind and key, as every file of ssh has them."""
        return f"{self.kind} {self.blob}"

    @property
    def fingerprint(self) -> str:
        """The fingerprint that ssh and ssh-keygen show."""
        digest = hashlib.sha256(base64.b64decode(self.blob)).digest()
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def parse_key(line: str, what: str) -> PublicKey:
    """The key in a line of a C(.pub) file; ``what`` names it in the message."""
    words = line.split()
    if len(words) < 2 or words[0] not in KINDS or not _BASE64.fullmatch(words[1]):
        raise KdumpError(
            f"Cannot use {what}: {line.strip()[:60]!r} is no public key of ssh. Give the line of a .pub file."
        )
    try:
        inside = base64.b64decode(words[1], validate=True)
    except (binascii.Error, ValueError):
        inside = b""
    # the blob says again what it is, behind the length of that word
    kind = words[0].encode()
    if not inside.startswith(len(kind).to_bytes(4, "big") + kind):
        raise KdumpError(
            f"Cannot use {what}: the key after {words[0]} is damaged. Copy the line of the .pub file again."
        )
    return PublicKey(words[0], words[1])


def public_half(text: str) -> str | None:
    """The public key in a private key's file; None where that is of another format than OpenSSH's own."""
    armour = _ARMOUR.fullmatch(text)
    if not armour:
        return None
    try:
        inside = base64.b64decode("".join(armour.group(1).split()), validate=True)
        if not inside.startswith(_PRIVATE):
            return None
        place = len(_PRIVATE)
        # the cipher, how its key is made of a passphrase, with what
        for _word in range(3):
            place = _behind(inside, place)
        # how many keys there are
        blob = inside[place + 8 : _behind(inside, place + 4)]
        kind = blob[4 : _behind(blob, 0)].decode("ascii")
    except ValueError:
        return None
    return f"{kind} {base64.b64encode(blob).decode()}"


def _behind(data: bytes, place: int) -> int:
    """Where what is written behind its length ends; that it ends beyond the data is a ValueError."""
    end = place + 4 + int.from_bytes(data[place : place + 4], "big")
    if end > len(data):
        raise ValueError(end)
    return end
