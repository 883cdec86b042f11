# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paravirtual devices, as kconfig text: built in for small kernels, as modules for ``server``."""

from __future__ import annotations

import typing as t

VIRTIO: t.Final = """\
CONFIG_VIRTIO_MENU=y
CONFIG_VIRTIO_PCI=y
CONFIG_VIRTIO_PCI_LEGACY=y
CONFIG_VIRTIO_BLK=y
CONFIG_SCSI=y
CONFIG_BLK_DEV_SD=y
CONFIG_SCSI_SCAN_ASYNC=y
CONFIG_SCSI_LOWLEVEL=y
CONFIG_SCSI_VIRTIO=y
CONFIG_VIRTIO_CONSOLE=y
"""

SERVER_VIRTIO: t.Final = """\
CONFIG_VIRTIO_MENU=y
CONFIG_VIRTIO_PCI=m
CONFIG_VIRTIO_PCI_LEGACY=y
CONFIG_VIRTIO_BLK=m
CONFIG_SCSI_LOWLEVEL=y
CONFIG_SCSI_VIRTIO=m
CONFIG_VIRTIO_NET=m
CONFIG_VIRTIO_CONSOLE=m
"""

#: Hyper-V and Azure, Xen (HVM and PVH: a paravirtual guest cannot kexec), VMware.
SERVER_GUESTS: t.Final = """\
CONFIG_HYPERVISOR_GUEST=y
CONFIG_PARAVIRT=y

CONFIG_HYPERV=m
CONFIG_HYPERV_STORAGE=m
CONFIG_HYPERV_NET=m
# The way to passed-through NVMe disks and network cards.
CONFIG_PCI_HYPERV=m
CONFIG_NET_VENDOR_MICROSOFT=y
CONFIG_MICROSOFT_MANA=m

CONFIG_XEN=y
CONFIG_XEN_PVHVM_GUEST=y
CONFIG_XEN_BLKDEV_FRONTEND=m
CONFIG_XEN_NETDEV_FRONTEND=m

CONFIG_VMWARE_PVSCSI=m
CONFIG_NET_CORE=y
CONFIG_VMXNET3=m
# What VMware emulates where nobody chose otherwise.
CONFIG_FUSION=y
CONFIG_FUSION_SPI=m
CONFIG_FUSION_SAS=m
"""
