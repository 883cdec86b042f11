# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of raw partitions: nothing but an empty one, and only with consent, is ever made ready for dumps."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.host import raw
from ansible_collections.linux.kdump.plugins.module_utils.host.tree import Host
from ansible_collections.linux.kdump.tests.unit.fakes import FakeRunner

ID = "8c1db1e1-02"
DEVICE = f"/dev/disk/by-partuuid/{ID}"
BLKID = ("/usr/sbin/blkid", "-p", "-o", "export", DEVICE)
#: util-linux 2.38: a partition with nothing on it answers with status 2.
NOTHING = (2, "", "")
EXT4 = (0, f"DEVNAME={DEVICE}\nUUID=0a34\nVERSION=1.0\nTYPE=ext4\nUSAGE=filesystem\nPART_ENTRY_UUID={ID}\n", "")
LVM = (0, f"DEVNAME={DEVICE}\nTYPE=LVM2_member\nUSAGE=raid\n", "")
LUKS = (0, f"DEVNAME={DEVICE}\nVERSION=2\nTYPE=crypto_LUKS\n", "")
TABLE = (0, f"DEVNAME={DEVICE}\nPTUUID=1234\nPTTYPE=gpt\n", "")
#: With blanks only about the partition itself.
ENTRY = (0, f"DEVNAME={DEVICE}\nPART_ENTRY_SCHEME=gpt\nPART_ENTRY_UUID={ID}\n", "")


def _host(tmp_path: Path, data: bytes = b"\0" * 8192) -> Host:
    (tmp_path / "dev/disk/by-partuuid").mkdir(parents=True)
    (tmp_path / DEVICE[1:]).write_bytes(data)
    (tmp_path / "usr/sbin").mkdir(parents=True)
    (tmp_path / "usr/sbin/blkid").touch(mode=0o755)
    return Host(str(tmp_path))


@pytest.mark.parametrize("answer", [NOTHING, ENTRY])
def test_an_empty_partition_is_prepared_with_consent(tmp_path: Path, answer: tuple[int, str, str]) -> None:
    host = _host(tmp_path)
    found = raw.find_partition(ID, consent=True, host=host, runner=FakeRunner({BLKID: answer}))
    assert (found.device, found.prepared) == (DEVICE, False)
    raw.prepare(found, host)
    data = (tmp_path / DEVICE[1:]).read_bytes()
    assert data.startswith(f"linux.kdump raw 1\npartuuid={ID}\nstate=empty\n\0".encode())
    assert len(data) == 8192
    again = raw.find_partition(ID, consent=False, host=host, runner=FakeRunner())
    assert again.prepared


def test_without_consent_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(raw.RawError, match="Set prepare=true"):
        raw.find_partition(ID, consent=False, host=_host(tmp_path), runner=FakeRunner({BLKID: NOTHING}))


@pytest.mark.parametrize(
    ("answer", "name"), [(EXT4, "ext4"), (LVM, "LVM2_member"), (LUKS, "crypto_LUKS"), (TABLE, "gpt")]
)
def test_what_holds_anything_is_refused_with_consent_too(
    tmp_path: Path, answer: tuple[int, str, str], name: str
) -> None:
    host = _host(tmp_path)
    with pytest.raises(raw.RawError, match=f"{name} is on it"):
        raw.find_partition(ID, consent=True, host=host, runner=FakeRunner({BLKID: answer}))
    assert (tmp_path / DEVICE[1:]).read_bytes() == b"\0" * 8192


def test_a_header_made_for_another_partition_is_not_ours(tmp_path: Path) -> None:
    host = _host(tmp_path, b"linux.kdump raw 1\npartuuid=8c1db1e1-03\nstate=empty\n".ljust(4096, b"\0"))
    with pytest.raises(raw.RawError, match="was not prepared"):
        raw.find_partition(ID, consent=False, host=host, runner=FakeRunner({BLKID: NOTHING}))


def test_a_partition_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(raw.RawError, match="there is none"):
        raw.find_partition("8c1db1e1-09", consent=True, host=_host(tmp_path), runner=FakeRunner())


def test_a_host_that_cannot_tell_refuses(tmp_path: Path) -> None:
    host = _host(tmp_path)
    with pytest.raises(KdumpError, match="probe failed"):
        raw.find_partition(ID, consent=True, host=host, runner=FakeRunner({BLKID: (8, "", "probe failed")}))
    (tmp_path / "usr/sbin/blkid").unlink()
    with pytest.raises(raw.RawError, match="blkid is not installed"):
        raw.find_partition(ID, consent=True, host=host, runner=FakeRunner())


def test_a_partition_in_use_is_not_prepared(tmp_path: Path) -> None:
    host = _host(tmp_path)
    with pytest.raises(raw.RawError, match="Cannot prepare the partition /dev/none for dumps"):
        raw.prepare(raw.Partition(ID, "/dev/none", prepared=False), host)
