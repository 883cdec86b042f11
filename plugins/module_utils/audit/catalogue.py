# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All controls, in their order: what is judged, documented and shown in reports."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from .controls import files, loading, policy, proof, protection, reservation, sysctls, target
from .documents import Control
from .model import Spec

CATALOGUE: t.Final[tuple[Spec, ...]] = (
    *policy.CONTROLS, *reservation.CONTROLS, *files.CONTROLS, *loading.CONTROLS, *target.CONTROLS, *sysctls.CONTROLS,
    *protection.CONTROLS, *proof.CONTROLS,
)  # fmt: skip
BY_ID: t.Final[Mapping[str, Spec]] = {spec.id: spec for spec in CATALOGUE}


def described(spec: Spec) -> Control:
    """A control as reports show it."""
    return {
        "id": spec.id,
        "title": spec.title,
        "severity": spec.severity,
        "rationale": spec.rationale,
        "postures": list(spec.postures),
        "evidence": list(spec.evidence),
        "remediation": spec.remediation,
        "references": list(spec.references),
        "since": spec.since,
    }
