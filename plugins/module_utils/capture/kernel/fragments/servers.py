# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What physical servers need beside their devices, as kconfig text."""

from __future__ import annotations

import typing as t

MODULES: t.Final = """\
CONFIG_MODULES=y
"""

#: The crashed kernel leaves translation of addresses and interrupts switched on. The capture kernel has to take it
#: over, or its devices reach no memory.
IOMMU: t.Final = """\
CONFIG_IOMMU_SUPPORT=y
CONFIG_INTEL_IOMMU=y
CONFIG_INTEL_IOMMU_DEFAULT_ON=y
CONFIG_AMD_IOMMU=y
CONFIG_IRQ_REMAP=y
"""

#: Drivers, and the reboot at the end, know a machine's quirks by its name.
FIRMWARE: t.Final = """\
CONFIG_DMI=y
"""
