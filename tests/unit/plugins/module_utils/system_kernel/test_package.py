# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives of kernels, among them hostile ones."""

from __future__ import annotations

import gzip
import io
import pathlib
import tarfile

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.system_kernel import package

GOOD = {
    "boot/vmlinuz-6.1.7-prod": b"image",
    "boot/config-6.1.7-prod": b"CONFIG_KEXEC=y\n",
    "boot/System.map-6.1.7-prod": b"map",
    "lib/modules/6.1.7-prod/modules.dep": b"",
    "lib/modules/6.1.7-prod/kernel/fs/xfs.ko": b"module",
}


def write(path: pathlib.Path, files: dict[str, bytes], kind: bytes = tarfile.REGTYPE) -> pathlib.Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.type, member.size = kind, len(content) if kind == tarfile.REGTYPE else 0
            member.linkname = "/etc/passwd"
            tar.addfile(member, io.BytesIO(content))
    return path


def test_one_kernel(tmp_path: pathlib.Path) -> None:
    path = write(tmp_path / "k.tar.gz", GOOD)
    found = package.inspect(str(path))
    assert (found.release, found.boot_bytes, found.module_bytes) == ("6.1.7-prod", 23, 6)
    assert {place: stream.read() for place, stream in package.files(str(path))} == GOOD


def test_what_a_kernel_has_as_modules_or_built_in(tmp_path: pathlib.Path) -> None:
    files = {
        **GOOD,
        "lib/modules/6.1.7-prod/kernel/drivers/virtio-net.ko.xz": b"packed",
        "lib/modules/6.1.7-prod/modules.builtin": b"kernel/fs/ext4/ext4.ko\nkernel/drivers/virtio/virtio_pci.ko\n\xff",
    }
    path = write(tmp_path / "k.tar.gz", files)
    assert package.inspect(str(path)).modules >= {"xfs", "virtio_net", "ext4", "virtio_pci"}
    assert package.inspect(str(write(tmp_path / "other.tar.gz", GOOD))).modules == {"xfs"}


@pytest.mark.parametrize(
    "name",
    [
        "etc/passwd",
        "boot/grub/grub.cfg",
        "boot/initrd.img-6.1.7-prod",
        "/boot/vmlinuz-6.1.7-prod",
        "lib/modules/../../etc/passwd",
        "lib/modules/6.1.7-prod/../../../etc/passwd",
        "lib/modules/6.1.7-prod//x",
        "lib/modules/6.1.7-prod/./x",
        "boot/vmlinuz-../x",
        "",
    ],
)
def test_a_file_elsewhere_is_refused(tmp_path: pathlib.Path, name: str) -> None:
    path = write(tmp_path / "k.tar.gz", {**GOOD, name: b"x"})
    with pytest.raises(package.PackageError, match=r"is no file of a kernel|it is no archive"):
        package.inspect(str(path))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.BLKTYPE, tarfile.DIRTYPE])
def test_a_file_that_is_none_is_refused(tmp_path: pathlib.Path, kind: bytes) -> None:
    path = write(tmp_path / "k.tar.gz", {"boot/vmlinuz-6.1.7-prod": b""}, kind)
    with pytest.raises(package.PackageError, match="is no file of a kernel"):
        package.inspect(str(path))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "holds 0 kernels"),
        ({**GOOD, "boot/vmlinuz-6.1.8-prod": b"x"}, "holds 2 kernels"),
        ({"lib/modules/6.1.7/modules.dep": b"x"}, "holds 1 kernels"),
        ({"boot/vmlinuz-6.1.7-kdump": b"x"}, "it is a capture kernel"),
        ({"boot/vmlinuz-$(reboot)": b"x"}, "no kernel's release"),
        ({"boot/vmlinuz--x": b"x"}, "no kernel's release"),
    ],
)
def test_other_than_one_production_kernel(tmp_path: pathlib.Path, files: dict[str, bytes], message: str) -> None:
    with pytest.raises(package.PackageError, match=message.replace("(", r"\(")):
        package.inspect(str(write(tmp_path / "k.tar.gz", files)))


def test_what_cannot_be_read_is_one_error(tmp_path: pathlib.Path) -> None:
    whole = write(
        tmp_path / "k.tar.gz", {**GOOD, "lib/modules/6.1.7-prod/big.ko": bytes(range(256)) * 4096}
    ).read_bytes()
    for number, content in enumerate((b"", b"x" * 999, gzip.compress(b"x" * 999), whole[:-200], whole[:100])):
        path = tmp_path / f"{number}.tar.gz"
        path.write_bytes(content)
        with pytest.raises(package.PackageError) as caught:
            package.inspect(str(path))
        assert "\n" not in caught.value.message
    with pytest.raises(package.PackageError, match="there is no such file"):
        package.inspect(str(tmp_path / "none"))


def test_no_kernel_has_that_many_files(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "_MOST_MEMBERS", 4)
    with pytest.raises(package.PackageError, match="more than any kernel does"):
        package.inspect(str(write(tmp_path / "k.tar.gz", GOOD)))
