# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the pages that are made from the audit's tables: its controls, and the ways to lose a dump.

As a program (python -m unit.audit_pages, in the folder of the tests) it writes both anew.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.linux.kdump.plugins.module_utils.audit.catalogue import BY_ID, CATALOGUE
from ansible_collections.linux.kdump.plugins.module_utils.audit.documents import Reference
from ansible_collections.linux.kdump.plugins.module_utils.audit.failure_modes import MODES
from ansible_collections.linux.kdump.plugins.module_utils.audit.model import Spec

_DOCS = Path(__file__).resolve().parents[2] / "docs"
CONTROLS = _DOCS / "controls.md"
FAILURE_MODES = _DOCS / "failure-modes.md"

_CONTROLS_HEAD = """\
# Controls of the audit

<!-- Made by tests/unit/audit_pages.py from the tables in plugins/module_utils/audit/controls: change them instead. -->

How they are judged, and what a policy can say about them, is told in [audit.md](audit.md). A control is for hosts where
kdump is required, or optional and on, unless it says otherwise. Evidence is named by its keys in what
`linux.kdump.kdump_info` returns; what begins with `proof.` is from the drills that are known on the controller.

| control | severity | title |
| --- | --- | --- |
"""
_MODES_HEAD = """\
# Ways to lose a dump, and what finds them before the crash

<!-- Made by tests/unit/audit_pages.py from plugins/module_utils/audit/failure_modes.py: change that instead. -->

These are the ways in which dumps have been lost, as projects around kdump have reported them, and the
[controls](controls.md) that find each on a host before it crashes. Where KD-701 is named, a drill has shown that it
does not happen with what is loaded, and goes stale when that changes.

| | what goes wrong | control | how it is found |
| --- | --- | --- | --- |
"""


def controls() -> str:
    """The page of the controls."""
    rows = [f"| [{spec.id}](#{spec.id.lower()}) | {spec.severity} | {spec.title} |" for spec in CATALOGUE]
    return _CONTROLS_HEAD + "\n".join(rows) + "\n" + "".join("\n".join(_section(spec)) for spec in CATALOGUE)


def _section(spec: Spec) -> Iterator[str]:
    yield ""
    yield f"## {spec.id}"
    yield ""
    postures = ", ".join(spec.postures)
    yield _wrapped(f"**{spec.title}.** Severity {spec.severity}, for the postures {postures}, since {spec.since}.")
    yield ""
    yield _wrapped(spec.rationale)
    yield ""
    if spec.evidence:
        yield _wrapped("Evidence: " + ", ".join(f"`{key}`" for key in spec.evidence) + ".")
        yield ""
    yield _wrapped(f"What to do: {spec.remediation}")
    if spec.references:
        yield ""
        yield _wrapped("See " + "; ".join(map(_reference, spec.references)) + ".")
    yield ""


def _reference(reference: Reference) -> str:
    name = reference["title"] or reference["id"] if reference["url"] else reference["id"]
    text = f"[{name}]({reference['url']})" if reference["url"] else name
    group = f" ({reference['title']})" if reference["title"] and not reference["url"] else ""
    return f"{reference['source']}: {text}{group}"


def failure_modes() -> str:
    """The page of the ways to lose a dump."""
    rows = []
    for mode in MODES:
        names = ", ".join(f"[{name}](controls.md#{name.lower()})" for name in mode.controls)
        how = mode.how if mode.controls else f"{mode.how}."
        rows.append(f"| {mode.number} | {mode.title} | {names or '**not before the crash**'} | {how} |")
    titles = ["", "The controls that are named:", ""]
    named = sorted({name for mode in MODES for name in mode.controls})
    titles += [f"* {name}: {BY_ID[name].title}." for name in named]
    return _MODES_HEAD + "\n".join([*rows, *titles]) + "\n"


def _wrapped(text: str) -> str:
    return "\n".join(textwrap.wrap(text, width=120, break_long_words=False, break_on_hyphens=False))


if __name__ == "__main__":
    CONTROLS.write_text(controls(), encoding="utf-8")
    FAILURE_MODES.write_text(failure_modes(), encoding="utf-8")
