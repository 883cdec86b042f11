# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a production kernel's configuration comes from."""

from __future__ import annotations

import gzip
import lzma
import pathlib
import platform

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel import architectures, config
from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel.kconfig.fragment import ConfigError

X86 = architectures.find("x86_64")
TEXT = "#\n# Automatically generated file; DO NOT EDIT.\n# Linux/x86 6.1.7 Kernel Configuration\n#\n" + "".join(
    f"CONFIG_S{number}=y\n" for number in range(120)
)


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(platform, "release", lambda: "6.1.7-amd64")


@pytest.mark.parametrize("pack", [lambda data: data, gzip.compress, lzma.compress])
def test_a_file_may_be_compressed(tmp_path: pathlib.Path, pack: object) -> None:
    path = tmp_path / "mine"
    path.write_bytes(pack(TEXT.encode()))  # type: ignore[operator]
    assert config.locate(str(path), X86) == config.BaseConfig("mine", TEXT)


def test_the_running_kernels_is_in_boot_or_in_the_kernel_itself(tmp_path: pathlib.Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/config.gz").write_bytes(gzip.compress(TEXT.encode()))
    assert config.locate(None, X86, root=str(tmp_path)).name == "config.gz"
    (tmp_path / "boot").mkdir()
    (tmp_path / "boot/config-6.1.7-amd64").write_text(TEXT)
    assert config.locate(None, X86, root=str(tmp_path)).name == "config-6.1.7-amd64"


def test_a_flavour_is_a_file_of_debians_package(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "usr/src/linux-config-6.1"
    folder.mkdir(parents=True)
    (folder / "config.amd64_none_cloud-amd64.xz").write_bytes(lzma.compress(TEXT.encode()))
    assert config.locate("amd64_none_cloud-amd64", X86, root=str(tmp_path)).text == TEXT
    with pytest.raises(ConfigError, match=r"'amd64': there is no flavour .* minimal and amd64_none_cloud-amd64"):
        config.locate("amd64", X86, root=str(tmp_path))


def test_digest_and_name_go_into_the_manifest(tmp_path: pathlib.Path) -> None:
    (tmp_path / "mine").write_text(TEXT)
    described = config.locate(str(tmp_path / "mine"), X86).describe()
    assert described["name"] == "mine"
    assert len(described["sha256"]) == 64


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "sets fewer than 100 symbols"),
        (b"CONFIG_A=y\n", "sets fewer than 100 symbols"),
        (TEXT.replace("/x86", "/arm64").encode(), "for x86_64: it is one for arm64"),
        (b"\x1f\x8bnonsense", "Cannot read the kernel configuration"),
        (gzip.compress(TEXT.encode(), mtime=0)[:40], "Cannot read the kernel configuration"),
        (b"\xfd7zXZ\x00nonsense", "Cannot read the kernel configuration"),
        (gzip.compress(b"\n" * (9 << 20), mtime=0), "too large to be one"),
    ],
)
def test_what_is_no_configuration_is_one_error(tmp_path: pathlib.Path, content: bytes, message: str) -> None:
    (tmp_path / "mine").write_bytes(content)
    with pytest.raises(ConfigError, match=message) as caught:
        config.locate(str(tmp_path / "mine"), X86)
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("wanted", "architecture", "message"),
    [
        (None, "x86_64", r"neither .*config-6\.1\.7-amd64 nor .*config\.gz"),
        (None, "s390x", "this is a machine of another architecture"),
        ("cloud", "x86_64", "no linux-config package"),
        ("../etc", "x86_64", "there is no such file"),
        ("", "x86_64", "there is no flavour of that name"),
        ("/nowhere/config", "x86_64", "there is no such file"),
    ],
)
def test_what_is_not_there(tmp_path: pathlib.Path, wanted: str | None, architecture: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        config.locate(wanted, architectures.find(architecture), root=str(tmp_path))
