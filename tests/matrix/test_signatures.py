# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of an image before it is loaded is what the kernel then does: Debian's own, locked down and not."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
import typing as t
from dataclasses import dataclass, field

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.host.trust import read_trust
from ansible_collections.linux.kdump.plugins.module_utils.kexec.refusal import Gate, would_refuse
from ansible_collections.linux.kdump.plugins.module_utils.signing.image import read_signatures
from ansible_collections.linux.kdump.tests.matrix import signatures

#: The build of the capture kernel, where the cache holds none yet.
_BUILD_LIMIT: t.Final = 3600

#: What Debian's kernel makes of each image: why it refuses it, or that it does not. Without shim, which brings the key
#: of the distribution, it trusts not even its own kind.
_LOCKED: t.Final[dict[str, str | None]] = {
    "debian": "untrusted", "stripped": "unsigned", "stranger": "untrusted", "no-stub": "unsigned",
    "capture": "untrusted", "capture-changed": "changed",
}  # fmt: skip
_CASES: t.Final[dict[str, tuple[str, dict[str, str | None]]]] = {
    "open": ("", dict.fromkeys(_LOCKED)),
    "integrity": ("lockdown=integrity", _LOCKED),
    "confidentiality": ("lockdown=confidentiality", _LOCKED),
}
#: By Secure Boot, the keys of the firmware are trusted as well.
_SECURE: t.Final[dict[str, str | None]] = {**_LOCKED, "capture": None}


@dataclass
class Images:
    """The images that are tried, and what they were made with."""

    folder: pathlib.Path
    tree: signatures.Tree
    paths: dict[str, pathlib.Path] = field(default_factory=dict)
    key: tuple[str, str] = ("", "")

    def sign(self, source: pathlib.Path, name: str, key: tuple[str, str]) -> pathlib.Path:
        """A signed copy, by the tool that distributions use."""
        target = self.folder / name
        argv = ["sbsign", "--key", key[0], "--cert", key[1], "--output", str(target), str(source)]
        signatures.RUNNER.run(argv, what="sign an image", timeout=60)
        return target


def built(key: tuple[str, str] | None) -> pathlib.Path:
    """The capture kernel as the playbook builds it."""
    playbook = pathlib.Path(sys.executable).with_name("ansible-playbook")
    sign = {"kdump_kernel_sign": {"key": key[0], "certificate": key[1]}} if key else {}
    done = subprocess.run(
        [str(playbook), "linux.kdump.build_kernel", "--extra-vars", json.dumps(sign)],
        capture_output=True, text=True, timeout=_BUILD_LIMIT, check=False, env={**os.environ, "ANSIBLE_NOCOLOR": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert not key or key[0] not in done.stdout
    found = re.search(r"(/\S+/kernels/\S+/bzImage)", done.stdout)
    assert found, done.stdout[-3000:]
    return pathlib.Path(found.group(1))


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Images:
    folder = tmp_path_factory.mktemp("images")
    made = Images(folder, signatures.have_tree())
    made.key = signatures.snakeoil(folder)
    stripped = folder / "stripped"
    stripped.write_bytes(made.tree.kernel.read_bytes())
    signatures.RUNNER.run(["sbattach", "--remove", str(stripped)], what="remove a signature", timeout=60)
    capture = built(made.key)
    changed = bytearray(capture.read_bytes())
    changed[len(changed) // 2] ^= 1
    (folder / "capture-changed").write_bytes(changed)
    made.paths = {
        "debian": made.tree.kernel,
        "stripped": stripped,
        "stranger": made.sign(stripped, "stranger", signatures.make_key(folder, "a-stranger")),
        "capture": capture,
        "capture-changed": folder / "capture-changed",
        "no-stub": built(None),
    }
    return made


def judged(trial: signatures.Trial, images: Images) -> dict[str, str | None]:
    """Our own answer for each image, from the evidence that the machine told."""
    match = re.search(r"\[(\w+)\]", trial.host.line("/sys/kernel/security/lockdown") or "")
    gate = Gate("x86_64", read_trust(trial.host, release=images.tree.release), match.group(1) if match else None)
    found = {name: would_refuse(gate, read_signatures(str(path))) for name, path in images.paths.items()}
    for name, reason in found.items():
        print(f"{name}: {trial.answers[name]}: {reason}")
    return {name: reason.id if reason else None for name, reason in found.items()}


def check(trial: signatures.Trial, images: Images, expected: dict[str, str | None]) -> None:
    """The kernel does what was said, and what was said is what was expected."""
    answers = judged(trial, images)
    assert {name: trial.answers[name][0] != 0 for name in images.paths} == {
        name: answer is not None for name, answer in answers.items()
    }
    assert answers == expected


def test_the_signature_of_a_capture_kernel_verifies(images: Images) -> None:
    argv = ["sbverify", "--cert", images.key[1], str(images.paths["capture"])]
    assert "Signature verification OK" in signatures.RUNNER.run(argv, what="verify", timeout=60).out
    (found,) = read_signatures(str(images.paths["capture"])).signatures
    assert found.intact is True


@pytest.mark.parametrize(("append", "expected"), _CASES.values(), ids=list(_CASES))
def test_lockdown(images: Images, tmp_path: pathlib.Path, append: str, expected: dict[str, str | None]) -> None:
    check(signatures.try_images(tmp_path / "trial", images.tree, images.paths, append=append), images, expected)


def test_secure_boot(images: Images, tmp_path: pathlib.Path) -> None:
    kernel = images.sign(images.tree.kernel, "firmware-trusts-it", images.key)
    trial = signatures.try_images(tmp_path / "trial", images.tree, images.paths, signed_kernel=kernel)
    assert read_trust(trial.host, release=images.tree.release).secure_boot is True
    check(trial, images, _SECURE)
