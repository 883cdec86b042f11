# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ordinary hosts of Red Hat's family: rescue entries, kernels that kdumpctl has not seen yet, crashkernel=auto."""

from __future__ import annotations

import typing as t

from ansible_collections.linux.kdump.plugins.module_utils.audit.catalogue import BY_ID
from ansible_collections.linux.kdump.plugins.module_utils.audit.judge import find
from ansible_collections.linux.kdump.plugins.module_utils.audit.model import Case, Finding, Thresholds
from ansible_collections.linux.kdump.plugins.module_utils.audit.proofs import Proven
from ansible_collections.linux.kdump.tests.unit.audit_hosts import NOW, RELEASE, debian

_RESCUE = "0-rescue-1b2c3d4e5f60718293a4b5c6d7e8f901"


def judged(control: str, **changes: t.Any) -> Finding:
    evidence = debian(engine__name="kdump-utils", engine__unit="kdump.service")
    for name, value in changes.items():
        folder, dash, key = name.partition("__")
        if dash:
            evidence[folder][key] = value
        else:
            evidence[folder] = value
    return find(BY_ID[control], Case(evidence, "required", True, Thresholds(), NOW, Proven()))


def test_the_kernel_may_choose_the_size() -> None:
    auto: dict[str, t.Any] = {"command_line": "ro crashkernel=auto", "crash__expected_bytes": None}
    old = {**auto, "system__distribution": "rhel", "system__version": "7.9", "crash__reserved_bytes": 161 << 20}
    found = judged("KD-103", **old)
    assert (found.status, "the kernel itself chose the size" in found.message) == ("pass", True), found
    new = {**old, "system__version": "8.6"}
    for reserved, status in ((0, "fail"), (161 << 20, "fail"), (192 << 20, "pass")):
        found = judged("KD-103", **{**new, "crash__reserved_bytes": reserved})
        assert found.status == status, found
    assert judged("KD-103", **{**new, "memory_total_bytes": None}).status == "unknown"
    assert judged("KD-103", **{**new, "command_line": "crashkernel=x"}).status == "unknown"


def entries(*releases: str) -> list[dict[str, t.Any]]:
    return [
        {"title": release, "id": release, "kernel": f"/boot/vmlinuz-{release}", "managed": True, "crashkernel": "x"}
        for release in releases
    ]


def test_a_rescue_entry_needs_no_save_environment() -> None:
    for engine in ("kdump-utils", "suse"):
        found = judged("KD-203", boot__entries=entries(RELEASE, _RESCUE), engine__name=engine)
        assert (found.status, "0-rescue" in found.message) == ("pass", False), found
        assert judged("KD-203", boot__entries=entries(_RESCUE), engine__name=engine).status == "unknown"


def test_kdumpctl_builds_what_is_missing_when_it_starts() -> None:
    new = {"boot__entries": entries(RELEASE, "6.1.0-99")}
    found = judged("KD-203", **new)
    assert (found.status, "kdumpctl builds those of others at their boot: 6.1.0-99" in found.message) == ("pass", True)
    others: tuple[dict[str, t.Any], ...] = (
        {"engine__kernels": []}, {"engine__settings": {"force_no_rebuild": "1"}}, {"engine__name": "kdump-tools"},
        {"engine__name": "suse"},
    )  # fmt: skip
    for changes in others:
        assert judged("KD-203", **new, **changes).status == "fail", changes
