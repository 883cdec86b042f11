# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""File systems that dumps are saved to, as kconfig text: built in for small kernels, as modules for ``server``."""

from __future__ import annotations

import typing as t

EXT4: t.Final = """\
CONFIG_EXT4_FS=y
CONFIG_EXT4_USE_FOR_EXT2=y
"""

XFS: t.Final = """\
CONFIG_XFS_FS=y
# Hosts of before 2014 still have it.
CONFIG_XFS_SUPPORT_V4=y
"""

BTRFS: t.Final = """\
CONFIG_BTRFS_FS=y
# Selected for RAID; trying every way of computing parity takes longer than the saving of a small dump.
# CONFIG_RAID6_PQ_BENCHMARK is not set
"""

#: Needs the network.
NFS: t.Final = """\
CONFIG_NETWORK_FILESYSTEMS=y
CONFIG_NFS_FS=y
CONFIG_NFS_V3=y
CONFIG_NFS_V4=y
"""

SERVER_FILESYSTEMS: t.Final = """\
CONFIG_EXT4_FS=m
CONFIG_EXT4_USE_FOR_EXT2=y
CONFIG_XFS_FS=m
CONFIG_XFS_SUPPORT_V4=y
CONFIG_BTRFS_FS=m
# CONFIG_RAID6_PQ_BENCHMARK is not set
CONFIG_NETWORK_FILESYSTEMS=y
CONFIG_NFS_FS=m
CONFIG_NFS_V3=m
CONFIG_NFS_V4=m
"""
