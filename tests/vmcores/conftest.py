# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every guest's dumps: made before the first test that wants one, two guests at a time."""

from __future__ import annotations

import concurrent.futures
import typing as t

import pytest

from ansible_collections.linux.kdump.tests.vmcores.dumps import Crashed, crash
from ansible_collections.linux.kdump.tests.vmcores.guests import GUESTS, Guest

#: An emulated machine keeps one processor busy most of the time.
_AT_ONCE: t.Final = 2


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "formats(*names): only dumps in these formats")
    config.addinivalue_line("markers", "machines(*names): only guests of these machines")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes ``crashed`` runs for each guest, one that also takes ``dump`` for each of its dumps."""
    if "crashed" not in metafunc.fixturenames:
        return
    wanted = [guest for guest in GUESTS if guest.machine in _marked(metafunc, "machines", guest.machine)]
    if "dump" not in metafunc.fixturenames:
        metafunc.parametrize("crashed", wanted, indirect=True, ids=lambda guest: guest.name)
        return
    pairs = [(guest, name) for guest in wanted for name in guest.dumps if name in _marked(metafunc, "formats", name)]
    ids = [f"{guest.name}-{name}" for guest, name in pairs]
    metafunc.parametrize(("crashed", "dump"), pairs, indirect=["crashed"], ids=ids)


def _marked(metafunc: pytest.Metafunc, name: str, default: str) -> tuple[str, ...]:
    marker = metafunc.definition.get_closest_marker(name)
    return marker.args if marker else (default,)


@pytest.fixture(scope="session")
def crashes() -> t.Iterator[dict[str, concurrent.futures.Future[Crashed]]]:
    with concurrent.futures.ThreadPoolExecutor(_AT_ONCE) as pool:
        yield {guest.name: pool.submit(crash, guest) for guest in GUESTS}


@pytest.fixture
def crashed(request: pytest.FixtureRequest, crashes: dict[str, concurrent.futures.Future[Crashed]]) -> Crashed:
    guest: Guest = request.param
    return crashes[guest.name].result()
