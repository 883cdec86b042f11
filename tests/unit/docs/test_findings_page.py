# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of findings keeps up with the table of findings."""

from __future__ import annotations

import re

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.findings import RULES
from ansible_collections.linux.kdump.tests.unit.findings_page import PAGE, page


@pytest.mark.parametrize("name", RULES)
def test_every_finding_is_documented(name: str) -> None:
    entry = re.search(rf"^``{name}``.*\n    .+\n\n    \*\*What to do:\*\* [A-Z].+\.$", PAGE.read_text(), re.MULTILINE)
    assert entry, "Write the page anew: in the folder tests, run python -m unit.findings_page"


def test_the_page_is_as_it_would_be_written() -> None:
    assert PAGE.read_text() == page(), "Write the page anew: in the folder tests, run python -m unit.findings_page"
