# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the newc archive: what we write cpio reads, what we write we read back."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.capture.initramfs import newc

NAMES = st.text("abcXYZ019._-+ é\n", min_size=1, max_size=20).filter(lambda name: name not in (".", ".."))
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
FILES = st.dictionaries(PATHS, st.binary(max_size=40), max_size=8)


def _files(contents: dict[str, bytes]) -> list[newc.Member]:
    """Members of which none lies below another that is a file."""
    folders = {path.rsplit("/", depth)[0] for path in contents for depth in (1, 2) if path.count("/") >= depth}
    return [newc.regular(path, data) for path, data in contents.items() if path not in folders]


@given(FILES)
def test_what_was_written_is_read_back(contents: dict[str, bytes]) -> None:
    members = _files(contents)
    assert newc.read(newc.archive(members)) == newc.complete(members)


@given(FILES)
def test_the_order_of_members_does_not_matter(contents: dict[str, bytes]) -> None:
    members = _files(contents)
    assert newc.archive(members) == newc.archive(reversed(members))


@given(FILES, st.integers(0, 3000))
def test_a_cut_archive_is_refused(contents: dict[str, bytes], cut: int) -> None:
    whole = newc.archive(_files(contents))
    trailer = whole.rindex(b"TRAILER!!!")
    with pytest.raises(newc.ArchiveError):
        newc.read(whole[: min(cut, trailer)])


@given(st.binary(max_size=300))
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(newc.ArchiveError, match="Cannot read the archive"):
        newc.read(data)


def test_a_directory_stands_before_what_it_holds() -> None:
    members = newc.complete([newc.regular("a/b/c", b""), newc.regular("a-b", b""), newc.directory("a/b")])
    assert [member.path for member in members] == ["a", "a/b", "a/b/c", "a-b"]


@pytest.mark.skipif(shutil.which("cpio") is None, reason="cpio is not installed")
@settings(max_examples=25)
@given(FILES)
def test_cpio_reads_it(contents: dict[str, bytes]) -> None:
    members = [member for member in _files(contents) if "\n" not in member.path]
    done = subprocess.run(["cpio", "--list", "--quiet"], input=newc.archive(members), capture_output=True, check=True)
    assert done.stderr == b""
    assert done.stdout.decode().splitlines() == [member.path for member in newc.complete(members)]


@pytest.mark.skipif(shutil.which("cpio") is None, reason="cpio is not installed")
def test_cpio_unpacks_kinds_modes_and_contents(tmp_path: Path) -> None:
    data = newc.archive(
        [
            newc.regular("bin/tool", b"content", permissions=0o750),
            newc.symlink("bin/link", "tool"),
            newc.directory("tmp", permissions=0o700),
        ]
    )
    subprocess.run(
        ["cpio", "--extract", "--preserve-modification-time", "--quiet"], input=data, cwd=tmp_path, check=True
    )
    assert (tmp_path / "bin/link").read_bytes() == b"content"
    assert (tmp_path / "bin/tool").stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "tmp").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "bin/tool").stat().st_mtime == 0


def test_a_device_keeps_its_numbers() -> None:
    (folder, console) = newc.read(newc.archive([newc.character("dev/console", (5, 1))]))
    assert (folder.kind, console.kind, console.device) == ("directory", "device", (5, 1))


@pytest.mark.parametrize(
    "path", ["", "/abs", "a//b", "a/../b", "./a", "a/", "a\0b", "TRAILER!!!", "x" * 5000], ids=lambda path: path[:10]
)
def test_a_path_that_no_archive_can_hold_is_refused(path: str) -> None:
    with pytest.raises(newc.ArchiveError, match="not a relative path"):
        newc.archive([newc.regular(path, b"")])


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([newc.regular("a", b"1"), newc.regular("a", b"2")], "'a' is in it twice"),
        ([newc.regular("a", b"1"), newc.regular("a/b", b"2")], "'a/b' lies below 'a', which is no directory"),
        ([newc.symlink("a", "")], "the link 'a' has no target"),
    ],
)
def test_members_that_contradict_each_other_are_refused(members: list[newc.Member], message: str) -> None:
    with pytest.raises(newc.ArchiveError, match=message):
        newc.archive(members)
