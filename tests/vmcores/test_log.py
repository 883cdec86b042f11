# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel log of real dumps beside what the living kernel said, and what other tools read from the same memory."""

from __future__ import annotations

import pathlib
import re
import subprocess
import typing as t

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.log.dmesg import (
    MAKEDUMPFILE,
    VMCORE_DMESG,
    Style,
    comparable,
    dmesg_lines,
)
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.log.text import safe_text
from ansible_collections.linux.kdump.tests.vmcores.dumps import Crashed
from ansible_collections.linux.kdump.tests.vmcores.guests import DUMPS, READINGS
from ansible_collections.linux.kdump.tests.vmcores.opened import opened

#: Level and facility, number, microseconds, flags; from a caller on if the kernel was built so.
_KMSG: t.Final = re.compile(r"(?P<level>\d+),(?P<seq>\d+),(?P<time>\d+),[^;]*;(?P<text>.*)")
_ESCAPED: t.Final = re.compile(rb"\\x([0-9a-f]{2})")
_STYLES: t.Final = {"makedumpfile.dmesg": MAKEDUMPFILE, "vmcore-dmesg.dmesg": VMCORE_DMESG}


def test_every_record_of_the_living_kernel_is_there(crashed: Crashed, dump: str) -> None:
    with opened(crashed.dump(dump)) as found:
        records = {record.seq: record for record in found.log.records}
    lines = list(filter(None, map(_KMSG.fullmatch, crashed.live("kmsg").splitlines())))
    lost = [line for line in lines if int(line["seq"]) not in records]
    # The ring forgets its oldest, and only those.
    assert all(int(line["seq"]) < min(records) for line in lost)
    assert bool(crashed.guest.chatter) or not lost
    for line in lines[len(lost) :]:
        record = records[int(line["seq"])]
        text = _ESCAPED.sub(
            lambda match: bytes.fromhex(match[1].decode()), line["text"].encode("utf-8", "surrogateescape")
        )
        assert (record.facility << 3 | (record.level or 0)) == int(line["level"])
        assert (record.ts_nsec or 0) // 1000 == int(line["time"])
        assert record.text == safe_text(text)


def test_the_log_ends_with_the_crash(crashed: Crashed, dump: str) -> None:
    with opened(crashed.dump(dump)) as found:
        texts = [record.text for record in found.log.records]
    nonce = next(index for index, text in enumerate(texts) if crashed.nonce in text)
    assert "Kernel panic - not syncing: sysrq triggered crash" in texts[nonce:]
    assert (found.log.lost, found.log.gaps, found.log.damage) == (0, 0, ())


@pytest.mark.formats(*DUMPS)
@pytest.mark.parametrize("reading", list(READINGS))
def test_the_log_is_what_the_tools_of_its_own_machine_print(crashed: Crashed, reading: str, dump: str) -> None:
    assert _lines(crashed, dump, _STYLES[reading]) == comparable(crashed.dump(reading).read_bytes())


@pytest.mark.formats("elf", "elf-filtered", "zlib", "lzo")
@pytest.mark.machines("x86_64")
def test_the_log_is_what_makedumpfile_prints_here(crashed: Crashed, dump: str, tmp_path: pathlib.Path) -> None:
    target = tmp_path / "dmesg"
    subprocess.run(["makedumpfile", "--dump-dmesg", crashed.dump(dump), target], check=True, capture_output=True)
    assert _lines(crashed, dump, MAKEDUMPFILE) == comparable(target.read_bytes())


def _lines(crashed: Crashed, dump: str, style: Style) -> list[str]:
    with opened(crashed.dump(dump)) as found:
        return list(dmesg_lines(found.log.records, style))
