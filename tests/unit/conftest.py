# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared fixtures."""

from __future__ import annotations

import pytest

from ansible_collections.linux.kdump.tests.unit.fakes import FakeRunner


@pytest.fixture
def runner() -> FakeRunner:
    """A command runner that knows what to expect."""
    return FakeRunner()
