# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of decrypting dumps: whole or not at all, and for their owner only."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import typing as t
from collections.abc import Sequence
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.command import Completed, finish
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.transfer import decrypt
from ansible_collections.linux.kdump.tests.unit.fakes import FakeRunner

FAILED = (
    "age: error: no identity matched any of the recipients\n"
    "age: report unexpected or unhelpful errors at https://filippo.io/age/report\n"
)


@pytest.fixture
def dump(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dump's folder with two encrypted files, and an identity beside it."""
    folder = tmp_path / "dump"
    folder.mkdir()
    for name in ("vmcore.age", "dmesg.txt.age"):
        (folder / name).write_text(f"age-encryption.org/v1\n{name}")
    (folder / "kdump.json").write_text("{}")
    (tmp_path / "key").write_text("secret")
    monkeypatch.setattr("shutil.which", lambda name, path: f"/usr/bin/{name}")
    return folder


def _request(folder: Path) -> decrypt.Request:
    return decrypt.request({"path": str(folder), "identity": str(folder.parent / "key"), "age": "age", "timeout": 9})


def _age(argv: Sequence[str]) -> tuple[int, str, str]:
    output = Path(argv[argv.index("--output") + 1])
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    output.write_text(f"plain {Path(argv[-1]).name}")
    return 0, "", ""


def _broken(argv: Sequence[str]) -> tuple[int, str, str]:
    _age(argv)
    return 1, "", FAILED


def test_every_encrypted_file_is_decrypted_beside_itself(dump: Path) -> None:
    runner = FakeRunner({("age", "--decrypt"): _age})
    result = decrypt.decrypt(_request(dump), runner, check_mode=False)
    assert result["changed"]
    assert [Path(file["path"]).name for file in result["files"]] == ["dmesg.txt", "vmcore"]
    assert (dump / "vmcore").read_text() == "plain vmcore.age"
    assert stat.S_IMODE((dump / "vmcore").stat().st_mode) == 0o600
    assert all("secret" not in word for call in runner.calls for word in call)


def test_a_file_has_its_name_only_when_it_is_on_the_disk(dump: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a power cut an empty file under that name would count as current for ever."""
    done: list[str] = []
    sync, replace = os.fsync, os.replace

    def synced(handle: int) -> None:
        done.append(f"sync {Path(os.readlink(f'/proc/self/fd/{handle}')).name}")
        sync(handle)

    def replaced(source: str, dest: str) -> None:
        done.append(f"name {Path(dest).name}")
        replace(source, dest)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", replaced)
    decrypt.decrypt(
        decrypt.Request(str(dump / "vmcore.age"), str(dump.parent / "key")),
        FakeRunner({("age", "--decrypt"): _age}),
        check_mode=False,
    )
    assert done == ["sync vmcore.part", "name vmcore", "sync dump"]


def test_four_beats(dump: Path) -> None:
    runner = FakeRunner({("age", "--decrypt"): _age})
    for check_mode, changed, there in [
        (True, True, False),
        (False, True, True),
        (False, False, True),
        (True, False, True),
    ]:
        assert decrypt.decrypt(_request(dump), runner, check_mode=check_mode)["changed"] is changed
        assert (dump / "vmcore").exists() is there


def test_a_newer_dump_is_decrypted_again(dump: Path) -> None:
    runner = FakeRunner({("age", "--decrypt"): _age})
    decrypt.decrypt(_request(dump), runner, check_mode=False)
    os.utime(dump / "vmcore", (1, 1))
    result = decrypt.decrypt(_request(dump), runner, check_mode=False)
    assert [file["changed"] for file in result["files"]] == [False, True]


def test_what_fails_leaves_nothing(dump: Path) -> None:
    with pytest.raises(
        KdumpError, match=r"no identity matched any of the recipients\. Check that the identity"
    ) as caught:
        decrypt.decrypt(_request(dump), FakeRunner({("age", "--decrypt"): _broken}), check_mode=False)
    assert "\n" not in caught.value.message
    assert sorted(path.name for path in dump.iterdir()) == ["dmesg.txt.age", "kdump.json", "vmcore.age"]


def test_one_file_will_do_and_a_plain_dump_is_left(dump: Path) -> None:
    runner = FakeRunner({("age", "--decrypt"): _age})
    one = decrypt.decrypt(_request(dump / "vmcore.age"), runner, check_mode=True)
    assert one["changed"] is True
    request = decrypt.Request(str(dump / "vmcore.age"), str(dump.parent / "key"))
    assert [Path(file["path"]).name for file in decrypt.decrypt(request, runner, check_mode=False)["files"]] == [
        "vmcore"
    ]
    plain = dump.parent / "plain"
    plain.mkdir()
    assert decrypt.decrypt(_request(plain), FakeRunner(), check_mode=False) == {"changed": False, "files": []}


def _no_identity(dump: Path) -> None:
    (dump.parent / "key").unlink()


def _not_age(dump: Path) -> None:
    (dump / "dmesg.txt.age").write_text("something else")


def _folder(dump: Path) -> None:
    (dump / "dmesg.txt.part").mkdir()


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (_no_identity, "identity .* cannot be read"),
        (_not_age, "age did not write it"),
        (_folder, "Cannot write|directory"),
    ],
)
def test_what_cannot_be_done_is_one_error(dump: Path, prepare: t.Callable[[Path], None], message: str) -> None:
    prepare(dump)
    with pytest.raises(KdumpError, match=message) as caught:
        decrypt.decrypt(_request(dump), FakeRunner({("age", "--decrypt"): _age}), check_mode=False)
    assert "\n" not in caught.value.message


def test_without_age_or_dump_the_error_says_so(dump: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KdumpError, match="it is not there"):
        decrypt.decrypt(_request(dump / "absent"), FakeRunner(), check_mode=False)
    monkeypatch.setattr("shutil.which", lambda name, path: None)
    with pytest.raises(KdumpError, match="package age on Debian"):
        decrypt.decrypt(_request(dump), FakeRunner(), check_mode=False)


class _RealRunner:
    def run(self, argv: Sequence[str], *, what: str, timeout: int, check: bool = True, **_: t.Any) -> Completed:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=timeout, check=False)
        return finish(
            Completed(tuple(argv), done.returncode, done.stdout, done.stderr), what=what, timeout=timeout, check=check
        )


@pytest.mark.skipif(shutil.which("age") is None, reason="age is not installed")
def test_ages_own_files(tmp_path: Path) -> None:
    key, other = tmp_path / "key", tmp_path / "other"
    for path in (key, other):
        subprocess.run(["age-keygen", "-o", str(path)], check=True, capture_output=True)
    recipient = subprocess.run(
        ["age-keygen", "-y", str(key)], check=True, capture_output=True, text=True
    ).stdout.strip()
    sealed = subprocess.run(["age", "-r", recipient], input=b"core" * 50000, check=True, capture_output=True).stdout
    (tmp_path / "vmcore.age").write_bytes(sealed)
    with pytest.raises(KdumpError, match="no identity matched"):
        decrypt.decrypt(decrypt.Request(str(tmp_path), str(other)), _RealRunner(), check_mode=False)
    decrypt.decrypt(decrypt.Request(str(tmp_path), str(key)), _RealRunner(), check_mode=False)
    assert (tmp_path / "vmcore").read_bytes() == b"core" * 50000
    assert stat.S_IMODE((tmp_path / "vmcore").stat().st_mode) == 0o600
    # One byte less, and it is not the dump.
    (tmp_path / "vmcore").unlink()
    (tmp_path / "vmcore.age").write_bytes(sealed[:-1])
    with pytest.raises(KdumpError, match="Cannot decrypt"):
        decrypt.decrypt(decrypt.Request(str(tmp_path), str(key)), _RealRunner(), check_mode=False)
    assert not (tmp_path / "vmcore").exists()
