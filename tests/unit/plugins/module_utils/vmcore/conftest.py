# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dumps as bytes, and what becomes of them."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.examine import examine
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.identity import parse_expectation

Look = Callable[..., dict[str, t.Any]]


@pytest.fixture(scope="session")
def look(tmp_path_factory: pytest.TempPathFactory) -> Look:
    """Writes bytes to a file and returns its verdict document."""
    path = tmp_path_factory.mktemp("dump") / "vmcore"

    def run(data: bytes, *, name: str = "", **options: t.Any) -> dict[str, t.Any]:
        place = Path(f"{path}{name}")
        place.write_bytes(data)
        expect = options.pop("expect", None)
        return examine(str(place), expected=parse_expectation(expect or {}), **options)

    return run


@pytest.fixture(scope="module")
def valid() -> Callable[[dict[str, t.Any]], None]:
    """Checks a document against its published schema."""
    jsonschema = pytest.importorskip("jsonschema")
    schema = Path(__file__).parents[5].joinpath("docs", "schemas", "verdict.schema.json")
    validator = jsonschema.Draft202012Validator(json.loads(schema.read_text()))
    return t.cast("Callable[[dict[str, t.Any]], None]", validator.validate)
