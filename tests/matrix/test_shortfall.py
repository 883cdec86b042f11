# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real kernels are passed reservations that they cannot make: the reason we give is the one that they met."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.shortfall import about_crashkernel, explain
from ansible_collections.linux.kdump.tests.matrix.shortfall import boot

M: t.Final = 1 << 20
#: What every kernel is passed, on a machine of 1 GiB, and what that should be explained by.
_EVERYWHERE: t.Final = {
    "64m,wide": "syntax", "big": "syntax", "1G-512M:64M": "syntax", "2G-:64M": "no-range",
}  # fmt: skip
#: Where architectures look for room, and what they say of an address, is their own.
_OWN: t.Final = {
    "x86_64": {"1100M": "no-room", "900M@32M": "in-use"},
    "i386": {"1100M": "no-room", "900M@32M": "in-use"},
    "arm64": {"1100M": "no-room", "900M@32M": "no-room"},
    "ppc64le": {"900M": "no-room", "900M@32M": "in-use"},
}
CASES: t.Final = [(name, value, why) for name, own in _OWN.items() for value, why in (_EVERYWHERE | own).items()]


def _reason(folder: pathlib.Path, architecture: str, value: str) -> tuple[int | None, str, str]:
    told = boot(folder, architecture, parameters=f"crashkernel={value}", memory="1G")
    log = about_crashkernel(told.log)
    found = explain(
        [value], [value], same=True, reserved=told.reserved, expected=64 * M, log=log, iomem=told.iomem,
        config=told.config,
    )  # fmt: skip
    return told.reserved, found.id, found.message


@pytest.mark.parametrize(("architecture", "value", "why"), CASES)
def test_the_reason_is_the_one_that_the_kernel_met(
    tmp_path: pathlib.Path, architecture: str, value: str, why: str
) -> None:
    reserved, identity, message = _reason(tmp_path, architecture, value)
    assert (reserved, identity) == (0, why)
    assert message.endswith(")")
    assert "(its log: " in message


@pytest.mark.parametrize("architecture", list(_OWN))
def test_a_reservation_that_was_made_is_not_said_to_have_failed(tmp_path: pathlib.Path, architecture: str) -> None:
    told = boot(tmp_path, architecture, parameters="crashkernel=64M", memory="1G")
    assert told.reserved == 64 * M
    # The same log with nothing reserved means that somebody has given it back.
    log = about_crashkernel(told.log)
    again = explain(["64M"], ["64M"], same=True, reserved=0, expected=64 * M, log=log, iomem="", config=told.config)
    assert again.id == "given-back", log


def test_a_kernel_that_was_built_without_crash_dumps_says_nothing_and_is_found_out_all_the_same(
    tmp_path: pathlib.Path,
) -> None:
    reserved, identity, message = _reason(tmp_path, "s390x", "64M")
    assert (reserved, identity) == (0, "unsupported")
    assert "CONFIG_CRASH_DUMP" in message
