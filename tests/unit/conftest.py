# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared fixtures."""

from __future__ import annotations

import hypothesis
import pytest

from ansible_collections.linux.kdump.tests.unit.fakes import FakeRunner

# A loaded machine may take its time over any single example; the whole run has a limit of its own.
hypothesis.settings.register_profile("patient", deadline=None)
# Where another interpreter has tried every example already: `--hypothesis-profile=brief`.
hypothesis.settings.register_profile("brief", deadline=None, max_examples=10)
hypothesis.settings.load_profile("patient")


@pytest.fixture
def runner() -> FakeRunner:
    """A command runner that knows what to expect."""
    return FakeRunner()
