# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drivers by the names that a host's sysfs has for them, and kernel modules that go with others.

The same names lead into a capture kernel's module tree and to the kconfig symbols of one that has everything built in.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..errors import KdumpError
from ..host.devices import FILESYSTEM_MODULES

#: Drivers that no capture kernel has to be asked for: its PCI code takes their place, or Xen support brings them.
NOT_NEEDED: t.Final = frozenset({"pcieport", "xen-platform-pci"})
#: The kernel modules of drivers that call themselves something else; dashes and underscores are the same.
MODULES: t.Final = {
    **FILESYSTEM_MODULES,
    "sd": "sd_mod", "sr": "sr_mod", "vbd": "xen_blkfront", "vif": "xen_netfront", "usb": "usbcore", "hub": "usbcore",
    "xhci_hcd": "xhci_pci", "ehci_hcd": "ehci_pci", "vmbus": "hv_vmbus",
}  # fmt: skip
#: Modules that a module asks for at run time, when there is nobody left in a capture kernel to answer.
COMPANIONS: t.Final[Mapping[str, tuple[str, ...]]] = {"dm_crypt": ("xts", "aes_generic")}
#: The same as kconfig symbols: what a driver is of little use without.
COMPANION_SYMBOLS: t.Final[Mapping[str, tuple[str, ...]]] = {
    "dm_crypt": ("CRYPTO_XTS", "CRYPTO_AES"),
    "ext4": ("EXT4_USE_FOR_EXT2",),
    "mlx5_core": ("MLX5_CORE_EN",),
    "sd_mod": ("SCSI_SCAN_ASYNC",),
    "virtio_pci": ("VIRTIO_PCI_LEGACY",),
    "xen_blkfront": ("XEN_PVHVM_GUEST",),
    "xen_netfront": ("XEN_PVHVM_GUEST",),
    "xfs": ("XFS_SUPPORT_V4",),
}


class DriverError(KdumpError):
    """Evidence about drivers that is none."""


@dataclass(frozen=True)
class Driver:
    """One driver on a host's way to its dump target, as `kdump_info` tells it."""

    device: str
    driver: str
    module: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """What its kernel module may be called, likeliest first; none for a driver that is not needed."""
        if self.driver in NOT_NEEDED:
            return ()
        known = (self.module, self.driver, MODULES.get(self.driver))
        return tuple(dict.fromkeys(name.replace("-", "_") for name in known if name))

    def __str__(self) -> str:
        return f"{self.device} (driver {self.driver})"


def read(documents: t.Any) -> tuple[Driver, ...]:
    """The drivers of a list as it is in evidence."""
    if not isinstance(documents, list):
        raise DriverError(f"Cannot read the drivers: {str(documents)[:60]!r} is no list of device, driver and module")
    return tuple(_read(document) for document in documents)


def _read(document: t.Any) -> Driver:
    try:
        device, driver, module = document["device"], document["driver"], document["module"]
    except (KeyError, TypeError) as error:
        raise _refusal(document) from error
    words = (device, driver) if module is None else (device, driver, module)
    if not all(isinstance(word, str) and word for word in words):
        raise _refusal(document)
    return Driver(device, driver, module)


def _refusal(document: t.Any) -> DriverError:
    return DriverError(f"Cannot read the driver {str(document)[:60]!r}: it has no device, driver and module")


def nfs_client(version: str) -> Driver:
    """What mounts a target by this version of NFS, such as 3 or 4.2."""
    module = f"nfsv{version[:1]}"
    return Driver(f"NFS {version}", module, module)


def needed(drivers: Iterable[Driver]) -> tuple[Driver, ...]:
    """Those that a capture kernel has to have, each kind once: two disks of one sort need one driver."""
    return tuple({driver.names: driver for driver in drivers if driver.names}.values())
