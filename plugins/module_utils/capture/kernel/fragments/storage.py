# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks and their controllers, as kconfig text: built in for small kernels, as modules for ``server``."""

from __future__ import annotations

import typing as t

SATA: t.Final = """\
CONFIG_SCSI=y
CONFIG_BLK_DEV_SD=y
CONFIG_SCSI_SCAN_ASYNC=y
CONFIG_ATA=y
CONFIG_SATA_AHCI=y
CONFIG_ATA_SFF=y
CONFIG_ATA_BMDMA=y
CONFIG_ATA_PIIX=y
"""

NVME: t.Final = """\
CONFIG_BLK_DEV_NVME=y
"""

DEVICE_MAPPER: t.Final = """\
CONFIG_MD=y
CONFIG_BLK_DEV_DM=y
CONFIG_DM_CRYPT=y
"""

RAID: t.Final = """\
CONFIG_MD=y
CONFIG_BLK_DEV_MD=y
CONFIG_MD_RAID0=y
CONFIG_MD_RAID1=y
CONFIG_MD_RAID10=y
CONFIG_MD_RAID456=y
# Trying every way of computing parity takes longer than the saving of a small dump.
# CONFIG_RAID6_PQ_BENCHMARK is not set
"""

#: Controllers of physical servers, and what lies between a controller and a file system.
SERVER_STORAGE: t.Final = """\
CONFIG_SCSI=m
CONFIG_BLK_DEV_SD=m
CONFIG_SCSI_SCAN_ASYNC=y
CONFIG_SCSI_LOWLEVEL=y
CONFIG_MEGARAID_SAS=m
CONFIG_SCSI_MPT3SAS=m
CONFIG_SCSI_HPSA=m
CONFIG_SCSI_SMARTPQI=m
CONFIG_SCSI_AACRAID=m
CONFIG_ATA=m
CONFIG_SATA_AHCI=m
CONFIG_ATA_SFF=y
CONFIG_ATA_BMDMA=y
CONFIG_ATA_PIIX=m
CONFIG_BLK_DEV_NVME=m
# NVMe disks behind Intel's Volume Management Device are invisible without it.
CONFIG_VMD=m

CONFIG_MD=y
CONFIG_BLK_DEV_DM=m
CONFIG_DM_CRYPT=m
CONFIG_CRYPTO_AES=m
CONFIG_CRYPTO_XTS=m
CONFIG_BLK_DEV_MD=m
CONFIG_MD_RAID0=m
CONFIG_MD_RAID1=m
CONFIG_MD_RAID10=m
CONFIG_MD_RAID456=m
# CONFIG_RAID6_PQ_BENCHMARK is not set
"""
