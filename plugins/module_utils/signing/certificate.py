# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""X.509 certificates as far as trust in a signature goes: whose, by whom, and by which key identifiers."""

from __future__ import annotations

import binascii
import hashlib
import re
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass

from . import der
from .der import DerError, Element

_SUBJECT_KEY_ID: t.Final = "2.5.29.14"
_AUTHORITY_KEY_ID: t.Final = "2.5.29.35"
#: The parts of a name that people know it by.
_NAME_PARTS: t.Final = {
    "2.5.4.3": "CN", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.6": "C", "1.2.840.113549.1.9.1": "emailAddress",
}  # fmt: skip
_BMP_STRING: t.Final = 0x1E
#: No certificate of a kernel comes near it.
MAX_BYTES: t.Final = 1 << 16
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----")


@dataclass(frozen=True)
class Certificate:
    """What identifies a certificate. Key identifiers and the serial number are lower-case hex digits."""

    subject: str
    issuer: str
    serial: str
    fingerprint: str
    #: Of the key in it, and of the key that signed it, where the certificate says.
    key_id: str | None
    authority_key_id: str | None

    @property
    def kernel_id(self) -> str:
        """What the kernel calls the key in /proc/keys: its identifier, or the serial number where it has none."""
        return self.key_id or self.serial


def parse_certificate(data: bytes) -> Certificate:
    """The certificate in DER form."""
    what = "a certificate"
    whole = der.parse(data)
    body = list(der.sequence(der.sequence(whole, what, least=3)[0], what, least=6))
    if body[0].tag == der.context(0):
        body.pop(0)
    if len(body) < 6:
        raise DerError(f"Cannot read {what}: parts of it are missing")
    extensions = _extensions(body)
    return Certificate(
        subject=name_text(body[4]),
        issuer=name_text(body[2]),
        serial=body[0].expect(der.INTEGER, what).content.hex(),
        fingerprint=hashlib.sha256(whole.whole).hexdigest(),
        key_id=_key_id(extensions.get(_SUBJECT_KEY_ID)),
        authority_key_id=_authority(extensions.get(_AUTHORITY_KEY_ID)),
    )


def certificate_of_pem(text: bytes, path: str) -> Certificate:
    """The first certificate of a PEM file."""
    found = _PEM.search(text)
    if found is None:
        cure = (
            f"It is in DER form; convert it (openssl x509 -inform DER -in {path} -out ...)"
            if text[:1] == b"\x30"
            else "Give a certificate in PEM form"
        )
        raise DerError(f"Cannot use {path} as a certificate: it holds none in PEM form. {cure}")
    try:
        return parse_certificate(binascii.a2b_base64(found.group(1)))
    except (DerError, binascii.Error) as error:
        raise DerError(f"Cannot use {path} as a certificate: it is damaged ({error}). Give another") from error


def name_text(name: Element) -> str:
    """A name in one line; bytes that are no text are written as escapes."""
    parts = []
    for relative in name.expect(der.SEQUENCE, "a name").children():
        for pair in relative.children():
            kind, value = der.sequence(pair, "a part of a name", least=2)[:2]
            label = _NAME_PARTS.get(der.object_id(kind, "a part of a name"))
            if label:
                parts.append(f"{label}={_text(value)}")
    return ", ".join(parts)


def _text(value: Element) -> str:
    encoding = "utf-16-be" if value.tag == _BMP_STRING else "utf-8"
    text = value.content.decode(encoding, "backslashreplace")
    return "".join(character if character.isprintable() else "?" for character in text)


def _extensions(body: list[Element]) -> dict[str, bytes]:
    found = {}
    for extension in _listed(body):
        parts = der.sequence(extension, "an extension", least=2)
        found[der.object_id(parts[0], "an extension")] = parts[-1].expect(der.OCTET_STRING, "an extension").content
    return found


def _listed(body: list[Element]) -> Iterator[Element]:
    for part in body[6:]:
        if part.tag == der.context(3):
            yield from der.parse(part.content).expect(der.SEQUENCE, "the extensions").children()


def _key_id(value: bytes | None) -> str | None:
    return der.parse(value).expect(der.OCTET_STRING, "a key identifier").content.hex() if value else None


def _authority(value: bytes | None) -> str | None:
    """The key identifier, which is the first of three optional members."""
    if value is None:
        return None
    parts = der.parse(value).expect(der.SEQUENCE, "an authority key identifier").children()
    return next((part.content.hex() for part in parts if part.tag == 0x80), None)
