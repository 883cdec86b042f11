# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PKCS#7 signed data: who signed, which certificates came along, and what was signed."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from . import der
from .certificate import Certificate, name_text, parse_certificate
from .der import DerError, Element

_SIGNED_DATA: t.Final = "1.2.840.113549.1.7.2"
#: Microsoft's "indirect data": the digest of an executable.
_INDIRECT_DATA: t.Final = "1.3.6.1.4.1.311.2.1.4"
_DIGESTS: t.Final = {
    "1.3.14.3.2.26": "sha1", "2.16.840.1.101.3.4.2.1": "sha256", "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}  # fmt: skip
_SIGNER_KEY_ID: t.Final = 0x80
#: A kernel is signed once or twice; a list of thousands is an attack on whoever reads it.
_MOST: t.Final = 32
_MOST_BYTES: t.Final = 1 << 20


@dataclass(frozen=True)
class Signer:
    """How the signature names its maker: by issuer and serial number, or by key identifier."""

    issuer: str | None
    serial: str | None
    key_id: str | None


@dataclass(frozen=True)
class SignedData:
    """A signature as it stands. Nothing here says that it is valid."""

    signers: tuple[Signer, ...]
    certificates: tuple[Certificate, ...]
    #: What the signature says about the executable: the algorithm and the digest, None where it is of other data.
    digest: tuple[str, bytes] | None

    def chain(self) -> tuple[Certificate, ...]:
        """The signers' certificates and those that vouch for them, as far as they came along."""
        found = [self._of(signer) for signer in self.signers]
        line = [certificate for certificate in found if certificate is not None]
        for certificate in line:
            issuer = self._issuer_of(certificate)
            if issuer is not None and issuer not in line:
                line.append(issuer)
        return tuple(line)

    def _of(self, signer: Signer) -> Certificate | None:
        if signer.key_id is not None:
            return next((each for each in self.certificates if each.key_id == signer.key_id), None)
        name = (signer.issuer, signer.serial)
        return next((each for each in self.certificates if (each.issuer, each.serial) == name), None)

    def _issuer_of(self, certificate: Certificate) -> Certificate | None:
        if certificate.authority_key_id is None:
            return None
        return next((each for each in self.certificates if each.key_id == certificate.authority_key_id), None)


def parse_signed_data(data: bytes) -> SignedData:
    """The PKCS#7 message that ``data`` begins with."""
    what = "a signature"
    if len(data) > _MOST_BYTES:
        raise DerError(f"Cannot read a signature: it has {len(data)} bytes, which no kernel's has")
    outer = der.sequence(der.parse(data), what, least=2)
    if der.object_id(outer[0], what) != _SIGNED_DATA:
        raise DerError("Cannot read a signature: it is a PKCS#7 message of another kind")
    parts = der.sequence(der.parse(outer[1].expect(der.context(0), what).content), what, least=4)
    certificates = next((part.children() for part in parts[3:] if part.tag == der.context(0)), ())
    signers = parts[-1].expect(der.SET, "the signers").children()
    return SignedData(
        signers=tuple(_signer(element) for element in signers[:_MOST]),
        certificates=tuple(parse_certificate(element.whole) for element in certificates[:_MOST]),
        digest=_indirect(parts[2]),
    )


def _signer(element: Element) -> Signer:
    identity = der.sequence(element, "a signer", least=4)[1]
    if identity.tag == _SIGNER_KEY_ID:
        return Signer(None, None, identity.content.hex())
    issuer, serial = der.sequence(identity, "a signer", least=2)[:2]
    return Signer(name_text(issuer), serial.expect(der.INTEGER, "a signer").content.hex(), None)


def _indirect(content: Element) -> tuple[str, bytes] | None:
    what = "what was signed"
    parts = der.sequence(content, what, least=1)
    if der.object_id(parts[0], what) != _INDIRECT_DATA or len(parts) < 2:
        return None
    message = der.sequence(der.parse(parts[1].content), what, least=2)[1]
    algorithm, digest = der.sequence(message, what, least=2)[:2]
    name = der.object_id(der.sequence(algorithm, what, least=1)[0], what)
    return _DIGESTS.get(name, name), digest.expect(der.OCTET_STRING, what).content
