# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The three estimators' arithmetic."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.estimate import (
    CONSTANTS,
    FOUR_GIB,
    Figure,
    Inputs,
    calibrate,
    estimate,
    kdump_config,
    kdumpctl,
)
from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.vendor import Hardware

MIB = 1 << 20
GIB = 1 << 30


def inputs(architecture: str = "x86_64", page: int = 4096, ram: int = 8 * GIB, **facts: t.Any) -> Inputs:
    """A distribution's kernel and initramfs: 10 and 20 MiB of files, 48 and 60 MiB of memory."""
    given = {
        "cpus": 8, "capture_cpus": 1, "kernel": 10 * MIB, "kernel_memory": 48 * MIB, "initramfs": 20 * MIB,
        "unpacked": 60 * MIB, **facts,
    }  # fmt: skip
    return Inputs(architecture=architecture, page=page, ram=ram, **given)


@pytest.mark.parametrize(
    ("given", "red_hat", "suse", "debian", "reserved"),
    [
        (inputs("x86_64"), 256 * MIB, 336366886, 172 * MIB, 321),
        (inputs("i386", ram=2 * GIB), 124 * MIB, 333521190, 172 * MIB, 319),
        (inputs("ppc64le", 65536, 16 * GIB), 1040 * MIB, 339166919, 132 * MIB, 1040),
        (inputs("arm64", 4096, 16 * GIB), 320 * MIB, 337072251, 152 * MIB, 322),
        (inputs("arm64", 65536, 16 * GIB), 420 * MIB, 331791653, 152 * MIB, 420),
        (inputs("s390x"), 256 * MIB, 327106392, 172 * MIB, 312),
    ],
    ids=lambda value: f"{value.architecture}-{value.page}" if isinstance(value, Inputs) else str(value),
)
def test_the_figures_by_architecture_and_page(
    given: Inputs, red_hat: int, suse: int, debian: int, reserved: int
) -> None:
    found = estimate(given)
    assert [figure.bytes for figure in found.figures] == [red_hat, suse, debian]
    assert found.size_bytes == reserved * MIB
    assert found.spread_bytes == max(red_hat, suse, debian) - min(red_hat, suse, debian)


