# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of what a user adds to the image: hooks, files, compressors, encryption."""

from __future__ import annotations

import gzip
import json
import os
import stat
import typing as t
from pathlib import Path

import jsonschema
import pytest

from ansible_collections.linux.kdump.plugins.module_utils.capture.initramfs import image as initramfs
from ansible_collections.linux.kdump.plugins.module_utils.capture.initramfs import newc
from ansible_collections.linux.kdump.plugins.module_utils.capture.save import recipients
from ansible_collections.linux.kdump.plugins.module_utils.capture.save import script as save_script
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.tests.unit.fakes import FakeRunner
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.capture.initramfs import elves

SCHEMA = json.loads((Path(__file__).parents[6] / "docs/schemas/manifest.schema.json").read_text())
AGE = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
APPLETS = (*save_script.APPLETS, "gzip")


@pytest.fixture
def options(tmp_path: Path) -> dict[str, t.Any]:
    """The module's options, with tools made for the test."""
    features = {"lzo": True, "snappy": False, "zstd": True}
    return {
        "path": str(tmp_path / "image"),
        "busybox": elves.write(tmp_path, "tools/busybox", payload=elves.busybox_payload(APPLETS)),
        "makedumpfile": elves.write(tmp_path, "tools/makedumpfile", payload=elves.makedumpfile_payload(features)),
        "collector": None, "final_action": "reboot", "limits": {}, "modules": [], "module_tree": None,
        "compression": "gzip",
    }  # fmt: skip


@pytest.fixture
def build(options: dict[str, t.Any], runner: FakeRunner) -> t.Callable[..., dict[str, newc.Member]]:
    """Builds an image with further options and returns its members; the manifest is checked on the way."""

    def built(**more: t.Any) -> dict[str, newc.Member]:
        result = initramfs.build(initramfs.request({**options, **more}), runner, check_mode=False)
        jsonschema.validate(result["manifest"], SCHEMA)
        members = newc.read(gzip.decompress(Path(result["path"]).read_bytes()))
        assert members[-1].path == save_script.LAST_PATH
        return {member.path: member for member in members}

    return built


Build = t.Callable[..., "dict[str, newc.Member]"]


def _file(tmp_path: Path, name: str, text: str = "#!/bin/sh\n", mode: int = 0o755) -> str:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def _manifest(options: dict[str, t.Any]) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", json.loads(Path(f"{options['path']}.json").read_text()))


def test_without_any_of_it_the_image_is_the_plain_one(build: Build, options: dict[str, t.Any]) -> None:
    assert build()["init"].data.decode() == save_script.SCRIPT
    plain = Path(options["path"]).read_bytes()
    build(
        age_recipients=[], hooks_before=[], hooks_after=[], extra_files=[], stream_compression="none", hook_limit=9,
        exclude=["zero", "cache", "cache_private", "user", "free"], dump_compression="lzo", dump_format="kdump",
    )  # fmt: skip
    assert Path(options["path"]).read_bytes() == plain
    assert _manifest(options)["files"] == {"vmcore": "vmcore", "log": "dmesg.txt"}


@pytest.mark.parametrize(
    ("more", "collector", "arguments"),
    [
        ({"exclude": ["free"], "dump_compression": "zstd"}, "makedumpfile -z -d 16", "-z\n-d\n16\n"),
        ({"dump_format": "elf"}, "makedumpfile -E -d 31", "-E\n-d\n31\n"),
        ({"dump_format": "raw"}, "dd bs=1M", ""),
    ],
)
def test_named_choices(
    build: Build, options: dict[str, t.Any], more: dict[str, t.Any], collector: str, arguments: str
) -> None:
    members = build(**more)
    assert members["etc/kdump/collector"].data.decode() == arguments
    assert _manifest(options)["collector"] == collector
    assert ("dd if=" in members["init"].data.decode().partition("# --- saving all")[2]) is ("raw" in more.values())


def test_hooks_are_there_by_stage_and_name(build: Build, options: dict[str, t.Any], tmp_path: Path) -> None:
    before, after = _file(tmp_path, "a/10-up", mode=0o644), elves.write(tmp_path, "b/10-up")
    members = build(hooks_before=[before], hooks_after=[after], hook_limit=9)
    assert members["etc/kdump/hooks/before/10-up"].mode & 0o777 == 0o755
    assert members["etc/kdump/hooks/after/10-up"].data == Path(after).read_bytes()
    assert "hooks_time=28 hook_limit=9" in members["init"].data.decode()
    assert _manifest(options)["hooks"] == ["after/10-up", "before/10-up"]


