# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who signed an image: what the readers make of real structures, of damaged ones and of noise."""

from __future__ import annotations

import datetime
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.signing import appended, der
from ansible_collections.linux.kdump.plugins.module_utils.signing.certificate import (
    certificate_of_pem,
    parse_certificate,
)
from ansible_collections.linux.kdump.plugins.module_utils.signing.image import (
    ImageSignatures,
    Signature,
    read_signatures,
    signatures_of,
)
from ansible_collections.linux.kdump.plugins.module_utils.signing.pe import parse_pe

from . import writer

OURS = writer.certificate("Our kernels", key_id="11" * 20)
ROOT = writer.certificate("Root", serial=1, key_id="22" * 20)
LEAF = writer.certificate("Leaf", serial=9, key_id="33" * 20, issuer="Root", authority="22" * 20)


def test_a_signed_image_names_its_signer(tmp_path: Path) -> None:
    image = tmp_path / "bzImage"
    image.write_bytes(writer.signed_pe(writer.pe_image(), [OURS], signer=writer.by_serial("Our kernels")))
    found = read_signatures(str(image))
    assert found == ImageSignatures(
        pe=True,
        signatures=(
            Signature(
                form="pe", subject="CN=Our kernels", issuer="CN=Our kernels", fingerprint=writer.fingerprint(OURS),
                key_ids=("11" * 20,), intact=True,
            ),
        ),
    )  # fmt: skip
    assert Signature.from_document(found.signatures[0].document()) == found.signatures[0]


@pytest.mark.parametrize("plus", [True, False])
def test_both_kinds_of_pe_image_are_read(plus: bool) -> None:
    data = writer.signed_pe(writer.pe_image(plus=plus), [OURS], signer=writer.by_serial("Our kernels"))
    assert signatures_of(data).signatures[0].intact is True


def test_the_issuers_key_counts_as_well() -> None:
    data = writer.signed_pe(writer.pe_image(), [ROOT, OURS, LEAF], signer=writer.by_serial("Root", 9))
    (signature,) = signatures_of(data).signatures
    assert (signature.subject, signature.issuer) == ("CN=Leaf", "CN=Root")
    assert signature.key_ids == ("33" * 20, "22" * 20)


def test_one_flipped_byte_is_seen_and_a_new_check_sum_is_not() -> None:
    data = bytearray(writer.signed_pe(writer.pe_image(), [OURS], signer=writer.by_serial("Our kernels")))
    image = parse_pe(bytes(data))
    assert image
    data[image.checksum_at] ^= 1
    assert signatures_of(bytes(data)).signatures[0].intact is True
    data[image.table_at - 8] ^= 1
    assert signatures_of(bytes(data)).signatures[0].intact is False


def test_several_signatures_are_all_told() -> None:
    image = writer.pe_image()
    pages = parse_pe(image)
    assert pages
    content = writer.indirect(pages.digest("sha256"))
    messages = [
        writer.message(signer=writer.by_serial(who), content=content, certificates=[certificate])
        for who, certificate in (("Our kernels", OURS), ("Root", ROOT))
    ]
    assert [each.subject for each in signatures_of(writer.with_table(image, *messages)).signatures] == [
        "CN=Our kernels",
        "unknown",
    ]


def test_an_appended_signature_is_named_by_its_key() -> None:
    data = writer.signed_after(b"vmlinux", signer=writer.by_key("44" * 20))
    (signature,) = signatures_of(data).signatures
    assert (signature.form, signature.key_ids, signature.intact) == ("appended", ("44" * 20,), None)
    assert signature.subject == f"the key {'44' * 20}"
    assert appended.split(data) == (b"vmlinux", writer.message(signer=writer.by_key("44" * 20)))


def test_an_appended_signature_may_name_issuer_and_number_only() -> None:
    (signature,) = signatures_of(writer.signed_after(b"x" * 9, signer=writer.by_serial("Root", 1))).signatures
    assert (signature.subject, signature.issuer, signature.key_ids) == ("unknown", "CN=Root", ())


@pytest.mark.parametrize(
    ("data", "pe"),
    [
        (b"", False),
        (b"MZ", False),
        (b"\x7fELF" + bytes(100), False),
        (b"MZ" + bytes(200), False),
        (writer.pe_image(), True),
    ],
)
def test_what_has_no_signature_has_none(data: bytes, pe: bool) -> None:
    assert signatures_of(data) == ImageSignatures(pe=pe, signatures=())


def _patched(data: bytes, at: int, form: str, *values: int) -> bytes:
    out = bytearray(data)
    struct.pack_into(form, out, at, *values)
    return bytes(out)


