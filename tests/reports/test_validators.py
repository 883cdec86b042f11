# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reports of an audit, checked by the tools that others made for their forms."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from trestle.core.duplicates_validator import DuplicatesValidator
from trestle.core.refs_validator import RefsValidator
from trestle.oscal.assessment_results import AssessmentResults

from ansible_collections.linux.kdump.plugins.module_utils.audit.report.forms import REPORTS
from ansible_collections.linux.kdump.tests.unit import audit_samples

DOCUMENTS = {"small": audit_samples.small(), "hostile": audit_samples.hostile(), "fleet": audit_samples.fleet(5)}


def written(form: str, name: str, folder: Path) -> Path:
    path = folder / REPORTS[form].file
    path.write_text("".join(REPORTS[form].render(DOCUMENTS[name])), newline="")
    return path


def oscap(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["oscap", "xccdf", "validate", str(path)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_openscap_accepts_the_xccdf(name: str, tmp_path: Path) -> None:
    done = oscap(written("xccdf", name, tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr


def test_openscap_would_have_seen_a_fault(tmp_path: Path) -> None:
    path = written("xccdf", "small", tmp_path)
    path.write_text(path.read_text().replace("<result>unknown<", "<result>perhaps<", 1))
    assert oscap(path).returncode != 0


@pytest.mark.parametrize("name", DOCUMENTS)
def test_trestle_accepts_the_oscal(name: str, tmp_path: Path) -> None:
    model = AssessmentResults.oscal_read(written("oscal", name, tmp_path))
    assert model is not None
    assert len(model.results[0].local_definitions.inventory_items) == len(DOCUMENTS[name]["hosts"])
    for validator in (DuplicatesValidator(), RefsValidator()):
        assert validator.model_is_valid(model, True), validator.error_msg()


def test_trestle_would_have_seen_a_fault(tmp_path: Path) -> None:
    path = written("oscal", "small", tmp_path)
    path.write_text(path.read_text().replace('"not-satisfied"', '"perhaps"', 1))
    with pytest.raises(Exception, match="not-satisfied"):
        AssessmentResults.oscal_read(path)
