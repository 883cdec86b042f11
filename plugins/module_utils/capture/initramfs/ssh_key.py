# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenSSH's files in the form that dropbear's client reads: a private key, and pinned host keys."""

from __future__ import annotations

import base64
import binascii
import re
import typing as t

from ...dump_server.public_key import PublicKey
from ..save.targets import SSH_PORT
from .content import ContentError

_BEGIN: t.Final = "-----BEGIN OPENSSH PRIVATE KEY-----"
_END: t.Final = "-----END OPENSSH PRIVATE KEY-----"
_MAGIC: t.Final = b"openssh-key-v1\0"
_TYPE: t.Final = b"ssh-ed25519"
#: Seed and public half.
_ED25519_BYTES: t.Final = 64
_HOST: t.Final = re.compile(r"\[([0-9A-Za-z.:-]+)\]:(\d+)|([0-9A-Za-z.:-]+)")
_KEY: t.Final = re.compile(r"(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp\d+) [A-Za-z0-9+/]+=*")


class SshKeyError(ContentError):
    """A key that the ssh client of the save environment could not use."""


def private_key(text: str, *, path: str) -> bytes:
    """The key for dropbear: the type, then seed and public half."""
    body = text.strip()
    if not body.startswith(_BEGIN) or not body.endswith(_END):
        raise _unfit(path, "it is not a private key of OpenSSH")
    try:
        data = base64.b64decode("".join(body[len(_BEGIN) : -len(_END)].split()), validate=True)
        cipher, kind, pair = _parts(data)
    except (binascii.Error, ValueError, IndexError):
        raise _unfit(path, "its contents are damaged") from None
    if cipher != b"none":
        raise _unfit(path, "it has a passphrase, and nobody could enter one in a capture kernel")
    if kind != _TYPE or len(pair) != _ED25519_BYTES:
        raise _unfit(path, "it is not of type ed25519")
    return _string(_TYPE) + _string(pair)


def fingerprint(key: bytes) -> str:
    """What ssh shows of a key that `private_key` has made, so that people see whose it is."""
    public = _string(_TYPE) + _string(key[-_ED25519_BYTES // 2 :])
    return PublicKey(_TYPE.decode(), base64.b64encode(public).decode()).fingerprint


def known_hosts(text: str, *, path: str) -> str:
    """Pinned host keys, a line for each host: ``host`` or ``[host]:port``, the type, the key."""
    found: dict[str, None] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        names, _blank, key = line.partition(" ")
        match = _KEY.match(key)
        hosts = [_HOST.fullmatch(name) for name in names.split(",")]
        if not match or not all(hosts):
            raise SshKeyError(
                f"Cannot pin the host keys of {path}: line {number} is not a host in clear text, a type and a key. "
                "Write it with ssh-keyscan, without -H."
            )
        found.update({f"{_named(host)} {match[0]}\n": None for host in hosts if host})
    if not found:
        raise SshKeyError(f"Cannot pin the host keys of {path}: there are none. Write the server's keys into it.")
    return "".join(found)


def _named(host: re.Match[str]) -> str:
    """ssh's own port is never written."""
    return f"[{host[1]}]:{host[2]}" if host[1] and int(host[2]) != SSH_PORT else host[1] or host[3]


def _parts(data: bytes) -> tuple[bytes, bytes, bytes]:
    """The cipher, and of the first key its type and private part; ValueError or IndexError where they are not there."""
    if not data.startswith(_MAGIC):
        raise ValueError
    rest = data[len(_MAGIC) :]
    cipher, rest = _take(rest)
    rest = _after(_after(rest))  # how a passphrase would become a key, and with which options
    secret = _take(_after(rest[4:]))[0]
    if cipher != b"none":
        return cipher, b"", b""
    if len(secret) < 8 or secret[:4] != secret[4:8]:
        raise ValueError
    kind, rest = _take(secret[8:])
    return cipher, kind, _take(_after(rest))[0]


def _take(data: bytes) -> tuple[bytes, bytes]:
    """A string and what follows it."""
    end = 4 + int.from_bytes(data[:4], "big")
    if len(data) < 4 or len(data) < end:
        raise IndexError
    return data[4:end], data[end:]


def _after(data: bytes) -> bytes:
    """What follows a string."""
    return _take(data)[1]


def _string(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def _unfit(path: str, cause: str) -> SshKeyError:
    return SshKeyError(f"Cannot use {path} as ssh key: {cause}. Make one with ssh-keygen -t ed25519 -N ''.")
