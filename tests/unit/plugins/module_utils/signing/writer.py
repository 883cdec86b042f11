# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes what the readers read: DER, certificates, PKCS#7 messages and PE images. Nothing is really signed."""

from __future__ import annotations

import hashlib
import struct
import typing as t

from ansible_collections.linux.kdump.plugins.module_utils.signing import appended
from ansible_collections.linux.kdump.plugins.module_utils.signing.pe import parse_pe

SHA256 = "2.16.840.1.101.3.4.2.1"


def element(tag: int, *contents: bytes) -> bytes:
    """One element."""
    content = b"".join(contents)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    size = (len(content).bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + len(content).to_bytes(size, "big") + content


def seq(*contents: bytes) -> bytes:
    """A sequence."""
    return element(0x30, *contents)


def oid(text: str) -> bytes:
    """An object identifier."""
    first, second, *rest = map(int, text.split("."))
    out = bytearray()
    for number in [first * 40 + second, *rest]:
        groups = [number & 0x7F]
        while number := number >> 7:
            groups.append(0x80 | number & 0x7F)
        out += bytes(reversed(groups))
    return element(6, bytes(out))


def name(common: str, organisation: str | None = None) -> bytes:
    """A name of one or two parts."""
    parts = [("2.5.4.3", common)] + ([("2.5.4.10", organisation)] if organisation else [])
    return seq(*(element(0x31, seq(oid(kind), element(0x0C, text.encode()))) for kind, text in parts))


def certificate(
    subject: str, *, serial: int = 7, key_id: str | None = "aa" * 20, issuer: str | None = None,
    authority: str | None = None,
) -> bytes:  # fmt: skip
    """A certificate with a signature of nobody."""
    extensions = []
    if key_id:
        extensions.append(seq(oid("2.5.29.14"), element(4, element(4, bytes.fromhex(key_id)))))
    if authority:
        extensions.append(
            seq(oid("2.5.29.35"), element(1, b"\xff"), element(4, seq(element(0x80, bytes.fromhex(authority)))))
        )
    algorithm = seq(oid("1.2.840.113549.1.1.11"), element(5))
    times = seq(element(0x17, b"260101000000Z"), element(0x17, b"360101000000Z"))
    body = seq(
        element(0xA0, element(2, b"\x02")), element(2, bytes([serial])), algorithm, name(issuer or subject), times,
        name(subject), seq(algorithm, element(3, b"\0")), element(0xA3, seq(*extensions)),
    )  # fmt: skip
    return seq(body, algorithm, element(3, b"\0" + bytes(32)))


def message(
    *, signer: bytes, content: bytes = b"", certificates: t.Sequence[bytes] = (),
) -> bytes:  # fmt: skip
    """A PKCS#7 message."""
    algorithm = seq(oid(SHA256), element(5))
    info = seq(element(2, b"\x01"), signer, algorithm, seq(oid("1.2.840.113549.1.1.1")), element(4, bytes(32)))
    parts = [element(2, b"\x01"), element(0x31, algorithm), content or seq(oid("1.2.840.113549.1.7.1"))]
    if certificates:
        parts.append(element(0xA0, *certificates))
    return seq(oid("1.2.840.113549.1.7.2"), element(0xA0, seq(*parts, element(0x31, info))))


def by_serial(issuer: str, serial: int = 7) -> bytes:
    """A signer, by issuer and serial number."""
    return seq(name(issuer), element(2, bytes([serial])))


def by_key(key_id: str) -> bytes:
    """A signer, by key identifier."""
    return element(0x80, bytes.fromhex(key_id))


def indirect(digest: bytes, algorithm: str = SHA256) -> bytes:
    """What is signed of an executable: its digest."""
    data = seq(oid("1.3.6.1.4.1.311.2.1.15"))
    return seq(
        oid("1.3.6.1.4.1.311.2.1.4"), element(0xA0, seq(data, seq(seq(oid(algorithm), element(5)), element(4, digest))))
    )


def pe_image(body: bytes = b"kernel", *, plus: bool = True) -> bytes:
    """A PE image without a signature."""
    size = 112 if plus else 96
    head = bytearray(b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x40) + b"PE\0\0" + bytes(20))
    optional = bytearray(size + 8 * 6)
    struct.pack_into("<H", optional, 0, 0x20B if plus else 0x10B)
    struct.pack_into("<I", optional, 64, 0xDEADBEEF)
    struct.pack_into("<I", optional, size - 4, 6)
    data = bytes(head + optional) + body
    return data + bytes(-len(data) % 8)


def signed_pe(
    image: bytes, certificates: t.Sequence[bytes], *, signer: bytes, digest: bytes | None = None
) -> bytes:  # fmt: skip
    """The image with a certificate table of one signature."""
    found = parse_pe(image)
    assert found
    made = found.digest("sha256") if digest is None else digest
    return with_table(image, message(signer=signer, content=indirect(made), certificates=certificates))


def with_table(image: bytes, *messages: bytes) -> bytes:
    """The image with these messages in its certificate table."""
    found = parse_pe(image)
    assert found
    table = b"".join(
        (struct.pack("<IHH", len(each) + 8, 0x200, 2) + each).ljust(-(-(len(each) + 8) // 8) * 8, b"\0")
        for each in messages
    )
    data = bytearray(image + table)
    struct.pack_into("<II", data, found.entry_at, len(image), len(table))
    struct.pack_into("<I", data, found.checksum_at, len(table))
    return bytes(data)


def signed_after(data: bytes, *, signer: bytes) -> bytes:
    """Any file with a signature appended."""
    return appended.join(data, message(signer=signer))


def fingerprint(data: bytes) -> str:
    """Of a certificate."""
    return hashlib.sha256(data).hexdigest()
