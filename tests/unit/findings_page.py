# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the page that lists every finding of vmcore_info, from the table that they are made of.

As a program (python -m unit.findings_page, in the folder of the tests) it writes the page anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.findings import RULES, VERDICTS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "docsite" / "rst" / "findings.rst"
_LABEL = "ansible_collections.linux.kdump.docsite.findings"
_HEAD = f"""\
..
  Copyright: (c) 2026, The linux.kdump maintainers
  GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
  SPDX-License-Identifier: GPL-3.0-or-later

.. _{_LABEL}:

Findings on a dump
==================

.. Made by tests/unit/findings_page.py: change the table in plugins/module_utils/vmcore/findings.py instead.

Every finding of :ansplugin:`linux.kdump.vmcore_info#module` has an id that never changes its meaning, so a playbook can
decide by it. The verdict is the worst that any finding leads to, in the order of this page; without an error it is
``ok``. Words in italics stand for what was found in the dump at hand.

How to read a verdict as a whole is told in
:ref:`What does this dump tell me? <ansible_collections.linux.kdump.docsite.what_does_this_dump_tell>`.
"""
#: What a reader wants to know of each verdict.
_VERDICTS = {
    "unrecognised": "No dump of a kernel, or of a kind that cannot be read here. Nothing is said about its worth.",
    "incomplete": "A part of the dump is missing: saving or copying it did not finish.",
    "corrupt": "All of it seems to be there, but parts of it contradict each other.",
    "mismatch": "A sound dump, but of another crash, host or kernel than expected.",
    "ok": "These condemn no dump: warnings deserve a look, notes tell what is good to know.",
}


def page() -> str:
    """The whole page."""
    return _HEAD + "".join(map(_section, VERDICTS))


def _section(verdict: str) -> str:
    title = "Warnings and notes" if verdict == "ok" else f"Errors that make a dump {verdict}"
    lines = ["", title, "-" * len(title), "", _VERDICTS[verdict], ""]
    for name, rule in RULES.items():
        if rule.verdict == verdict:
            lines += _entry(name, rule.severity, rule.text)
    return "\n".join(lines)


def _entry(name: str, severity: str, text: str) -> Iterator[str]:
    """What was found, and the sentence after it: what to do."""
    found, _dot, advice = re.sub(r"\{(\w+)\}", r"*\1*", text).partition(". ")
    yield f"``{name}``" + ("" if severity == "error" else f" ({severity})")
    yield f"    {found.rstrip('.')}."
    yield ""
    yield f"    **What to do:** {advice}"
    yield ""


if __name__ == "__main__":
    PAGE.write_text(page())
