# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict on real dumps, whole and cut short."""

from __future__ import annotations

import gzip
import os
import pathlib
import shutil
import subprocess
import typing as t

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.aids import Aids
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.examine import examine
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.identity import Expectation
from ansible_collections.linux.kdump.tests.vmcores.dumps import Crashed

_CONTAINERS: t.Final = {
    "elf": "elf", "elf-filtered": "elf", "zlib": "kdump", "lzo": "kdump", "flat": "flattened-kdump",
    "flat-elf": "flattened-elf", "qemu-elf": "elf", "qemu-zlib": "flattened-kdump",
}  # fmt: skip
_CUTS: t.Final = 20


def expectation(crashed: Crashed) -> Expectation:
    """All that is known of the crash before the dump is looked at."""
    return Expectation(
        nonce=crashed.nonce,
        release=crashed.live("release"),
        nodename=crashed.guest.name,
        # The kernel notes the time for its capture kernel only.
        not_before=int(crashed.live("seconds")) if crashed.guest.reservation else None,
        cpus=crashed.guest.cpus,
    )


def test_a_real_dump_is_ok_and_what_was_crashed(crashed: Crashed, dump: str) -> None:
    found = examine(str(crashed.dump(dump)), expected=expectation(crashed), depth="full")
    expected = {"log-overwritten"} if crashed.guest.chatter else set()
    assert (found["verdict"], {each["id"] for each in found["findings"]}) == ("ok", expected)
    assert found["container"] == _CONTAINERS[dump]
    assert found["machine"] == crashed.guest.machine
    assert found["nonce_found"] is True
    assert found["panic"]["reason"] == "sysrq triggered crash"
    assert found["panic"]["comm"] == "init"
    assert found["panic"]["pid"] == 1


def test_every_format_of_a_guest_has_one_signature(crashed: Crashed) -> None:
    assert len({examine(str(crashed.dump(name)))["signature"] for name in crashed.guest.dumps}) == 1


def test_another_crash_is_a_mismatch(crashed: Crashed, dump: str) -> None:
    other = Expectation(nonce="0" * 32)
    assert examine(str(crashed.dump(dump)), expected=other)["verdict"] == "mismatch"


@pytest.mark.machines("x86_64")
@pytest.mark.formats("elf")
def test_the_parts_of_a_split_dump_are_ok_together_only(crashed: Crashed, dump: str, tmp_path: pathlib.Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    argv = ["makedumpfile", "--split", "-l", "-d", "31", *map(str, (crashed.dump(dump), first, second))]
    subprocess.run(argv, check=True, capture_output=True)
    together = examine(str(first), expected=expectation(crashed), depth="full", aids=Aids(parts=(str(second),)))
    assert together["verdict"] == "ok"
    assert examine(str(first), expected=expectation(crashed))["verdict"] == "incomplete"


@pytest.mark.machines("i386")
@pytest.mark.formats("lzo", "flat-elf")
def test_a_compressed_dump_is_ok_and_a_part_of_it_is_not(crashed: Crashed, dump: str, tmp_path: pathlib.Path) -> None:
    packed = tmp_path / "vmcore.gz"
    with crashed.dump(dump).open("rb") as plain, gzip.open(packed, "wb", compresslevel=1) as stream:
        shutil.copyfileobj(plain, stream)
    found = examine(str(packed), expected=expectation(crashed))
    assert (found["verdict"], found["compression"], found["container"]) == ("ok", "gzip", _CONTAINERS[dump])
    os.truncate(packed, packed.stat().st_size * 2 // 3)
    assert examine(str(packed))["verdict"] == "incomplete"


def test_a_dump_that_was_cut_short_is_never_ok(crashed: Crashed, dump: str, tmp_path: pathlib.Path) -> None:
    copy = tmp_path / "vmcore"
    subprocess.run(["cp", "--sparse=always", crashed.dump(dump), copy], check=True)
    size = copy.stat().st_size
    verdicts = {}
    # From the longest to the shortest, so that one copy is enough.
    for cut in sorted({size - 1, *(size * part // _CUTS for part in range(_CUTS))}, reverse=True):
        with copy.open("r+b") as stream:
            stream.truncate(cut)
        verdicts[cut] = examine(str(copy), depth="structure")["verdict"]
    shutil.rmtree(tmp_path)
    assert len(verdicts) == _CUTS + 1
    assert not {cut: verdict for cut, verdict in verdicts.items() if verdict == "ok"}
