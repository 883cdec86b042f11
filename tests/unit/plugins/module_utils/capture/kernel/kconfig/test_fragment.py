# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fragments and configurations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel.fragments import base, catalogue, machines
from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel.kconfig import fragment as kconfig

NAMES = st.from_regex(r"[A-Z][A-Z0-9_]{0,20}", fullmatch=True)
VALUES = st.one_of(
    st.sampled_from(["y", "m", "n"]),
    st.integers(0, 1 << 64).map(str),
    st.integers(0, 1 << 64).map(hex),
    st.from_regex(r'"[ -!#-\[\]-~]{0,20}"', fullmatch=True),
)


@given(st.dictionaries(NAMES, VALUES, min_size=1))
def test_what_is_rendered_is_read_back(wanted: dict[str, str]) -> None:
    settings = {name: kconfig.Setting(name, value, "x:1") for name, value in wanted.items()}
    text = kconfig.render(settings)
    assert {s.name: s.value for s in kconfig.parse_fragment(text, "x")} == wanted
    assert kconfig.lost(settings, kconfig.parse_config(text)) == []


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert kconfig.parse_fragment(text, "x")
    except kconfig.ConfigError as error:
        assert error.message.startswith("Cannot ")
        assert "\n" not in error.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it sets nothing"),
        ("# only a comment\n", "it sets nothing"),
        ("CONFIG_EXT4_FS=yes\n", "yes is no value"),
        ("CONFIG_EXT4_FS=\n", "nothing is no value"),
        ("CONFIG_EXT4_FS\n", "line 1 (CONFIG_EXT4_FS) is wrong"),
        ("EXT4_FS=y\n", "line 1 (EXT4_FS=y) is wrong"),
        ("CONFIG_X=y\nCONFIG_Y = y\n", "line 2 (CONFIG_Y = y) is wrong"),
        ('CONFIG_X="open\n', "is no value"),
        ("CONFIG_X=y\0", "it is not a text"),
        ("#\n" * (1 << 20), "it is not a text"),
    ],
)
def test_bad_fragments_are_named_with_their_line(text: str, message: str) -> None:
    with pytest.raises(kconfig.ConfigError) as caught:
        kconfig.parse_fragment(text, "mine.config")
    assert message in caught.value.message
    assert "mine.config" in caught.value.message


def test_a_later_fragment_overrules() -> None:
    merged = kconfig.merge(
        [
            kconfig.parse_fragment("CONFIG_A=y\nCONFIG_B=y\n", "one"),
            kconfig.parse_fragment("# CONFIG_A is not set\n", "two"),
        ]
    )
    assert (merged["A"].value, merged["A"].origin, merged["B"].value) == ("n", "two:1", "y")


@pytest.mark.parametrize(
    ("wanted", "config", "got"),
    [
        ("CONFIG_A=y", "CONFIG_A=y", None),
        ("CONFIG_A=y", "CONFIG_A=m", "m"),
        ("CONFIG_A=y", "# CONFIG_A is not set", "n"),
        ("CONFIG_A=y", "", "n"),
        ("# CONFIG_A is not set", "", None),
        ("CONFIG_A=n", "# CONFIG_A is not set", None),
        ("CONFIG_A=n", "CONFIG_A=y", "y"),
        ("CONFIG_A=0x10", "CONFIG_A=16", None),
        ('CONFIG_A="x"', 'CONFIG_A="y"', '"y"'),
    ],
)
def test_lost_settings(wanted: str, config: str, got: str | None) -> None:
    settings = kconfig.merge([kconfig.parse_fragment(wanted, "f")])
    assert [value for _setting, value in kconfig.lost(settings, kconfig.parse_config(config))] == ([got] if got else [])


@pytest.mark.parametrize("name", [*catalogue.FRAGMENTS, "base", "x86_64"])
def test_shipped_fragments_are_well_formed(name: str) -> None:
    text = {**catalogue.FRAGMENTS, "base": base.BASE, "x86_64": machines.X86_64}[name]
    settings = kconfig.parse_fragment(text, name)
    names = [setting.name for setting in settings]
    assert len(names) == len(set(names))


def test_profiles_name_shipped_fragments() -> None:
    assert all(name in catalogue.FRAGMENTS for names in catalogue.PROFILES.values() for name in names)
    shipped = {s.name: s.value for s in kconfig.parse_fragment(base.BASE, "base")}
    assert base.REQUIRED.items() <= shipped.items()


#: What a server profile has to reach, as drivers that hosts may choose from.
CHOICE = [
    "SATA_AHCI", "BLK_DEV_NVME", "MEGARAID_SAS", "SCSI_MPT3SAS", "SCSI_HPSA", "VIRTIO_BLK",
    "SCSI_VIRTIO", "VIRTIO_NET", "HYPERV_STORAGE", "HYPERV_NET", "XEN_BLKDEV_FRONTEND", "XEN_NETDEV_FRONTEND",
    "VMWARE_PVSCSI", "VMXNET3", "E1000E", "IGB", "IXGBE", "I40E",
    "ICE", "MLX5_CORE", "BNXT", "TIGON3", "ENA_ETHERNET", "GVE",
    "XFS_FS", "EXT4_FS", "BTRFS_FS", "BLK_DEV_DM", "BLK_DEV_MD", "NFS_FS",
    "NFS_V3", "NFS_V4",
]  # fmt: skip


def profile(name: str) -> dict[str, str]:
    parts = [kconfig.parse_fragment(catalogue.FRAGMENTS[part], part) for part in catalogue.PROFILES[name]]
    return {setting.name: setting.value for setting in kconfig.merge(parts).values()}


def test_a_server_loads_only_the_drivers_that_it_needs() -> None:
    settings = profile("server")
    assert settings["MODULES"] == "y"
    assert {name: settings.get(name) for name in CHOICE} == dict.fromkeys(CHOICE, "m")


def test_the_smallest_profile_has_no_modules_and_no_network() -> None:
    settings = profile("tiny")
    assert {"MODULES", "NET"} & set(settings) == set()
    assert set(settings.values()) == {"y"}
