# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages of the audit keep up with its tables, and the tables with the rest of the collection."""

from __future__ import annotations

import re
from pathlib import Path

from ansible_collections.linux.kdump.plugins.module_utils.audit.catalogue import BY_ID, CATALOGUE
from ansible_collections.linux.kdump.plugins.module_utils.audit.documents import POSTURES, SEVERITIES
from ansible_collections.linux.kdump.plugins.module_utils.audit.failure_modes import MODES
from ansible_collections.linux.kdump.plugins.module_utils.audit.model import Thresholds
from ansible_collections.linux.kdump.tests.unit import audit_pages

ROOT = Path(__file__).resolve().parents[3]
HOW = "Write the pages anew: in the folder tests, run python -m unit.audit_pages"


def test_the_pages_are_as_they_would_be_written() -> None:
    assert audit_pages.CONTROLS.read_text(encoding="utf-8") == audit_pages.controls(), HOW
    assert audit_pages.FAILURE_MODES.read_text(encoding="utf-8") == audit_pages.failure_modes(), HOW


def test_the_catalogue_is_whole() -> None:
    assert len(CATALOGUE) == len(BY_ID) == 34
    assert [spec.id for spec in CATALOGUE] == sorted(BY_ID)
    for spec in CATALOGUE:
        assert re.fullmatch(r"KD-[0-7]\d\d", spec.id)
        assert spec.severity in SEVERITIES
        assert spec.postures
        assert set(spec.postures) <= set(POSTURES)
        assert spec.title[-1] != "."
        assert spec.rationale.endswith(".")
        assert spec.remediation.endswith(".")
        assert len(set(spec.evidence)) == len(spec.evidence), spec.id
        assert all(reference["source"] and reference["id"] for reference in spec.references)
    assert len({spec.judge for spec in CATALOGUE}) == len(CATALOGUE)


def test_every_way_to_lose_a_dump_is_mapped() -> None:
    assert [mode.number for mode in MODES] == list(range(1, 31))
    for mode in MODES:
        assert set(mode.controls) <= set(BY_ID), mode
        assert mode.how, mode
    assert [mode.number for mode in MODES if not mode.controls] == [28]


def test_what_remediations_name_is_there() -> None:
    specs = "".join(path.read_text() for path in ROOT.glob("roles/*/meta/argument_specs.yml"))
    words = {word for spec in CATALOGUE for word in re.findall(r"(?<![.\w])kdump_[a-z_]+", spec.remediation)}
    assert {word for word in words if f"{word}:" not in specs} == set()
    plugins = {word for spec in CATALOGUE for word in re.findall(r"linux\.kdump\.(\w+)", spec.remediation)}
    for name in plugins:
        places = (f"plugins/modules/{name}.py", f"playbooks/{name}.yml", f"roles/{name}")
        assert any((ROOT / place).exists() for place in places), name


def test_every_threshold_is_explained() -> None:
    page = (ROOT / "docs/audit.md").read_text(encoding="utf-8")
    usual = Thresholds()
    for name in Thresholds.__dataclass_fields__:
        value = getattr(usual, name)
        text = ", ".join(value) if isinstance(value, tuple) else str(value).lower()
        assert f"| `{name}` | {text} |" in page, name
