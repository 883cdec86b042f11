# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What else has to be on."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel.kconfig.needs import Needs
from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel.kconfig.tree import Tree
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.capture.source_tree import plant

FIXED = {"PCI": "y", "BLOCK": "y", "BLK_DEV": "y", "64BIT": "y", "EXPERT": "y", "NET": "n", "MODULES": "n"}


@pytest.fixture
def needs(tmp_path: Path) -> Needs:
    return Needs(Tree(str(plant(tmp_path)), {"SRCARCH": "x86"}), FIXED)


@pytest.mark.parametrize(
    ("symbol", "chosen"),
    [
        ("BLK_DEV_NVME", ["BLK_DEV_NVME"]),
        ("PCI", []),
        ("BLK_DEV_SD", ["BLK_DEV_SD", "SCSI"]),
        ("MEGARAID_SAS", ["MEGARAID_SAS", "SCSI_LOWLEVEL", "SCSI"]),
        ("SATA_AHCI", ["SATA_AHCI", "ATA"]),
        # off in a capture kernel, unless a driver asks for it
        ("TIGON3", ["TIGON3", "NETDEVICES", "NET", "ETHERNET", "NET_VENDOR_BROADCOM"]),
        ("MLX5_CORE", ["MLX5_CORE", "NETDEVICES", "NET", "ETHERNET"]),
        ("EXT4_USE_FOR_EXT2", ["EXT4_USE_FOR_EXT2", "EXT4_FS"]),
        ("XFS_FS", ["XFS_FS"]),
        # no prompt: nothing to set
        ("PTP_1588_CLOCK_OPTIONAL", []),
        # kconfig has the last word on these two
        ("TEST_A", ["TEST_A", "TEST_B"]),
        ("ODD", ["ODD"]),
    ],
)
def test_the_least_is_turned_on(needs: Needs, symbol: str, chosen: list[str]) -> None:
    assert needs.want(symbol) == []
    assert needs.chosen == chosen


@pytest.mark.parametrize(
    ("symbol", "unmet"),
    [
        ("NO_SUCH_THING", ["NO_SUCH_THING"]),
        ("SCSI_IBMVSCSI", ["PPC_PSERIES"]),
        ("MODULES", ["MODULES"]),
        ("COMPILE_TEST", ["COMPILE_TEST"]),
        ("SATA_AHCI_PLATFORM", ["COMPILE_TEST || (ARCH_HISI && BROKEN)"]),
        ("MODULAR_ONLY", ["m"]),
    ],
)
def test_what_cannot_be_met_chooses_nothing(needs: Needs, symbol: str, unmet: list[str]) -> None:
    assert needs.want("XFS_FS") == []
    assert needs.want(symbol) == unmet
    assert needs.chosen == ["XFS_FS"]


def test_what_is_on_is_not_asked_for_again(needs: Needs) -> None:
    needs.want("MEGARAID_SAS")
    before = needs.chosen
    assert needs.want("SCSI") == needs.want("MEGARAID_SAS") == []
    assert needs.chosen == before
