# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A production kernel of our own is installed, booted by the boot menu, and its crash is captured; signed as asked."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.signing.image import read_signatures
from ansible_collections.linux.kdump.tests.matrix import signatures

#: Two kernels may have to be built.
_LIMIT: t.Final = 7200
_PLAYBOOK: t.Final = pathlib.Path(__file__).with_name("system_kernel.yml")
_SIGNER: t.Final = "matrix"


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, t.Any]:
    """What the playbook saw, and the certificate that it signed with."""
    folder = tmp_path_factory.mktemp("system-kernel")
    key, certificate = signatures.make_key(folder, _SIGNER)
    given = {"key": key, "certificate": certificate, "folder": str(folder)}
    playbook = pathlib.Path(sys.executable).with_name("ansible-playbook")
    done = subprocess.run(
        [str(playbook), str(_PLAYBOOK), "--extra-vars", json.dumps(given)],
        capture_output=True, text=True, timeout=_LIMIT, check=False, env={**os.environ, "ANSIBLE_NOCOLOR": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:]
    assert pathlib.Path(key).read_text() not in done.stdout
    return {"certificate": certificate, **json.loads((folder / "system_kernel.json").read_text())}


def test_the_guest_boots_it_by_its_own_menu(seen: dict[str, t.Any]) -> None:
    release = seen["after"]["release"]
    assert release.endswith("-system")
    assert seen["menu"] == [f"/boot/vmlinuz-{release}", f"/boot/vmlinuz-{seen['before']['release']}"]
    assert (seen["again"]["changed"], seen["again"]["reboot_required"]) == (False, False)


def test_what_each_kernel_lacks_is_told(seen: dict[str, t.Any]) -> None:
    assert seen["before"]["kernel_lacks"] == []
    assert seen["after"]["kernel_lacks"] == ["DEBUG_INFO"]  # as asked


def test_its_crash_is_captured(seen: dict[str, t.Any]) -> None:
    assert seen["proof"]["ok"] is True
    assert seen["proof"]["verdict"]["verdict"] == "ok"
    assert seen["proof"]["kernels"]["crashed"] == seen["after"]["release"]


def test_kernel_and_modules_are_signed(seen: dict[str, t.Any]) -> None:
    argv = ["sbverify", "--cert", seen["certificate"], seen["image"]]
    assert "Signature verification OK" in signatures.RUNNER.run(argv, what="verify", timeout=60).out
    (found,) = read_signatures(seen["image"]).signatures
    assert found.intact is True
    assert seen["module"] == [_SIGNER, "sha256"]
