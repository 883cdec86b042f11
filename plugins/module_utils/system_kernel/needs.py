# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The drivers without which a host would not come up again, or out of reach: a kernel that lacks one is not for it.

They are those between the root of the buses and each file system that a boot mounts, and between it and the interfaces
of the default route. Where the latter has none, every interface counts.
"""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Iterator
from dataclasses import asdict

from ..capture import drivers
from ..capture.initramfs.modules import ModuleError, read_tree
from ..host.devices import Step, interfaces, layers, target_steps
from ..host.target import unescaped
from ..host.tree import Host

#: Mount options by which a boot goes on without the file system.
_UNNEEDED: t.Final = frozenset({"noauto", "nofail", "x-systemd.automount"})


def needed(host: Host, running: str) -> tuple[drivers.Driver, ...]:
    """What any kernel for this host has to have.

    A driver that the running kernel has no module of, built in or not, is part of every kernel of the architecture:
    only some of them can be left out at all, and those have one.
    """
    known = _known(host, running)
    found = drivers.needed(drivers.Driver(**asdict(step)) for step in _steps(host))
    return tuple(driver for driver in found if known is None or not known.isdisjoint(driver.names))


def lacking(
    needs: Collection[drivers.Driver], modules: Collection[str], may_lack: Collection[str]
) -> list[drivers.Driver]:  # fmt: skip
    """Those of ``needs`` that a kernel with these modules, built in or not, does not have."""
    enough = {*modules, *(name.replace("-", "_") for name in may_lack)}
    return [driver for driver in needs if enough.isdisjoint(driver.names)]


def _steps(host: Host) -> Iterator[Step]:
    for point in dict.fromkeys(("/", *_mount_points(host))):
        yield from target_steps(point, host)
    cards = interfaces(host)
    for card in [card for card in cards if card.default] or cards:
        yield from card.path_modules
    yield from layers(host)


def _mount_points(host: Host) -> Iterator[str]:
    """Where a boot mounts something, and stops if it cannot."""
    for line in (host.read("/etc/fstab") or "").splitlines():
        fields = line.split()
        if len(fields) < 2 or fields[0].startswith("#") or not fields[1].startswith("/"):
            continue
        if _UNNEEDED.isdisjoint(fields[3].split(",") if len(fields) > 3 else ()):
            yield unescaped(fields[1])


def _known(host: Host, running: str) -> frozenset[str] | None:
    """The modules of the running kernel, built in or not; None where it has left no list of them."""
    try:
        tree = read_tree(host.path(f"/lib/modules/{running}"))
    except ModuleError:
        return None
    return tree.builtin.union(tree.files)