def test_extra_programs_bring_their_libraries(build: Build, options: dict[str, t.Any], tmp_path: Path) -> None:
    library = elves.write(tmp_path, "lib/libextra.so.2", soname="libextra.so.2")
    tool = elves.write(tmp_path, "tool", needed=["libextra.so.2"], runpath=os.path.dirname(library))
    text = _file(tmp_path, "notes", "text", mode=0o600)
    members = build(
        extra_files=[
            {"src": tool, "dest": "/usr/local/bin/tool", "mode": None},
            {"src": text, "dest": "/usr/share/notes", "mode": None},
            {"src": text, "dest": "/etc/secret", "mode": "0400"},
        ]
    )
    assert members["lib/libextra.so.2"].data == Path(library).read_bytes()
    modes = {path: stat.S_IMODE(members[path].mode) for path in ("usr/local/bin/tool", "usr/share/notes", "etc/secret")}
    assert modes == {"usr/local/bin/tool": 0o644, "usr/share/notes": 0o600, "etc/secret": 0o400}
    (line,) = [line for line in _manifest(options)["members"] if line["path"] == "etc/secret"]
    assert line["source"] == text


@pytest.mark.parametrize(
    ("source", "given", "inside", "image"),
    [
        (0o644, None, 0o644, 0o644), (0o755, None, 0o755, 0o644), (0o600, None, 0o600, 0o600),
        (0o640, None, 0o600, 0o600), (0o700, None, 0o700, 0o600), (0o644, "0600", 0o600, 0o600),
        (0o600, "0644", 0o644, 0o600), (0o644, "0640", 0o640, 0o600),
    ],
)  # fmt: skip
def test_whoever_may_not_read_a_file_may_not_read_it_in_the_image(
    build: Build, options: dict[str, t.Any], tmp_path: Path, source: int, given: str | None, inside: int, image: int
) -> None:
    path = _file(tmp_path, "file", "text", mode=source)
    members = build(extra_files=[{"src": path, "dest": "/etc/bmc", "mode": given}])
    assert stat.S_IMODE(members["etc/bmc"].mode) == inside
    assert stat.S_IMODE(os.stat(options["path"]).st_mode) == image


@pytest.mark.parametrize("mode", [0o755, 0o700])
def test_nor_in_a_hook(build: Build, options: dict[str, t.Any], tmp_path: Path, mode: int) -> None:
    build(hooks_before=[_file(tmp_path, "10-unlock", mode=mode)])
    assert stat.S_IMODE(os.stat(options["path"]).st_mode) == (0o600 if mode == 0o700 else 0o644)