def test_what_calibrate_adds_up() -> None:
    parts = calibrate(inputs()).parts
    assert parts == {
        "kernel": 56 * MIB,  # with 8 MiB of sysfs and so on
        "initramfs": 60 * MIB,
        "framebuffer": 2 * 1024 * 768 * 4,
        "slabs": 0,
        "cpus": (108 + 233) * 1024 + 3 * 4096,
        "user": 30 * MIB + 512 * 1024 + 64 * 96,
        "dirty": 160275456 * 102400 // 80640 - 160275456,
        "hashes": 203524388 * MIB // (MIB - 232 * 8) - 203524388,
        "descriptors": 64 * -(-(203885268 * 4096 // 4032) // 4096),
        "boot": 0,
        "reserve": 207121556 * 30 // 100 + 64 * MIB,
        "luks": 0,
        "swiotlb": 0,
    }


@pytest.mark.parametrize(
    ("ram", "table"),
    [
        (GIB, 0),
        (2 * GIB - 1, 256),
        (2 * GIB, 256),
        (64 * GIB - (128 * MIB), 256),
        (64 * GIB - 1, 512),
        (GIB << 10, 512),
    ],
)
def test_kdumpctl_never_says_less_than_its_table(ram: int, table: int) -> None:
    small = inputs(ram=ram, kernel_memory=MIB, initramfs=MIB, unpacked=MIB)
    figure = kdumpctl(small)
    assert figure.parts["table"] == table * MIB
    assert figure.bytes == max(table, 1 + 3 + 16) * MIB


@pytest.mark.parametrize(
    ("architecture", "estimator", "more"),
    [("x86_64", kdumpctl, 1044), ("arm64", kdumpctl, 1074), ("x86_64", calibrate, 1024), ("x86_64", kdump_config, 0)],
)
def test_the_key_of_an_encrypted_disk_counts(architecture: str, estimator: t.Any, more: int) -> None:
    plain = inputs(architecture, ram=GIB, kernel_memory=200 * MIB)
    locked = replace(plain, luks=GIB)
    assert estimator(locked).bytes - estimator(plain).bytes == more * MIB


@pytest.mark.parametrize(
    ("architecture", "low", "swiotlb"),
    [("x86_64", FOUR_GIB, 0), ("x86_64", 256 * MIB, 64), ("arm64", 256 * MIB, 0), ("i386", 256 * MIB, 0)],
)
def test_bounce_buffers_count_where_nothing_below_4_gib_holds_it(architecture: str, low: int, swiotlb: int) -> None:
    assert calibrate(inputs(architecture, largest_low=low)).parts["swiotlb"] == swiotlb * MIB


@pytest.mark.parametrize(
    ("facts", "part", "expected"),
    [
        ({"cpus": 64}, "cpus", 361472),
        ({"capture_cpus": 4}, "cpus", 4 * 361472),
        ({"architecture": "ppc64le", "page": 65536, "cpus": 64}, "cpus", 64 * (405 * 1024 + 3 * 65536)),
        ({"framebuffer": 0}, "framebuffer", 0),
        ({"framebuffer": 8 * MIB}, "framebuffer", 16 * MIB),
        ({"architecture": "s390x"}, "framebuffer", 0),
        ({"slabs": MIB}, "slabs", MIB),
        ({"network": True}, "user", 37 * MIB + 512 * 1024 + 64 * 96),
        ({"ram": 4 << 40}, "user", (30 + 32) * MIB + 32768 * 96),
        ({"unpacked": 0, "kernel_memory": 0, "initramfs": GIB}, "boot", None),
    ],
)
def test_calibrate_counts_what_the_host_has(facts: dict[str, t.Any], part: str, expected: int | None) -> None:
    found = calibrate(inputs(**facts)).parts[part]
    assert found == expected if expected is not None else found > 900 * MIB


@pytest.mark.parametrize(("early", "counted"), [(None, 32), (0, 32), (40 * MIB, 40)])
def test_debians_estimator_keeps_32_mib_at_least(early: int | None, counted: int) -> None:
    assert kdump_config(inputs(early=early)).parts["early"] == counted * MIB


def test_hardware_that_reserves_more_is_in_the_table() -> None:
    encrypted = inputs(hardware=Hardware(memory_encryption=True))
    assert kdumpctl(encrypted).parts["table"] == 320 * MIB


_SIZES = st.integers(0, 1 << 36)


@given(
    architecture=st.sampled_from(sorted(CONSTANTS)), page=st.sampled_from([4096, 65536]), ram=st.integers(1, 1 << 46),
    sizes=st.lists(_SIZES, min_size=6, max_size=6), cpus=st.integers(1, 8192),
)  # fmt: skip
def test_no_estimate_is_below_what_is_put_in(
    architecture: str, page: int, ram: int, sizes: list[int], cpus: int
) -> None:
    kernel, memory, initramfs, unpacked, modules, luks = sizes
    found = estimate(
        inputs(
            architecture, page, ram, cpus=cpus, kernel=kernel, kernel_memory=memory, initramfs=initramfs,
            unpacked=unpacked, modules=modules, luks=luks,
        )
    )  # fmt: skip
    assert found.size_bytes % MIB == 0
    assert found.size_bytes >= max(figure.bytes for figure in found.figures)
    assert found.size_bytes >= memory + initramfs + modules + luks
    assert found.spread_bytes >= 0
    for figure in found.figures[1:]:
        assert _is_sum(figure)


def _is_sum(figure: Figure) -> bool:
    return figure.bytes == sum(figure.parts.values()) and min(figure.parts.values()) >= 0
