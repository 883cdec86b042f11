# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a drill whose dump attacks it."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import jinja2

from ansible_collections.linux.kdump.plugins.module_utils.proof.document import build_proof
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.examine import examine
from ansible_collections.linux.kdump.tests.unit.proof_samples import captured
from ansible_collections.linux.kdump.tests.unit.vmcore_files import write_elf
from ansible_collections.linux.kdump.tests.unit.vmcore_hostile import CONTROL, crashed

TEMPLATES = Path(__file__).resolve().parents[3] / "roles" / "crash_test" / "templates"


def test_the_report_holds_it_as_text(tmp_path: Path) -> None:
    path = tmp_path / "vmcore"
    path.write_bytes(write_elf(crashed(), filtered=True))
    drill = captured()
    panic = drill.pop("panic")
    drill.pop("verdict")
    proof = build_proof(panic, verdict=examine(str(path)), **drill)
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES))
    environment.tests.update(importlib.import_module("ansible.plugins.test.core").TestModule().tests())
    for name in ("html_text", "human_duration", "human_size", "timeline", "memory_bar"):
        plugin = importlib.import_module(f"ansible_collections.linux.kdump.plugins.filter.{name}")
        filters = plugin.FilterModule().filters()
        environment.filters.update({f"linux.kdump.{known}": function for known, function in filters.items()})
    page = environment.get_template("report.html.j2").render(proof=proof)
    assert "../../x{{ 7*7 }}" in page and "&lt;script&gt;" in page
    assert "<script" not in page and not CONTROL.search(page)
    # It is shown, never a link.
    assert not re.search(r"""(?:href|src)=["'][^"']*\.\./""", page)
