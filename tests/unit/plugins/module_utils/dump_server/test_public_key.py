# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Public halves of private keys."""

from __future__ import annotations

import base64
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.dump_server.public_key import public_half
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.dump_server.test_identity import made_up


def _word(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def armoured(inside: bytes) -> str:
    text = base64.encodebytes(inside).decode()
    return f"-----BEGIN OPENSSH PRIVATE KEY-----\n{text}-----END OPENSSH PRIVATE KEY-----\n"


def private_file(line: str) -> str:
    """A private key's file, as far as anybody looks into it here."""
    blob = base64.b64decode(line.split()[1])
    words = b"".join(map(_word, (b"none", b"none", b"")))
    return armoured(b"openssh-key-v1\0" + words + (1).to_bytes(4, "big") + _word(blob) + _word(b"secret"))


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ssh-rsa"])
def test_the_public_half_is_that_of_the_file_beside_it(kind: str) -> None:
    line = made_up(7, kind)
    assert public_half(private_file(line)) == " ".join(line.split()[:2])


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="needs ssh-keygen")
@pytest.mark.parametrize(
    "options", [["-t", "ed25519"], ["-t", "ecdsa"], ["-t", "ed25519", "-N", "a passphrase"]], ids=lambda words: words[1]
)
def test_reads_what_ssh_keygen_writes(options: list[str], tmp_path: Path) -> None:
    file = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-N", "", "-f", str(file), *options], check=True)
    assert public_half(file.read_text()) == " ".join((tmp_path / "key.pub").read_text().split()[:2])


@pytest.mark.parametrize(
    "text",
    ["", "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----\n", armoured(b"openssh-key-v2\0")],
    ids=["empty", "another format", "another version"],
)
def test_what_is_of_another_format_has_none(text: str) -> None:
    assert public_half(text) is None


@given(inside=st.binary(max_size=80))
def test_what_is_damaged_has_none(inside: bytes) -> None:
    assert public_half(armoured(b"openssh-key-v1\0" + inside)) is None or len(inside) >= 24


@given(length=st.integers(0, 109))
def test_what_is_cut_short_has_none(length: int) -> None:
    whole = private_file(made_up(7))
    inside = base64.b64decode("".join(whole.splitlines()[1:-1]))
    cut = public_half(armoured(inside[:length]))
    assert cut is None or cut == public_half(whole)
