# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The distribution's own kdump as evidence: its settings, its save environments, its test of itself."""

from __future__ import annotations

import os
import re
import typing as t
from collections.abc import Mapping

from ..engine.catalogue import ENGINES, Engine, File
from ..engine.request import complaints, parse
from ..errors import KdumpError
from . import paths
from .service import is_masked
from .tree import Host

_MAX_KERNELS: t.Final = 16
_MAX_PROBLEMS: t.Final = 8

#: What is told of the configuration: nothing that could be a password.
SETTINGS: t.Final = frozenset({
    "FTP", "KDUMP_CMDLINE", "KDUMP_CMDLINE_APPEND", "KDUMP_COMMANDLINE", "KDUMP_COMMANDLINE_APPEND",
    "KDUMP_CONTINUE_ON_ERROR", "KDUMP_COREDIR", "KDUMP_CPUS", "KDUMP_DUMPFORMAT", "KDUMP_DUMPLEVEL",
    "KDUMP_FAIL_CMD", "KDUMP_IMMEDIATE_REBOOT", "KDUMP_KEEP_OLD_DUMPS", "KDUMP_NUM_DUMPS", "KDUMP_SAVEDIR",
    "MAKEDUMP_ARGS", "MAKEDUMPFILE_OPTIONS", "NFS", "SSH", "USE_KDUMP", "btrfs", "core_collector", "default",
    "ext2", "ext3", "ext4", "failure_action", "fence_kdump_nodes", "final_action", "force_no_rebuild", "minix", "nfs",
    "path", "raw", "ssh", "virtiofs", "xfs",
})  # fmt: skip
#: Where each keeps the save environment of a kernel's release.
INITRAMFS: t.Final[Mapping[str, tuple[str, ...]]] = {
    "kdump-tools": ("/var/lib/kdump/initrd.img-{}",),
    "kdump-utils": ("/boot/initramfs-{}kdump.img", "/var/lib/kdump/initramfs-{}kdump.img"),
    "suse": ("/boot/initrd-{}-kdump", "/var/lib/kdump/initrd"),
}
#: kdumpctl test writes here how it went: pending, then success, fail or manual.
TEST_STATUS: t.Final = "/var/lib/kdump/vmcore-creation.status"
_STATUS: t.Final = re.compile(r"\b(success|fail|manual|pending)\b")
_PASSWORD: t.Final = re.compile(r"(?<=://)([^/@:\s]*):[^@\s]*@")


def read_engine(host: Host) -> dict[str, t.Any] | None:
    """The configuration of the distribution's kdump; None where none is installed. Of several the first counts."""
    engine = next((engine for engine in ENGINES.values() if any(host.exists(tool) for tool in engine.tools)), None)
    if engine is None:
        return None
    settings, problems = _settings(engine, host)
    host.omit("engine.problems", len(problems) - _MAX_PROBLEMS)
    return {
        "name": engine.name,
        "unit": engine.unit,
        "settings": settings,
        "problems": problems[:_MAX_PROBLEMS],
        "kernels": _kernels(engine, host),
    }


def masked_units(host: Host) -> list[str]:
    """Which of the units that load a crash image somebody forbade."""
    units = (paths.UNIT_NAME, *(engine.unit for engine in ENGINES.values()))
    return [unit for unit in dict.fromkeys(units) if is_masked(host, unit)]


def read_test(host: Host) -> dict[str, t.Any] | None:
    """How kdumpctl's own test went; None where there was none since the save environment was built."""
    match = _STATUS.search((host.read(TEST_STATUS) or "")[:4096])
    if match is None:
        return None
    return {"status": match[1], "at": int(os.stat(host.path(TEST_STATUS)).st_mtime)}


def _settings(engine: Engine, host: Host) -> tuple[dict[str, str | None], list[str]]:
    settings: dict[str, str | None] = {}
    problems: list[str] = []
    for file in engine.files:
        found, told = _file(file, host)
        settings.update(found)
        problems += told
    return settings, problems


def _file(file: File, host: Host) -> tuple[dict[str, str | None], list[str]]:
    try:
        text = host.read(file.path)
        if text is None:
            return {}, []
        document = parse(file, text)
    except KdumpError as error:
        return {}, [error.message[:300]]
    shown = {key: _shown(value) for key, value in document.values.items() if key in SETTINGS}
    return shown, [problem[:300] for problem in complaints(file, document)]


def _shown(value: str | None) -> str | None:
    """A value without the password that an address may hold."""
    return None if value is None else _PASSWORD.sub(r"\1:***@", value[:500])


def _kernels(engine: Engine, host: Host) -> list[dict[str, t.Any]]:
    """The kernels that are installed, each with its save environment."""
    try:
        releases = sorted(os.listdir(host.path("/lib/modules")))
    except OSError:
        return []
    host.omit("engine.kernels", len(releases) - _MAX_KERNELS)
    return [
        {"release": release[:100], "initramfs": _initramfs(engine, release, host)}
        for release in releases[-_MAX_KERNELS:]
    ]  # fmt: skip


def _initramfs(engine: Engine, release: str, host: Host) -> str | None:
    places = (template.format(release) for template in INITRAMFS[engine.name])
    return next((place for place in places if host.exists(place)), None)
