# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""To whom a dump is encrypted: public keys as age takes them, checked before any crash.

A key with one wrong letter would be found out by age in the capture kernel, and that dump would be lost. So the
checksum of age's own keys (Bech32, BIP 173) and the form of ssh keys (RFC 8709) are checked here.
"""

from __future__ import annotations

import base64
import binascii
import typing as t
from collections.abc import Iterable, Sequence

from ...errors import KdumpError
from .streams import ENCRYPTED, Filter

#: Where the keys lie in the image, one a line.
RECIPIENTS_PATH: t.Final = "etc/kdump/recipients"
AGE_PATH: t.Final = "bin/age"
#: More would not be a list of people who may read memory.
MOST_RECIPIENTS: t.Final = 64

#: Go keeps as much garbage as live memory where nothing limits it, and a thread a processor.
_SMALL_GO = "GOMAXPROCS=1 GOGC=25 GOMEMLIMIT=6MiB"
SEAL: t.Final = Filter("age", ENCRYPTED, f'/{AGE_PATH} --encrypt --recipients-file "$etc/recipients"', _SMALL_GO)

_AGE_PREFIX = "age"
_SSH_KIND = "ssh-ed25519"
_SSH_BYTES = 4 + len(_SSH_KIND) + 4 + 32
_LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECKSUM_LETTERS = 6
#: 32 bytes in letters of five bits.
_KEY_LETTERS = 52


class RecipientError(KdumpError):
    """A key that nothing could be encrypted to."""


def recipients(keys: Sequence[str]) -> tuple[str, ...]:
    """The keys, checked, without the comments that follow ssh keys; each of them once."""
    if len(keys) > MOST_RECIPIENTS:
        raise RecipientError(
            f"Cannot encrypt to {len(keys)} recipients: at most {MOST_RECIPIENTS} are taken. Drop some."
        )
    return tuple(dict.fromkeys(_key(key, number) for number, key in enumerate(keys, start=1)))


def text(keys: Iterable[str]) -> str:
    """The file of recipients."""
    return "".join(f"{key}\n" for key in keys)


def _key(key: str, number: int) -> str:
    words = key.split()
    what = f"recipient {number} ({key[:24]!r})"
    if "\n" in key.strip() or not words:
        raise RecipientError(f"Cannot encrypt to {what}: it is not one key. Give one key for each entry.")
    if words[0].upper().startswith("AGE-SECRET-KEY-"):
        # Shown to nobody.
        raise RecipientError(
            f"Cannot encrypt to recipient {number}: it is a secret key, which does not belong here and must be "
            "replaced now that it has been shown. Give the public key (age-keygen -y)."
        )
    if words[0] == _SSH_KIND and len(words) > 1:
        _check_ssh(words[1], what)
        return f"{_SSH_KIND} {words[1]}"
    if len(words) == 1 and words[0].startswith(f"{_AGE_PREFIX}1"):
        _check_age(words[0], what)
        return words[0]
    raise RecipientError(
        f"Cannot encrypt to {what}: it is neither an age public key (age1...) nor an ssh-ed25519 public key. Give one."
    )


def _check_age(key: str, what: str) -> None:
    letters = key[len(_AGE_PREFIX) + 1 :]
    if set(letters) - set(_LETTERS) or len(letters) != _KEY_LETTERS + _CHECKSUM_LETTERS:
        raise RecipientError(
            f"Cannot encrypt to {what}: it is not {len(_AGE_PREFIX) + 59} letters of an age key. Copy it."
        )
    values = [ord(letter) >> 5 for letter in _AGE_PREFIX] + [0] + [ord(letter) & 31 for letter in _AGE_PREFIX]
    if _remainder(values + [_LETTERS.index(letter) for letter in letters]) != 1:
        raise RecipientError(f"Cannot encrypt to {what}: its checksum is wrong, so a letter of it is. Copy it again.")


def _remainder(values: Iterable[int]) -> int:
    """Of the polynomial of BIP 173."""
    checksum = 1
    for value in values:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_GENERATOR):
            checksum ^= generator if top >> bit & 1 else 0
    return checksum


def _check_ssh(text: str, what: str) -> None:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    head = len(_SSH_KIND).to_bytes(4, "big") + _SSH_KIND.encode() + (32).to_bytes(4, "big")
    if len(data) != _SSH_BYTES or not data.startswith(head) or not _on_curve(data[-32:]):
        raise RecipientError(f"Cannot encrypt to {what}: it is not a whole {_SSH_KIND} key. Copy it again.")


def _on_curve(point: bytes) -> bool:
    """Whether a point of edwards25519 has this y (RFC 8032, section 5.1.3); about every second number is none's."""
    prime = 2**255 - 19
    y = int.from_bytes(point, "little") & (2**255 - 1)
    d = -121665 * pow(121666, prime - 2, prime)
    square = (y * y - 1) * pow(d * y * y + 1, prime - 2, prime) % prime
    return y < prime and (square == 0 or pow(square, (prime - 1) // 2, prime) == 1)
