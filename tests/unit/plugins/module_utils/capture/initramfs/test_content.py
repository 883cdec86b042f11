# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of what options add to the image: nothing where they are not asked for, and never over something else."""

from __future__ import annotations

import gzip
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.capture.initramfs import content, newc
from ansible_collections.linux.kdump.plugins.module_utils.capture.initramfs import image as initramfs
from ansible_collections.linux.kdump.plugins.module_utils.capture.save import script as save_script
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.tests.unit.fakes import FakeRunner
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.capture.initramfs import elves

APPLETS = (*save_script.APPLETS, "nc", "udhcpc")


@pytest.fixture
def request_(tmp_path: Path) -> initramfs.Request:
    """A request with tools made for the test."""
    library = elves.write(tmp_path, "tools/lib/libtool.so.1", soname="libtool.so.1")
    makedumpfile = elves.write(
        tmp_path,
        "tools/makedumpfile",
        needed=["libtool.so.1"],
        runpath=os.path.dirname(library),
        payload=elves.makedumpfile_payload({"lzo": True}),
    )
    busybox = elves.write(tmp_path, "tools/busybox", payload=elves.busybox_payload(APPLETS))
    return initramfs.Request(str(tmp_path / "image"), busybox, makedumpfile)


def _ssh(tmp_path: Path, **facts: object) -> content.Addition:
    """Something like a network target: a part, an applet, a program that shares a library, a secret."""
    runpath = str(tmp_path / "tools/lib")
    source = elves.write(tmp_path, "tools/ssh", needed=["libtool.so.1"], runpath=runpath, **facts)
    return content.Addition(
        parts=("\nsend() { :; }\n",),
        applets=("udhcpc", "cat"),
        programs=(content.Program("bin/ssh", source),),
        members=(newc.regular("etc/kdump/key", b"secret", permissions=0o600),),
        sources={"etc/kdump/key": "/keys/key"},
        settings=("kdump.net=x",),
        facts={"recipients": 1},
        secret=True,
    )


def _members(path: str) -> dict[str, newc.Member]:
    return {member.path: member for member in newc.read(gzip.decompress(Path(path).read_bytes()))}


def test_what_an_option_adds(request_: initramfs.Request, runner: FakeRunner, tmp_path: Path) -> None:
    request = replace(request_, additions=(_ssh(tmp_path),))
    result = initramfs.build(request, runner, check_mode=False)
    members = _members(request.path)
    assert members["init"].data.decode() == save_script.compose(["\nsend() { :; }\n"])
    assert members["bin/udhcpc"].data == b"busybox" and "bin/nc" not in members
    assert members["bin/ssh"].mode & 0o777 == 0o755 and "lib/libtool.so.1" in members
    assert members["etc/kdump/key"].mode & 0o777 == 0o600
    assert members["etc/kdump/settings"].data.endswith(b"\nkdump.net=x\n")
    assert result["manifest"]["recipients"] == 1
    (line,) = [line for line in result["manifest"]["members"] if line["path"] == "etc/kdump/key"]
    assert line["source"] == "/keys/key"


def test_an_image_with_a_secret_is_its_owners_only(
    request_: initramfs.Request, runner: FakeRunner, tmp_path: Path
) -> None:
    request = replace(request_, additions=(_ssh(tmp_path),))
    initramfs.build(request, runner, check_mode=False)
    assert stat.S_IMODE(os.stat(request.path).st_mode) == 0o600
    assert not initramfs.build(request, runner, check_mode=True)["changed"]
    os.chmod(request.path, 0o644)
    assert initramfs.build(request, runner, check_mode=False)["changed"]
    assert stat.S_IMODE(os.stat(request.path).st_mode) == 0o600


def test_permissions_that_somebody_tightened_are_left(request_: initramfs.Request, runner: FakeRunner) -> None:
    initramfs.build(request_, runner, check_mode=False)
    os.chmod(request_.path, 0o600)
    assert not initramfs.build(request_, runner, check_mode=False)["changed"]


def test_without_options_nothing_is_added(request_: initramfs.Request, runner: FakeRunner) -> None:
    initramfs.build(request_, runner, check_mode=False)
    plain = Path(request_.path).read_bytes()
    initramfs.build(replace(request_, additions=(content.Addition(),)), runner, check_mode=False)
    assert Path(request_.path).read_bytes() == plain


def test_parts_stand_before_the_last_one_and_after_all_others() -> None:
    script = save_script.compose(["\nfirst\n", "\nsecond\n"])
    assert script.index("\nfirst\n") < script.index("\nsecond\n") < script.index("\nmain() {")
    assert script.index("save_record() {") < script.index("\nfirst\n")
    assert script.replace("\nfirst\n\nsecond\n", "") == save_script.SCRIPT


@pytest.mark.parametrize("path", ["init", "bin/makedumpfile", "bin/sh", "lib/libtool.so.1", "etc/kdump/settings"])
def test_a_members_place_is_not_taken(request_: initramfs.Request, runner: FakeRunner, path: str) -> None:
    addition = content.Addition(members=(newc.regular(path, b"other"),), sources={path: "/mine"})
    with pytest.raises(KdumpError, match=f"{path} is wanted with two contents.*/mine") as caught:
        initramfs.build(replace(request_, additions=(addition,)), runner, check_mode=False)
    assert "\n" not in caught.value.message


def test_a_program_of_another_architecture(request_: initramfs.Request, runner: FakeRunner, tmp_path: Path) -> None:
    addition = _ssh(tmp_path, machine=elves.AARCH64)
    with pytest.raises(KdumpError, match=r"ssh is for arm64 and .* for x86_64"):
        initramfs.build(replace(request_, additions=(addition,)), runner, check_mode=False)


def test_an_applet_that_busybox_lacks(request_: initramfs.Request, runner: FakeRunner) -> None:
    with pytest.raises(KdumpError, match="was built without ntpd"):
        initramfs.build(replace(request_, additions=(content.Addition(applets=("ntpd",)),)), runner, check_mode=False)
