# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signing: which commands run, what is refused before any does, and that a real signature comes out."""

from __future__ import annotations

import shutil
import subprocess
import typing as t
from collections.abc import Sequence
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.command import CommandError, Completed, finish
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.signing.appended import split
from ansible_collections.linux.kdump.plugins.module_utils.signing.image import read_signatures
from ansible_collections.linux.kdump.plugins.module_utils.signing.pkcs7 import Signer, parse_signed_data
from ansible_collections.linux.kdump.plugins.module_utils.signing.sign import (
    Form,
    Identity,
    identity,
    sign_image,
    sign_modules,
)
from ansible_collections.linux.kdump.tests.unit.fakes import FakeRunner

from . import writer

needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="there is no openssl")


class Runner:
    """Really runs commands."""

    def run(
        self, argv: Sequence[str], *, what: str, timeout: int, cwd: str | None = None, env: t.Any = None,
        data: str | None = None, check: bool = True,
    ) -> Completed:  # fmt: skip
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=timeout)
        completed = Completed(tuple(argv), done.returncode, done.stdout, done.stderr)
        return finish(completed, what=what, timeout=timeout, check=check)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A key and its certificate."""
    folder = tmp_path_factory.mktemp("keys")
    key, certificate = str(folder / "key.pem"), str(folder / "cert.pem")
    argv = [
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9", "-subj", "/CN=our kernels",
        "-keyout", key, "-out", certificate,
    ]  # fmt: skip
    subprocess.run(argv, check=True, capture_output=True)
    return key, certificate


def whole(form: Form, files: tuple[str, str]) -> Identity:
    return identity(*files, form=form, runner=Runner(), which=lambda name: name)


@needs_openssl
def test_a_module_gets_a_signature_as_the_kernels_build_makes_it(tmp_path: Path, files: tuple[str, str]) -> None:
    who = whole("appended", files)
    assert who.subject.subject == "CN=our kernels"
    for name in ("a.ko", "kernel/b.ko", "modules.dep"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"module")
    (tmp_path / "a.ko").chmod(0o640)
    assert sign_modules(str(tmp_path), who, runner=Runner()) == 2
    module, message = split((tmp_path / "a.ko").read_bytes()) or (b"", b"")
    assert module == b"module"
    # modinfo(8) finds no signer in one that names a key identifier
    assert parse_signed_data(message).signers == (Signer("CN=our kernels", who.subject.serial, None),)
    assert (tmp_path / "a.ko").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "modules.dep").read_bytes() == b"module"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.ko", "kernel", "modules.dep"]


@needs_openssl
def test_an_image_gets_a_signature_that_names_the_key(tmp_path: Path, files: tuple[str, str]) -> None:
    who = whole("appended", files)
    (tmp_path / "vmlinux").write_bytes(b"vmlinux")
    sign_image(str(tmp_path / "vmlinux"), who, form="appended", runner=Runner())
    (signature,) = read_signatures(str(tmp_path / "vmlinux")).signatures
    assert signature.key_ids == (who.subject.key_id,)


@needs_openssl
def test_the_same_file_gets_the_same_signature(tmp_path: Path, files: tuple[str, str]) -> None:
    who = whole("appended", files)
    for name in ("one", "two"):
        (tmp_path / name).write_bytes(b"vmlinux")
        sign_image(str(tmp_path / name), who, form="appended", runner=Runner())
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@needs_openssl
def test_what_is_told_of_an_identity_is_public(files: tuple[str, str]) -> None:
    who = whole("pe", files)
    assert set(who.document()) == {"fingerprint", "subject", "key_id"}
    assert files[0] not in str(who.document())


@needs_openssl
def test_a_key_of_another_certificate_is_named(tmp_path: Path, files: tuple[str, str]) -> None:
    other = tmp_path / "other.pem"
    subprocess.run(["openssl", "genrsa", "-out", str(other), "2048"], check=True, capture_output=True)
    with pytest.raises(KdumpError, match=r"is not the key of the certificate .*CN=our kernels"):
        whole("pe", (str(other), files[1]))


@needs_openssl
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read: No such file"),
        ("hello", "no private key in PEM form"),
        ("-----BEGIN ENCRYPTED PRIVATE KEY-----\n", "is encrypted, and nobody is there"),
        ("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n", "is encrypted, and nobody is there"),
    ],
)
def test_a_key_that_cannot_sign_is_named_and_not_shown(
    tmp_path: Path, files: tuple[str, str], content: str | None, words: str
) -> None:
    key = tmp_path / "key"
    if content is not None:
        key.write_text(content + "topsecret")
    with pytest.raises(KdumpError, match=f"Cannot sign.*{words}") as caught:
        whole("pe", (str(key), files[1]))
    assert "topsecret" not in str(caught.value.as_result())


def test_missing_tools_are_named_at_once() -> None:
    with pytest.raises(KdumpError, match=r"missing: openssl sbsigntool.*apt-get install openssl sbsigntool"):
        identity("key", "certificate", form="pe", runner=FakeRunner(), which=lambda name: None)


WHO = writer.certificate("us")


def pretend(tmp_path: Path) -> Identity:
    from ansible_collections.linux.kdump.plugins.module_utils.signing.certificate import parse_certificate

    return Identity(str(tmp_path / "key"), str(tmp_path / "certificate"), parse_certificate(WHO))


def sbsign(content: bytes) -> t.Callable[[Sequence[str]], tuple[int, str, str]]:
    def run(argv: Sequence[str]) -> tuple[int, str, str]:
        Path(argv[argv.index("--output") + 1]).write_bytes(content)
        return 0, "", "warning: data remaining\n"

    return run


def test_an_image_is_replaced_by_what_was_verified(tmp_path: Path) -> None:
    image = tmp_path / "bzImage"
    image.write_bytes(b"unsigned")
    image.chmod(0o604)
    runner = FakeRunner({("sbsign",): sbsign(b"signed"), ("sbverify",): (0, "Signature verification OK\n", "")})
    sign_image(str(image), pretend(tmp_path), form="pe", runner=runner)
    assert (image.read_bytes(), image.stat().st_mode & 0o777) == (b"signed", 0o604)
    assert [call[0] for call in runner.calls] == ["sbsign", "sbverify"]


def test_an_image_whose_signature_does_not_hold_is_left_alone(tmp_path: Path) -> None:
    image = tmp_path / "bzImage"
    image.write_bytes(b"unsigned")
    runner = FakeRunner({("sbsign",): sbsign(b"signed"), ("sbverify",): (1, "Signature verification failed\n", "")})
    with pytest.raises(CommandError, match="Cannot verify the signature of bzImage: sbverify ended with status 1"):
        sign_image(str(image), pretend(tmp_path), form="pe", runner=runner)
    assert image.read_bytes() == b"unsigned"
    assert list(tmp_path.iterdir()) == [image]
