# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a larger machine asks of its capture kernel."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.growth import MIB, Growth, growth

GIB = 1 << 30


@pytest.mark.parametrize(
    ("memory", "cpus", "architecture", "expected"),
    [
        (GIB, 1, "x86_64", Growth(bitmaps=64 << 10, sections=8 * 96, processors=1024)),
        (64 * GIB, 32, "x86_64", Growth(bitmaps=4 * MIB, sections=512 * 96, processors=32 << 10)),
        (64 * GIB, 32, "ppc64le", Growth(bitmaps=256 << 10, sections=512 * 96, processors=32 << 10)),
        (4096 * GIB, 1, "arm64", Growth(bitmaps=32 * MIB, sections=32768 * 96, processors=1024)),
    ],
)
def test_the_terms(memory: int, cpus: int, architecture: str, expected: Growth) -> None:
    assert growth(memory=memory, cpus=cpus, architecture=architecture) == expected
    assert expected.total == expected.bitmaps + expected.sections + expected.processors


@given(st.integers(1, 1 << 46), st.integers(1, 1 << 46), st.integers(1, 4096), st.sampled_from(["x86_64", "ppc64le"]))
def test_more_memory_never_takes_less_and_it_stays_small(first: int, second: int, cpus: int, architecture: str) -> None:
    small, large = (
        growth(memory=memory, cpus=cpus, architecture=architecture).total for memory in sorted((first, second))
    )
    assert 0 < small <= large
    assert large <= 32 * MIB + max(first, second) // 10**6 + cpus * 1024 + 192
