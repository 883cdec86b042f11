# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's files tell of whom its kernel trusts."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.host.kernel_config import PACKED, read_config
from ansible_collections.linux.kdump.plugins.module_utils.host.tree import Host
from ansible_collections.linux.kdump.plugins.module_utils.host.trust import (
    KEYS,
    LOAD_LIMIT,
    MOK_NEW,
    SECURE_BOOT,
    SECURE_IPL,
    Key,
    Trust,
    read_trust,
)

RELEASE = "6.1.0-40-amd64"
CONFIG = f"/boot/config-{RELEASE}"

#: As a Debian 12 kernel shows them to root.
PROC_KEYS = """\
0e26ab8c I------     1 perm 1f030000     0     0 asymmetri Debian Secure Boot CA: 6ccece7e4c6c0d1f6149f3dd27dfcc5cbb419ea1: X509.rsa bb419ea1 []
10ebc3a1 I------     1 perm 1f0b0000     0     0 keyring   .builtin_trusted_keys: 2
1c6d6a5f I------     2 perm 1f0f0000     0     0 keyring   .secondary_trusted_keys: 1
20be4b6e I------     1 perm 1f0b0000     0     0 keyring   .platform: empty
2d2fa8b9 I------     1 perm 1f030000     0     0 asymmetri sforshee: 00b28ddf47aef9cea7: X509.rsa []
332c5a4b I--Q---   104 perm 1f3f0000     0 65534 keyring   _uid.0: empty
35d38b4d I------     1 perm 1f030000     0     0 asymmetri Debian Secure Boot Signer 2022 - linux: 14011249c2675ea8e5148542202005810584b25f: X509.rsa 0584b25f []
3f1d1f8a I------     1 perm 1f0f0000     0     0 keyring   .ima: 1
"""  # noqa: E501


def host_of(root: Path, files: dict[str, str]) -> Host:
    for path, text in files.items():
        file = root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return Host(str(root))


def test_reads_a_host_with_secure_boot(tmp_path: Path) -> None:
    host = host_of(
        tmp_path,
        {
            SECURE_BOOT: "\x06\0\0\0\x01",
            KEYS: PROC_KEYS,
            CONFIG: "# CONFIG_KEXEC_SIG_FORCE is not set\nCONFIG_KEXEC_SIG=y\nCONFIG_HZ=250\n",
            LOAD_LIMIT: "3\n",
            MOK_NEW: "\x07\0\0\0",
        },
    )
    assert read_trust(host, release=RELEASE) == Trust(
        secure_boot=True,
        config={"KEXEC_SIG": "y"},
        keys=(
            Key("Debian Secure Boot CA", "6ccece7e4c6c0d1f6149f3dd27dfcc5cbb419ea1"),
            Key("Debian Secure Boot Signer 2022 - linux", "14011249c2675ea8e5148542202005810584b25f"),
        ),
        keyrings=(".builtin_trusted_keys", ".secondary_trusted_keys", ".platform"),
        enrolment_pending=True,
        load_limit=3,
    )


def test_a_host_that_says_nothing(tmp_path: Path) -> None:
    found = read_trust(Host(str(tmp_path)), release=RELEASE)
    assert found == Trust(secure_boot=False)
    assert found.document() == {
        "secure_boot": False, "config": None, "keys": None, "keyrings": [], "enrolment_pending": False,
        "load_limit": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({SECURE_BOOT: "\x06\0\0\0\0"}, False),
        ({"/sys/firmware/efi/runtime": ""}, None),
        ({"/sys/firmware/bios": ""}, False),
        ({SECURE_IPL: "1\n"}, True),
        ({SECURE_IPL: "0\n"}, False),
    ],
)
def test_secure_boot(tmp_path: Path, files: dict[str, str], expected: bool | None) -> None:
    assert read_trust(host_of(tmp_path, files), release=RELEASE).secure_boot is expected


@pytest.mark.parametrize(("limit", "expected"), [("-1\n", None), ("0\n", 0)])
def test_the_limit_of_loads(tmp_path: Path, limit: str, expected: int | None) -> None:
    assert read_trust(host_of(tmp_path, {LOAD_LIMIT: limit}), release=RELEASE).load_limit == expected


def test_too_much_is_no_evidence(tmp_path: Path) -> None:
    host = host_of(tmp_path, {KEYS: "x" * (2 << 20), CONFIG: "x" * (2 << 20)})
    assert read_trust(host, release=RELEASE) == Trust(secure_boot=False)


@pytest.mark.parametrize("place", ["/boot/config-{}", "/usr/lib/modules/{}/config", "/lib/kernel/config-{}"])
def test_the_configuration_is_found_where_distributions_put_it(tmp_path: Path, place: str) -> None:
    host = host_of(tmp_path, {place.format(RELEASE): 'CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C="x y"\n'})
    assert read_config(host, RELEASE) == {"A": "y", "C": '"x y"'}
    assert read_config(host, "6.2") is None


def test_the_kernels_own_configuration_comes_first(tmp_path: Path) -> None:
    host = host_of(tmp_path, {CONFIG: "CONFIG_A=n\n"})
    (tmp_path / "proc").mkdir()
    packed = tmp_path / PACKED.lstrip("/")
    packed.write_bytes(gzip.compress(b"CONFIG_A=y\n"))
    assert read_config(host, RELEASE) == {"A": "y"}
    packed.write_bytes(b"no gzip")
    assert read_config(host, RELEASE) == {"A": "n"}