SIGNED = writer.signed_pe(writer.pe_image(), [OURS], signer=writer.by_serial("Our kernels"))
ENTRY = 0x40 + 24 + 112 + 32


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (SIGNED[:-9], "certificate table is not inside the file"),
        (_patched(SIGNED, ENTRY, "<I", 4), "certificate table is not inside the file"),
        (_patched(SIGNED, len(writer.pe_image()), "<I", 1 << 20), "does not fit its table"),
        (_patched(SIGNED, len(writer.pe_image()), "<I", 3), "does not fit its table"),
        (_patched(SIGNED, 0x40 + 24 + 108, "<I", 2), "no place for signatures"),
        (_patched(SIGNED, 0x40 + 24, "<H", 7), "PE header is damaged"),
        (_patched(SIGNED, len(writer.pe_image()) + 8, "<B", 0x1F), "tag is of several bytes"),
        (writer.pe_image()[:0x60], "PE header is damaged"),
        (appended.MAGIC, "ends within it"),
        (bytes(40) + appended.MAGIC, "trailer is damaged"),
        (writer.with_table(writer.pe_image(), writer.seq(writer.oid("1.2.3"), writer.seq())), "of another kind"),
    ],
)
def test_damage_is_one_clear_error(tmp_path: Path, data: bytes, words: str) -> None:
    image = tmp_path / "image"
    image.write_bytes(data)
    with pytest.raises(KdumpError, match=f"Cannot read the signatures of .*{words}") as caught:
        read_signatures(str(image))
    assert "\n" not in caught.value.message


@given(at=st.integers(0, len(SIGNED) - 1), value=st.integers(0, 255))
def test_no_single_byte_breaks_the_reader(at: int, value: int) -> None:
    data = bytearray(SIGNED)
    data[at] = value
    try:
        found = signatures_of(bytes(data))
    except KdumpError:
        return
    changed = bytes(data) != SIGNED
    if changed and found.signatures and found.signatures[0].intact:
        # Only where the digest does not look: the check sum, the entry, or the table itself.
        assert at >= len(writer.pe_image()) or ENTRY <= at < ENTRY + 8 or 0x40 + 88 <= at < 0x40 + 92


@given(st.binary(max_size=200))
def test_noise_is_no_der(data: bytes) -> None:
    try:
        found = list(der.elements(data))
    except KdumpError:
        return
    assert b"".join(each.whole for each in found) == data


@pytest.mark.parametrize("text", ["1.3.6.1.4.1.311.2.1.4", "2.5.29.14", "0.9.2342", "1.2.840.113549.1.7.2"])
def test_object_identifiers_come_back(text: str) -> None:
    assert der.object_id(der.parse(writer.oid(text)), "it") == text


@pytest.mark.parametrize("data", [b"\x06\x00", b"\x06\x02\x2a\x86"])
def test_a_cut_object_identifier_is_an_error(data: bytes) -> None:
    with pytest.raises(KdumpError, match="cut off"):
        der.object_id(der.parse(data), "it")


def test_a_certificate_without_identifiers_goes_by_its_number() -> None:
    found = parse_certificate(writer.certificate("Old", serial=0x5A, key_id=None))
    assert (found.key_id, found.kernel_id) == (None, "5a")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "holds none in PEM form"),
        (OURS, "DER form; convert it"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "it is damaged"),
        (b"-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n", "it is damaged"),
    ],
)
def test_what_is_no_certificate_is_named(text: bytes, words: str) -> None:
    with pytest.raises(KdumpError, match=f"Cannot use cert.pem as a certificate: .*{words}"):
        certificate_of_pem(text, "cert.pem")


def test_reads_what_another_library_reads() -> None:
    x509 = pytest.importorskip("cryptography.x509")
    rsa = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.rsa")
    primitives = pytest.importorskip("cryptography.hazmat.primitives")
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    who = x509.Name([
        x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Bücher & Söhne"),
        x509.NameAttribute(x509.NameOID.COMMON_NAME, "kdump"),
    ])  # fmt: skip
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    made = (
        x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key())
        .serial_number(0xABCDEF).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(identifier, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        .sign(key, primitives.hashes.SHA256())
    )  # fmt: skip
    found = certificate_of_pem(made.public_bytes(serialization.Encoding.PEM), "cert.pem")
    assert found.subject == "O=Bücher & Söhne, CN=kdump"
    assert int(found.serial, 16) == made.serial_number
    assert found.fingerprint == made.fingerprint(primitives.hashes.SHA256()).hex()
    assert found.key_id == found.authority_key_id == identifier.digest.hex()
