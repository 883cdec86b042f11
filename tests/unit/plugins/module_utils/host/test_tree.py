# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a host's files: bounded, patient, and not fooled by what lies there."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.host.tree import BUSY_SECONDS, Host, TooLargeError


def test_reads_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"text \xff\n")
    assert Host(str(tmp_path)).read("/a") == "text \N{REPLACEMENT CHARACTER}\n"


def test_what_is_not_a_file_is_none(tmp_path: Path) -> None:
    host = Host(str(tmp_path))
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")
    assert [host.read(path) for path in ("/missing", "/folder", "/link", "/pipe", "/link/below")] == [None] * 5


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x" * 11)
    with pytest.raises(TooLargeError, match="larger than 10 bytes"):
        Host(str(tmp_path)).read("/a", limit=10)
    assert Host(str(tmp_path)).read("/a", limit=11) == "x" * 11


class Busy:
    """A clock and a pause, and a file that answers EBUSY so many times."""

    def __init__(self, times: int) -> None:
        self.now, self.left = 0.0, times

    def pause(self, seconds: float) -> None:
        self.now += seconds

    def pread(self, handle: int, size: int, offset: int) -> bytes:
        self.left -= 1
        if self.left >= 0:
            raise OSError(errno.EBUSY, "busy")
        return b"" if offset else b"1\n"


@pytest.mark.parametrize(("times", "value"), [(0, 1), (5, 1), (1000, None)])
def test_a_busy_file_is_asked_again_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int, value: int | None
) -> None:
    (tmp_path / "size").write_text("1\n")
    busy = Busy(times)
    monkeypatch.setattr(os, "pread", busy.pread)
    assert Host(str(tmp_path), clock=lambda: busy.now, pause=busy.pause).number("/size") == value
    assert busy.now <= BUSY_SECONDS + 1


def test_finds_a_tool(tmp_path: Path) -> None:
    host = Host(str(tmp_path))
    assert host.tool("kexec") is None
    (tmp_path / "sbin").mkdir()
    (tmp_path / "sbin/kexec").write_text("")
    assert host.tool("kexec") is None
    (tmp_path / "sbin/kexec").chmod(0o755)
    assert host.tool("kexec") == "/sbin/kexec"


def test_what_may_not_be_read_is_told_apart_from_what_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = Host(str(tmp_path))

    def refuse(path: str, flags: int) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", path)

    assert host.read("/proc/none") is None
    assert host.unread == {}
    monkeypatch.setattr(os, "open", refuse)
    assert host.read("/proc/secret") is None
    assert host.unread == {"/proc/secret": "Permission denied"}
    assert Host(str(tmp_path)) == host
