# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files are written whole or not at all."""

from __future__ import annotations

import builtins
import os
import pathlib
import stat
import subprocess
import typing as t

import pytest

from ansible_collections.linux.kdump.plugins.module_utils import files


def test_a_write_replaces_content_and_mode_and_leaves_nothing_beside(tmp_path: pathlib.Path) -> None:
    target = tmp_path / "grub.cfg"
    target.write_text("old")
    files.write_atomic(str(target), "new", mode=0o600)
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["grub.cfg"]


def test_a_failing_write_keeps_the_old_file(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "grub.cfg"
    target.write_text("old")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        files.write_atomic(str(target), "new")
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["grub.cfg"]


def test_reading_tells_a_missing_file_from_an_empty_one(tmp_path: pathlib.Path) -> None:
    (tmp_path / "empty").touch()
    assert files.read_text(str(tmp_path / "empty")) == ""
    assert files.read_text(str(tmp_path / "missing")) is None
    assert files.read_text(str(tmp_path / "empty" / "below")) is None


def test_the_file_of_a_process_that_ends_while_it_is_read_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    child = subprocess.Popen(["sleep", "60"])
    opened = builtins.open

    def open_and_end(path: str, **options: t.Any) -> t.Any:
        stream = opened(path, **options)
        child.kill()
        child.wait()
        return stream

    monkeypatch.setattr(builtins, "open", open_and_end)
    assert files.read_text(f"/proc/{child.pid}/stat") is None


def test_bytes_that_are_no_text_survive_a_round_trip(tmp_path: pathlib.Path) -> None:
    target = tmp_path / "odd"
    target.write_bytes(b"caf\xe9")
    text = files.read_text(str(target))
    files.write_atomic(str(target), text or "")
    assert target.read_bytes() == b"caf\xe9"


def test_one_value_has_one_digest() -> None:
    assert files.digest_of({"b": 1, "a": [2]}) == files.digest_of({"a": [2], "b": 1})
    assert files.digest_of({"a": [2]}) != files.digest_of({"a": [3]})


def test_a_file_digest_is_that_of_its_bytes(tmp_path: pathlib.Path) -> None:
    (tmp_path / "f").write_bytes(b"abc")
    assert files.sha256_file(str(tmp_path / "f")).startswith("ba7816bf8f01cfea")
