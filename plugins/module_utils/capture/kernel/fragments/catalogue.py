# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fragments and profiles that a user may name."""

from __future__ import annotations

import typing as t

from .filesystems import BTRFS, EXT4, NFS, SERVER_FILESYSTEMS, XFS
from .hypervisors import SERVER_GUESTS, SERVER_VIRTIO, VIRTIO
from .network import NETWORK, SERVER_NETWORK
from .servers import FIRMWARE, IOMMU, MODULES
from .signing import EFI_STUB
from .storage import DEVICE_MAPPER, NVME, RAID, SATA, SERVER_STORAGE

#: Fragments that a user may name. What they turn on is built in, but for those of servers.
FRAGMENTS: t.Final = {
    "virtio": VIRTIO,
    "sata": SATA,
    "nvme": NVME,
    "dm": DEVICE_MAPPER,
    "md": RAID,
    "ext4": EXT4,
    "xfs": XFS,
    "btrfs": BTRFS,
    "network": NETWORK,
    "nfs": NFS,
    "iommu": IOMMU,
    "firmware": FIRMWARE,
    "modules": MODULES,
    "efi_stub": EFI_STUB,
    "server_virtio": SERVER_VIRTIO,
    "server_guests": SERVER_GUESTS,
    "server_storage": SERVER_STORAGE,
    "server_network": SERVER_NETWORK,
    "server_filesystems": SERVER_FILESYSTEMS,
}

#: Names for several fragments: what one kind of machine needs.
PROFILES: t.Final = {
    "tiny": ("virtio", "sata", "nvme", "ext4"),
    "server": (
        "modules",
        "iommu",
        "firmware",
        "server_virtio",
        "server_guests",
        "server_storage",
        "server_network",
        "server_filesystems",
    ),
}
