# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of keys in the form that the save environment's ssh client reads."""

from __future__ import annotations

import base64
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.capture.initramfs import ssh_key

PAIR = bytes(range(64))


def string(data: bytes) -> bytes:
    """A string of the ssh protocol."""
    return len(data).to_bytes(4, "big") + data


def openssh(
    *, cipher: bytes = b"none", kind: bytes = b"ssh-ed25519", pair: bytes = PAIR, check: bytes = b"abcdabcd"
) -> str:
    """A private key file of OpenSSH."""
    secret = check + string(kind) + string(pair[32:]) + string(pair) + string(b"a comment") + b"\1\2\3"
    data = b"openssh-key-v1\0" + string(cipher) + string(b"none") + string(b"") + (1).to_bytes(4, "big")
    return pem(data + string(string(kind) + string(pair[32:])) + string(secret))


def pem(data: bytes) -> str:
    """The text around such data."""
    body = base64.encodebytes(data).decode()
    return f"-----BEGIN OPENSSH PRIVATE KEY-----\n{body}-----END OPENSSH PRIVATE KEY-----\n"


def test_the_key_is_type_seed_and_public_half() -> None:
    found = ssh_key.private_key(openssh(), path="key")
    assert found == string(b"ssh-ed25519") + string(PAIR)


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
def test_a_key_of_ssh_keygen_is_read(tmp_path: Path) -> None:
    path = tmp_path / "key"
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)]  # fmt: skip
    subprocess.run(argv, check=True, timeout=60)
    found = ssh_key.private_key(path.read_text(), path=str(path))
    public = base64.b64decode((tmp_path / "key.pub").read_text().split()[1])
    assert found[-32:] == public[-32:]
    shown = subprocess.run(["ssh-keygen", "-l", "-f", str(path)], check=True, timeout=60, stdout=subprocess.PIPE)
    assert ssh_key.fingerprint(found) == shown.stdout.decode().split()[1]


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "not a private key of OpenSSH"),
        ("-----BEGIN RSA PRIVATE KEY-----\n", "not a private key of OpenSSH"),
        (pem(b""), "damaged"),
        (pem(b"openssh-key-v1\0"), "damaged"),
        (pem(b"openssh-key-v1\0" + string(b"none")), "damaged"),
        (openssh(check=b"abcdefgh"), "damaged"),
        (openssh().replace("b3Blb", "****"), "damaged"),
        (openssh(cipher=b"aes256-ctr"), "it has a passphrase"),
        (openssh(kind=b"ssh-rsa"), "not of type ed25519"),
        (openssh(pair=b"x" * 40), "not of type ed25519"),
    ],
)
def test_a_key_that_could_not_be_used(text: str, cause: str) -> None:
    with pytest.raises(ssh_key.SshKeyError, match=cause) as caught:
        ssh_key.private_key(text, path="/etc/key")
    assert caught.value.message.startswith("Cannot use /etc/key as ssh key: ")


@given(st.binary(max_size=400))
def test_any_data_is_a_key_or_one_error(data: bytes) -> None:
    for text in (pem(data), pem(b"openssh-key-v1\0" + data), data.decode("latin-1")):
        try:
            ssh_key.private_key(text, path="key")
        except ssh_key.SshKeyError as error:
            assert "\n" not in error.message


def test_host_keys_are_pinned_to_host_and_port() -> None:
    text = (
        "# comment\n\n"
        "192.0.2.9 ssh-ed25519 AAAAC3Nz root@server\n"
        "[192.0.2.9]:2222,server ssh-ed25519 AAAAC3Nz\n"
        "[192.0.2.9]:22 ecdsa-sha2-nistp256 AAAAE2Vj\n"
    )
    assert ssh_key.known_hosts(text, path="known_hosts") == (
        "192.0.2.9 ssh-ed25519 AAAAC3Nz\n[192.0.2.9]:2222 ssh-ed25519 AAAAC3Nz\nserver ssh-ed25519 AAAAC3Nz\n"
        "192.0.2.9 ecdsa-sha2-nistp256 AAAAE2Vj\n"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there are none"),
        ("# only\n", "there are none"),
        ("|1|abc=|def= ssh-ed25519 AAAAC3Nz\n", "line 1 is not a host in clear text"),
        ("192.0.2.9\n", "line 1 is not"),
        ("192.0.2.9 ssh-ed25519 ***\n", "line 1 is not"),
        ("@revoked 192.0.2.9 ssh-ed25519 AAAAC3Nz\n", "line 1 is not"),
        ("a b\n192.0.2.9 ssh-ed25519 AAAA\n", "line 1 is not"),
    ],
)
def test_host_keys_that_could_not_be_pinned(text: str, said: str) -> None:
    with pytest.raises(ssh_key.SshKeyError, match=said.replace("|", r"\|")):
        ssh_key.known_hosts(text, path="known_hosts")
