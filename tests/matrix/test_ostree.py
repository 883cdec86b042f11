# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deployments that libostree makes: each change is one of its own, the last one stays, and an upgrade hands it on."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.bootloader.model import Entry
from ansible_collections.linux.kdump.tests.matrix.ostree import System

_BASE: t.Final = ["root=LABEL=root", "quiet"]
_TWO: t.Final = ["crashkernel=256M,high", "crashkernel=64M,low"]


@pytest.fixture
def system(tmp_path: pathlib.Path) -> System:
    return System(tmp_path, arguments=[*_BASE, "crashkernel=1M", "crashkernel=1M"])


def _told(entries: t.Sequence[Entry]) -> list[tuple[bool, str, list[str]]]:
    return [
        (entry.managed, entry.reason, [word for word in entry.arguments if not word.startswith("ostree=")])
        for entry in entries
    ]


def test_each_change_is_one_deployment_and_the_one_before_stays_to_go_back_to(system: System) -> None:
    old = [*_BASE, "crashkernel=1M", "crashkernel=1M"]
    assert _told(system.loader.entries()) == [(True, "", old)]
    system.loader.apply(_TWO, timeout=60)
    assert system.options() == [[*_BASE, *_TWO], old]
    assert _told(system.loader.entries()) == [
        (True, "", [*_BASE, *_TWO]), (False, "a deployment to go back to", old),
    ]  # fmt: skip
    # What is there already makes none.
    system.loader.apply(_TWO, timeout=60)
    assert len(system.options()) == 2
    system.loader.apply([], timeout=60)
    assert system.options() == [_BASE, [*_BASE, *_TWO], old]


def test_an_upgrade_hands_the_value_on_to_the_new_kernel(system: System) -> None:
    system.loader.apply(["crashkernel=64M"], timeout=60)
    system.upgrade("6.1.0-2")
    assert system.kernels() == ["6.1.0-2", "6.1.0-1", "6.1.0-1"]
    assert system.options()[:2] == [[*_BASE, "crashkernel=64M"]] * 2
    managed = [found for found in _told(system.loader.entries()) if found[0]]
    assert managed == [(True, "", [*_BASE, "crashkernel=64M"])]
    assert len(system.loader.entries()) == 3
