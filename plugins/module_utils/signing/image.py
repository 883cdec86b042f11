# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who signed a kernel image, in whichever of the two ways, and whether it is still what was signed."""

from __future__ import annotations

import os
import typing as t
from dataclasses import asdict, dataclass

from ..errors import KdumpError
from .appended import split
from .certificate import Certificate
from .pe import PeImage, parse_pe
from .pkcs7 import SignedData, parse_signed_data

#: Larger than any kernel; what is larger is none.
MAX_BYTES: t.Final = 1 << 28
_KNOWN: t.Final = ("sha1", "sha256", "sha384", "sha512")


class ImageError(KdumpError):
    """The signatures of an image cannot be read."""


@dataclass(frozen=True)
class Signature:
    """One signature: whom it names, and the identifiers of keys that would vouch for it."""

    #: ``pe`` (in the image) or ``appended`` (after it).
    form: str
    subject: str
    issuer: str | None
    fingerprint: str | None
    #: Any of these in a trusted keyring makes the kernel take it: the signer's key, or one that vouches for it.
    key_ids: tuple[str, ...]
    #: The image still has the digest that was signed; None where only a check of the signature itself would tell.
    intact: bool | None

    def document(self) -> dict[str, t.Any]:
        """The same as plain data."""
        return {**asdict(self), "key_ids": list(self.key_ids)}

    @classmethod
    def from_document(cls, document: t.Mapping[str, t.Any]) -> Signature:
        """The signature that `document` told."""
        return cls(**{**document, "key_ids": tuple(document["key_ids"])})


@dataclass(frozen=True)
class ImageSignatures:
    """What a kernel image says about itself."""

    #: It can hold signatures of its own: it was built with an EFI stub.
    pe: bool
    signatures: tuple[Signature, ...]

    def document(self) -> dict[str, t.Any]:
        """The same as plain data."""
        return {"pe": self.pe, "signatures": [signature.document() for signature in self.signatures]}


def read_signatures(path: str) -> ImageSignatures:
    """The signatures of the file ``path``."""
    if os.path.getsize(path) > MAX_BYTES:
        raise ImageError(f"Cannot read the signatures of {path}: it is too large to be a kernel")
    with open(path, "rb") as stream:
        data = stream.read(MAX_BYTES)
    try:
        return signatures_of(data)
    except KdumpError as error:
        raise ImageError(f"Cannot read the signatures of {path}: {error.message}") from error


def signatures_of(data: bytes) -> ImageSignatures:
    """The signatures of an image."""
    appended = split(data)
    if appended is not None:
        return ImageSignatures(parse_pe(data) is not None, (_appended(parse_signed_data(appended[1])),))
    image = parse_pe(data)
    if image is None:
        return ImageSignatures(False, ())
    return ImageSignatures(True, tuple(_embedded(image, parse_signed_data(each)) for each in image.messages()))


def _embedded(image: PeImage, signed: SignedData) -> Signature:
    intact = None
    if signed.digest is not None and signed.digest[0] in _KNOWN:
        intact = image.digest(signed.digest[0]) == signed.digest[1]
    return _signature("pe", signed, intact)


def _appended(signed: SignedData) -> Signature:
    return _signature("appended", signed, None)


def _signature(form: str, signed: SignedData, intact: bool | None) -> Signature:
    chain = signed.chain()
    signer = signed.signers[0] if signed.signers else None
    named = signer.key_id if signer else None
    ids = [identifier for certificate in chain for identifier in _ids(certificate)]
    return Signature(
        form=form,
        subject=chain[0].subject if chain else f"the key {named}" if named else "unknown",
        issuer=chain[0].issuer if chain else signer.issuer if signer else None,
        fingerprint=chain[0].fingerprint if chain else None,
        key_ids=tuple(dict.fromkeys([*([named] if named else []), *ids])),
        intact=intact,
    )


def _ids(certificate: Certificate) -> list[str]:
    return [each for each in (certificate.kernel_id, certificate.authority_key_id) if each]
