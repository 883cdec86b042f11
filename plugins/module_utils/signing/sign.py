# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sign a kernel image and its modules with a key of one's own, and see that what came out holds.

The private key stays where it is: commands are told its path, and nothing here keeps, logs or returns what is in it.
"""

from __future__ import annotations

import os
import typing as t
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from ..command import CommandRunner, which
from ..errors import KdumpError
from . import appended
from .certificate import MAX_BYTES, Certificate, certificate_of_pem

#: How images of each architecture carry a signature: inside, as the PE images that EFI stubs make of them, or after.
Form = t.Literal["pe", "appended"]
FORMS: t.Final[dict[str, Form]] = {
    "x86_64": "pe", "i386": "pe", "arm64": "pe", "ppc64le": "appended", "s390x": "appended",
}  # fmt: skip
#: Debian's packages of the tools of each form.
TOOLS: t.Final = {"sbsign": "sbsigntool", "sbverify": "sbsigntool", "openssl": "openssl"}
_NEEDED: t.Final[dict[Form, tuple[str, ...]]] = {
    "pe": ("sbsign", "sbverify", "openssl"),
    "appended": ("openssl",),
}
_HASH: t.Final = "sha256"
_SECONDS: t.Final = 60


class SigningError(KdumpError):
    """Something cannot be signed."""


@dataclass(frozen=True)
class Identity:
    """A key and its certificate, by their paths; the certificate's own words are public."""

    key: str
    certificate: str
    subject: Certificate

    def document(self) -> dict[str, t.Any]:
        """What a manifest tells of it: nothing of the key, not even where it is."""
        return {
            "fingerprint": self.subject.fingerprint,
            "subject": self.subject.subject,
            "key_id": self.subject.key_id,
        }


def identity(
    key: str, certificate: str, *, form: Form, runner: CommandRunner,
    which: Callable[[str], t.Optional[str]] = which,
) -> Identity:  # fmt: skip
    """The identity of the two files, looked at before anything else is done: a build takes minutes."""
    missing = sorted({TOOLS[tool] for tool in _NEEDED[form] if not which(tool)})
    if missing:
        raise SigningError(
            f"Cannot sign a kernel: these packages are missing: {' '.join(missing)}. "
            f"Install them (apt-get install {' '.join(missing)})",
            missing=missing,
        )
    subject = certificate_of_pem(_content(certificate, "certificate"), certificate)
    _check_key(key)
    pairs = [
        ["openssl", "x509", "-in", certificate, "-noout", "-pubkey"],
        ["openssl", "pkey", "-in", key, "-pubout"],
    ]
    public = [runner.run(argv, what=f"read {argv[3]}", timeout=_SECONDS).out for argv in pairs]
    if public[0] != public[1]:
        raise SigningError(
            f"Cannot sign with {key}: it is not the key of the certificate {certificate} ({subject.subject}). "
            "Give the two files that belong together"
        )
    return Identity(key, certificate, subject)


def sign_image(path: str, who: Identity, *, form: Form, runner: CommandRunner) -> None:
    """Sign the image ``path`` in place; it is replaced only by what has been verified."""
    if form == "pe":
        _in_place(path, lambda target: _sign_pe(path, target, who, runner))
    else:
        named = ["-keyid"] if who.subject.key_id else []
        _in_place(path, lambda target: _sign_appended(path, target, who, runner, named))


def _in_place(path: str, sign: Callable[[str], None]) -> None:
    target = f"{path}.signed"
    try:
        sign(target)
        os.chmod(target, os.stat(path).st_mode & 0o7777)
        os.replace(target, path)
    finally:
        if os.path.exists(target):
            os.unlink(target)


def sign_modules(tree: str, who: Identity, *, runner: CommandRunner) -> int:
    """Sign every module below ``tree``; how many there are.

    The signer is named by issuer and serial number, as the kernel's own build does it. The kernel takes a key
    identifier as well, but modinfo(8) then shows no signature at all.
    """
    modules = sorted(
        os.path.join(folder, name)
        for folder, _folders, names in os.walk(tree)
        for name in names
        if name.endswith(".ko")
    )
    for module in modules:
        _in_place(module, partial(_sign_module, module, who, runner))
    return len(modules)


def _sign_module(path: str, who: Identity, runner: CommandRunner, target: str) -> None:
    _sign_appended(path, target, who, runner, ())


def _sign_pe(path: str, target: str, who: Identity, runner: CommandRunner) -> None:
    name = os.path.basename(path)
    argv = ["sbsign", "--key", who.key, "--cert", who.certificate, "--output", target, path]
    runner.run(argv, what=f"sign {name}", timeout=_SECONDS)
    runner.run(
        ["sbverify", "--cert", who.certificate, target],
        what=f"verify the signature of {name}", timeout=_SECONDS,
    )  # fmt: skip


def _sign_appended(path: str, target: str, who: Identity, runner: CommandRunner, named: Sequence[str]) -> None:
    name, message = os.path.basename(path), f"{target}.p7s"
    make = [
        "openssl", "cms", "-sign", "-binary", "-noattr", "-nocerts", *named, "-md", _HASH, "-outform", "DER",
        "-signer", who.certificate, "-inkey", who.key, "-in", path, "-out", message,
    ]  # fmt: skip
    check = [
        "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-noverify", "-nointern",
        "-certfile", who.certificate, "-content", path, "-in", message, "-out", os.devnull,
    ]  # fmt: skip
    try:
        runner.run(make, what=f"sign {name}", timeout=_SECONDS)
        runner.run(check, what=f"verify the signature of {name}", timeout=_SECONDS)
        with open(path, "rb") as content, open(message, "rb") as signature, open(target, "wb") as out:
            out.write(appended.join(content.read(), signature.read()))
    finally:
        if os.path.exists(message):
            os.unlink(message)


def _check_key(path: str) -> None:
    """Refuse what a tool would stop at to ask for a password; the content is looked at and forgotten."""
    content = _content(path, "key")
    if b"PRIVATE KEY-----" not in content:
        raise SigningError(f"Cannot sign with {path}: it holds no private key in PEM form. Give one that does")
    if b"ENCRYPTED" in content:
        raise SigningError(
            f"Cannot sign with {path}: the key is encrypted, and nobody is there to type its password. "
            f"Decrypt it where only the build can read it (openssl pkey -in {path} -out ...)"
        )


def _content(path: str, what: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read(MAX_BYTES)
    except OSError as error:
        raise SigningError(f"Cannot sign: the {what} {path} cannot be read: {error.strerror}") from error
