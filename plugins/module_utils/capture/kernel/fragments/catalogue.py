# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fragments and profiles that a user may name."""

from __future__ import annotations

import typing as t

from .devices import EXT4, NVME, SATA, VIRTIO

#: Fragments that a user may name.
FRAGMENTS: t.Final = {"virtio": VIRTIO, "sata": SATA, "nvme": NVME, "ext4": EXT4}

#: Names for several fragments: what one kind of machine needs.
PROFILES: t.Final = {"tiny": ("virtio", "sata", "nvme", "ext4")}
