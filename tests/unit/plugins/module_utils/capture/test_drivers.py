# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drivers by their names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.capture import drivers
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError


@pytest.mark.parametrize(
    ("driver", "module", "names"),
    [
        ("nvme", "nvme", ("nvme",)),
        ("virtio-pci", None, ("virtio_pci",)),
        ("sd", None, ("sd", "sd_mod")),
        ("sd", "sd_mod", ("sd_mod", "sd")),
        ("ext3", None, ("ext3", "ext4")),
        ("nfs4", "nfsv4", ("nfsv4", "nfs4")),
        ("vbd", None, ("vbd", "xen_blkfront")),
        ("pcieport", None, ()),
        ("pcieport", "pcieportdrv", ()),
    ],
)
def test_what_a_driver_may_be_called_as_a_module(driver: str, module: str | None, names: tuple[str, ...]) -> None:
    assert drivers.Driver("x", driver, module).names == names


def test_two_disks_of_one_sort_need_one_driver() -> None:
    chain = [
        {"device": "0:0:0:0", "driver": "sd", "module": "sd_mod"},
        {"device": "0000:00:1f.2", "driver": "ahci", "module": "ahci"},
        {"device": "0000:00:1c.0", "driver": "pcieport", "module": None},
        {"device": "1:0:0:0", "driver": "sd", "module": "sd_mod"},
    ]
    assert [driver.driver for driver in drivers.needed(drivers.read(chain))] == ["sd", "ahci"]


@pytest.mark.parametrize(
    "document",
    [None, {}, "x", 3, [3], ["x"], [{}], [{"device": "a", "driver": None, "module": None}],
     [{"device": "a", "driver": "", "module": None}], [{"device": "a", "driver": "b", "module": 3}],
     [{"device": "a", "driver": "b"}]],
)  # fmt: skip
def test_what_is_no_list_of_drivers_is_refused(document: object) -> None:
    with pytest.raises(drivers.DriverError, match=r"^Cannot read the driver"):
        drivers.read(document)


@given(st.recursive(st.none() | st.booleans() | st.text() | st.integers(), lambda inner: st.lists(inner)
                    | st.dictionaries(st.sampled_from(["device", "driver", "module"]), inner)))  # fmt: skip
def test_anything_is_read_or_refused(document: object) -> None:
    try:
        assert isinstance(drivers.needed(drivers.read(document)), tuple)
    except KdumpError as error:
        assert "\n" not in error.message