@pytest.mark.parametrize(
    ("name", "extras", "message"),
    [
        ("plain", [{"dest": "etc/x"}], "not a plain absolute path"),
        ("plain", [{"dest": "/etc/../x"}], "not a plain absolute path"),
        ("plain", [{"dest": "/etc/"}], "not a plain absolute path"),
        ("plain", [{"dest": "/"}], "not a plain absolute path"),
        ("plain", [{"dest": "/tmp/x"}], "/tmp is mounted or written to"),
        ("plain", [{"dest": "/proc/x"}], "/proc is mounted or written to"),
        ("plain", [{"dest": "/target"}], "/target is mounted or written to"),
        ("plain", [{"dest": "/a", "mode": "rw"}], "three octal digits"),
        ("plain", [{"dest": "/a"}, {"dest": "/a"}], "two extra files at /a"),
        ("plain", [{"dest": "/init"}], "init is wanted with two contents"),
        ("plain", [{"dest": "/bin/sh"}], "bin/sh is wanted with two contents"),
        ("plain", [{"dest": "/bin"}], "no directory|two contents"),
        ("absent", [{"dest": "/a"}], "No such file or directory"),
    ],
)
def test_extra_files_that_are_refused(
    build: Build, tmp_path: Path, name: str, extras: list[dict[str, t.Any]], message: str
) -> None:
    _file(tmp_path, "plain", "text", mode=0o644)
    with pytest.raises(KdumpError, match=message) as caught:
        build(extra_files=[{"src": str(tmp_path / name), "mode": None, **extra} for extra in extras])
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("#!/bin/bash\n", "its interpreter /bin/bash is not there"),
        ("#!/usr/bin/env python3\n", "its interpreter /usr/bin/env is not there"),
        ("#!", r"its interpreter \(none\) is not there"),
    ],
)
def test_a_hook_that_could_not_be_started(build: Build, tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(KdumpError, match=message):
        build(hooks_after=[_file(tmp_path, "hook", text)])


def test_an_interpreter_may_be_brought(build: Build, tmp_path: Path) -> None:
    shell = elves.write(tmp_path, "bash")
    hook = _file(tmp_path, "hook", "#! /bin/bash -e\n")
    assert "bin/bash" in build(hooks_after=[hook], extra_files=[{"src": shell, "dest": "/bin/bash", "mode": "755"}])


def test_hooks_that_cannot_be_told_apart(build: Build, tmp_path: Path) -> None:
    with pytest.raises(KdumpError, match="another 10-up that runs before saving"):
        build(hooks_before=[_file(tmp_path, "a/10-up"), _file(tmp_path, "b/10-up")])
    with pytest.raises(KdumpError, match="letters, digits"):
        build(hooks_before=[_file(tmp_path, "a b")])
    with pytest.raises(KdumpError, match="at most 32"):
        build(hooks_before=[_file(tmp_path, f"hook{number}") for number in range(33)])


@pytest.mark.parametrize("limit", [-5, 0, 100000])
def test_a_limit_in_which_no_hook_could_run(build: Build, tmp_path: Path, limit: int) -> None:
    with pytest.raises(KdumpError, match=f"hook_limit: {limit} seconds are not between 1 and 99999"):
        build(hooks_before=[_file(tmp_path, "hook")], hook_limit=limit)


def test_encryption(build: Build, options: dict[str, t.Any], tmp_path: Path) -> None:
    age = elves.write(tmp_path, "age", payload=b"age-encryption.org/v1\n")
    members = build(age_recipients=[f" {AGE}", AGE], age=age)
    assert members["etc/kdump/recipients"].data.decode() == f"{AGE}\n"
    assert members["bin/age"].data == Path(age).read_bytes()
    script = members["init"].data.decode()
    assert "core_name=vmcore.age log_name=dmesg.txt.age" in script
    assert f"| {recipients.SEAL.environment} timeout" in script
    manifest = _manifest(options)
    assert manifest["recipients"] == [AGE]
    assert manifest["files"] == {"vmcore": "vmcore.age", "log": "dmesg.txt.age"}
    # Public keys are no secret.
    assert stat.S_IMODE(os.stat(options["path"]).st_mode) == 0o644


@pytest.mark.parametrize(
    ("name", "payload", "member"),
    [
        ("gzip", None, "bin/gzip"),
        ("lz4", b"*** LZ4 command line interface\0", "bin/lz4"),
        ("zstd", b"Zstandard CLI\0", "bin/zstd"),
    ],
)
def test_stream_compression(
    build: Build, options: dict[str, t.Any], tmp_path: Path, name: str, payload: bytes | None, member: str
) -> None:
    program = elves.write(tmp_path, name, payload=payload) if payload else None
    members = build(stream_compression=name, stream_compressor=program)
    assert member in members
    suffix = {"gzip": "gz", "lz4": "lz4", "zstd": "zst"}[name]
    assert f"core_name=vmcore.{suffix} log_name=dmesg.txt\n" in members["init"].data.decode()
    assert _manifest(options)["stream_compression"] == name
    # Pages that are compressed already would only be compressed once more.
    assert members["etc/kdump/collector"].data == b"-d\n31\n"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"age_recipients": [AGE], "age": "TOOL"}, "as age: it does not hold the name"),
        ({"age_recipients": [AGE], "age": "/nonexistent"}, "as age: No such file.*package age"),
        ({"age_recipients": [AGE[:-1] + "q"]}, "checksum is wrong"),
        ({"stream_compression": "lz4", "stream_compressor": "TOOL"}, "as lz4: it does not name itself so"),
        ({"stream_compression": "zstd", "stream_compressor": "/nonexistent"}, "as zstd: No such file.*package zstd"),
        ({"dump_compression": "snappy"}, "snappy compression: this makedumpfile was built without it"),
        ({"collector": ["makedumpfile"], "exclude": []}, "collector together with exclude"),
        ({"on_failure": "sleep"}, "action on failure 'sleep'"),
    ],
)
def test_what_cannot_be_done_is_one_error(build: Build, tmp_path: Path, more: dict[str, t.Any], message: str) -> None:
    tool = elves.write(tmp_path, "tool")
    with pytest.raises(KdumpError, match=message) as caught:
        build(**{name: tool if value == "TOOL" else value for name, value in more.items()})
    assert "\n" not in caught.value.message


def test_an_action_on_failure_is_a_setting(build: Build, options: dict[str, t.Any]) -> None:
    assert b"kdump.on_failure=shell\n" in build(on_failure="shell")["etc/kdump/settings"].data
    assert _manifest(options)["on_failure"] == "shell"
