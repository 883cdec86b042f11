# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installing what the controller has: only what differs, only what arrived whole, nothing where it is refused."""

from __future__ import annotations

import hashlib
import os
import typing as t
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.host import paths
from ansible_collections.linux.kdump.plugins.module_utils.host.tree import Host
from ansible_collections.linux.kdump.plugins.module_utils.kexec.images import Offer, differing, install, offers_of
from ansible_collections.linux.kdump.plugins.module_utils.kexec.request import Request, run
from ansible_collections.linux.kdump.tests.unit.fakes import FakeRunner

from .hosts import build, loaded


def offer(name: str, text: str, staged: str | None = None) -> Offer:
    place = {"kernel": paths.KERNEL, "initramfs": paths.INITRAMFS}[name]
    return Offer(name, place, hashlib.sha256(text.encode()).hexdigest(), len(text), staged)


def ask(host: Host, *offers: Offer, check: bool = False, state: t.Any = "enabled") -> dict[str, t.Any]:
    runner = FakeRunner({("systemctl",): (0, "LoadState=loaded\nUnitFileState=enabled\nActiveState=active\n", "")})
    return run(Request(state=state, offers=offers), host=host, runner=runner, check_mode=check)


def test_offers_are_told_apart_by_where_they_belong() -> None:
    offers = offers_of({"kernel": {"sha256": "aa", "bytes": 7}, "initramfs": None}, {"kernel": "/k", "initramfs": "/i"})
    assert offers == (Offer("kernel", "/k", "aa", 7),)
    assert offers_of(None, {}) == ()


def test_only_what_differs_is_asked_for(tmp_path: Path) -> None:
    host = build(tmp_path)
    assert differing([offer("kernel", "kernel"), offer("initramfs", "newer")], host) == (offer("initramfs", "newer"),)
    answer = ask(host, offer("kernel", "kernel"), offer("initramfs", "newer"))
    assert answer == {"changed": False, "send": ["initramfs"]}


def test_what_was_sent_is_installed(tmp_path: Path) -> None:
    host = build(tmp_path, {paths.KERNEL: None})
    (tmp_path / "sent").write_text("newer")
    answer = ask(host, offer("kernel", "newer", "/sent"))
    placed = Path(host.path(paths.KERNEL))
    assert (answer["changed"], placed.read_text(), placed.stat().st_mode & 0o777) == (True, "newer", 0o600)
    assert ask(host, offer("kernel", "newer"))["changed"] is False


def test_check_mode_installs_nothing_and_says_what_it_would(tmp_path: Path) -> None:
    host = build(tmp_path, {paths.KERNEL: None})
    answer = ask(host, offer("kernel", "newer"), check=True)
    assert answer["changed"] is True
    assert answer["diff"][0]["after"] == f"sha256 {offer('kernel', 'newer').sha256}\n"
    assert answer["diff"][0]["before"] == ""
    assert not host.exists(paths.KERNEL)


def test_says_how_large_the_image_is_also_before_it_is_sent(tmp_path: Path) -> None:
    host = build(tmp_path, {paths.KERNEL: None, "/sys/kernel/kexec_crash_size": "0\n"})
    assert ask(host, offer("kernel", "newer"), check=True)["image_bytes"] == len("newer" + "initramfs")
    assert ask(host, state="unloaded", check=True)["image_bytes"] is None


def test_check_mode_says_what_would_be_in_memory(tmp_path: Path) -> None:
    host = build(tmp_path)
    loaded(host)
    answer = ask(host, offer("kernel", "newer"), check=True, state="loaded")
    before, after = (answer["diff"][-1][side] for side in ("before", "after"))
    assert f"{paths.KERNEL} {offer('kernel', 'kernel').sha256}\n" in before
    assert f"{paths.KERNEL} {offer('kernel', 'newer').sha256}\n" in after


def test_what_arrived_damaged_takes_no_place(tmp_path: Path) -> None:
    host = build(tmp_path)
    (tmp_path / "sent").write_text("damaged")
    with pytest.raises(KdumpError, match="it arrived with another sha256"):
        install([offer("kernel", "newer", "/sent")], host)
    assert Path(host.path(paths.KERNEL)).read_text() == "kernel"
    assert [path.name for path in Path(host.path(paths.LIBRARY)).iterdir() if path.name.startswith(".")] == []


def test_kernel_and_initramfs_are_replaced_together_or_not_at_all(tmp_path: Path) -> None:
    host = build(tmp_path)
    (tmp_path / "sent").write_text("newer")
    both = [offer("initramfs", "newer", "/sent"), offer("kernel", "newer", "/nowhere")]
    with pytest.raises(KdumpError, match=f"Cannot install {paths.INITRAMFS} and {paths.KERNEL}: No such file"):
        install(both, host)
    assert Path(host.path(paths.INITRAMFS)).read_text() == "initramfs"
    install([both[0], offer("kernel", "newer", "/sent")], host)
    assert [Path(host.path(path)).read_text() for path in (paths.INITRAMFS, paths.KERNEL)] == ["newer", "newer"]


def test_what_was_never_sent_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(KdumpError, match=r"Cannot install .*No such file"):
        install([offer("kernel", "newer", "/nowhere")], build(tmp_path))


def test_nothing_is_asked_for_where_nothing_could_be_loaded(tmp_path: Path) -> None:
    host = build(tmp_path, {"/sys/kernel/kexec_crash_size": "0\n"})
    with pytest.raises(KdumpError, match="Cannot load the crash image"):
        ask(host, offer("kernel", "newer"), state="loaded")


def test_what_would_not_fit_is_refused_before_the_image_that_is_there_is_replaced(tmp_path: Path) -> None:
    host = build(tmp_path, {"/sys/kernel/kexec_crash_size": "100\n"})
    with pytest.raises(KdumpError, match="kernel and initramfs are 109 bytes, 100 are reserved"):
        ask(host, offer("kernel", "k" * 100), state="loaded")
    assert ask(host, offer("kernel", "k" * 91), state="loaded") == {"changed": False, "send": ["kernel"]}


def test_the_folder_for_dumps_is_for_root_only(tmp_path: Path) -> None:
    host = build(tmp_path)
    ask(host)
    os.rmdir(host.path(paths.DUMPS))
    assert ask(host, check=True)["changed"] is True
    assert not host.exists(paths.DUMPS)
    answer = ask(host)
    assert (answer["changed"], [entry["after_header"] for entry in answer["diff"]]) == (True, [paths.DUMPS])
    assert ask(host)["changed"] is False
    assert Path(host.path(paths.DUMPS)).stat().st_mode & 0o777 == 0o700
