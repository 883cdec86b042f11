# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A signed kernel beside the unsigned one: what is reused, what is made, what the manifest tells."""

from __future__ import annotations

import json
import pathlib
import typing as t
from collections.abc import Sequence
from dataclasses import replace

import jsonschema
import pytest

from ansible_collections.linux.kdump.plugins.module_utils.capture import manifest
from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel import architectures, build, signed, toolchain
from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel.request import Request
from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel.source import Source
from ansible_collections.linux.kdump.plugins.module_utils.command import CommandError
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.progress import Progress
from ansible_collections.linux.kdump.plugins.module_utils.signing.certificate import Certificate
from ansible_collections.linux.kdump.plugins.module_utils.signing.sign import Identity
from ansible_collections.linux.kdump.tests.unit.fakes import FakeRunner

SCHEMA = pathlib.Path(__file__).parents[6] / "docs/schemas/manifest.schema.json"
DIGEST = "ab" * 32
MODULE = "modules/lib/modules/6.1.7-kdump/kernel/xfs.ko"


class Bench:
    """A cache, a build that takes no time, and tools that mark what they sign."""

    def __init__(self, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.kernels = tmp_path / "cache/kernels"
        self.kernels.mkdir(parents=True)
        self.keys = tmp_path / "keys"
        self.builds = 0
        self.fingerprint = "cd" * 32
        self.verifies = 0
        self.request = Request(
            architecture=architectures.find("x86_64"), source=None, fragments=("tiny",), local_version="-kdump",
            cache=str(tmp_path / "cache"), jobs=1, timeout=60,
        )  # fmt: skip
        monkeypatch.setattr(signed, "identity", self.identity)
        monkeypatch.setattr(build, "desired", self.desired)
        monkeypatch.setattr(build, "apply", self.build)
        self.runner = FakeRunner({
            ("sbsign",): self.sign, ("sbverify",): lambda argv: (self.verifies, "", "no"),
            ("openssl", "cms", "-sign"): self.message, ("openssl", "cms", "-verify"): (0, "", ""),
        })  # fmt: skip

    def identity(self, key: str, certificate: str, **_more: object) -> Identity:
        subject = Certificate("CN=us", "CN=us", "07", self.fingerprint, "11" * 20, None)
        return Identity(key, certificate, subject)

    def desired(self, request: Request, _runner: object) -> build.Desired:
        source = Source("tarball", "/src/linux.tar.xz", "ef" * 32)
        folder = str(self.kernels / DIGEST[:16])
        return build.Desired(source, request.fragments, {}, toolchain.Toolchain("", {}), DIGEST, folder)

    def build(self, _request: object, wanted: build.Desired, *_more: object) -> manifest.Manifest:
        self.builds += 1
        folder = pathlib.Path(wanted.folder)
        (folder / MODULE).parent.mkdir(parents=True)
        (folder / MODULE).write_bytes(b"module")
        for name in ("bzImage", "vmlinux"):
            (folder / name).write_text(name)
        document = manifest.kernel_manifest({
            "architecture": "x86_64", "release": "6.1.7-kdump", "image": "bzImage", "digest": DIGEST, "recipe": 1,
            "source": {"kind": "tarball", "name": "x", "sha256": DIGEST}, "fragments": ["tiny"], "toolchain": {},
            "build": {"seconds": 1.0, "objects": 1, "jobs": 1},
            "files": manifest.describe_files(str(folder), ["bzImage", "modules", "vmlinux"]),
        })  # fmt: skip
        manifest.write(str(folder), document)
        return document

    @staticmethod
    def sign(argv: Sequence[str]) -> tuple[int, str, str]:
        target = pathlib.Path(argv[argv.index("--output") + 1])
        target.write_text(pathlib.Path(argv[-1]).read_text() + " signed")
        return 0, "", ""

    @staticmethod
    def message(argv: Sequence[str]) -> tuple[int, str, str]:
        pathlib.Path(argv[argv.index("-out") + 1]).write_bytes(b"signature")
        return 0, "", ""

    def run(self, *, check_mode: bool = False) -> dict[str, t.Any]:
        wanted = signed.desired(self.request, str(self.keys / "key"), str(self.keys / "certificate"), self.runner)
        document = signed.current(wanted)
        step = signed.plan(wanted, document)
        if step.build and not check_mode:
            document = signed.apply(self.request, wanted, self.runner, Progress(None))
        return signed.result(self.request, wanted, document, step)


@pytest.fixture
def bench(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(tmp_path, monkeypatch)


def test_builds_once_and_signs_once(bench: Bench) -> None:
    assert bench.run(check_mode=True)["reason"] == "the cache holds no kernel of these inputs"
    first = bench.run()
    assert (first["changed"], bench.builds) == (True, 1)
    folder = pathlib.Path(first["path"])
    assert (folder / "bzImage").read_text() == "bzImage signed"
    assert (folder / "vmlinux").read_text() == "vmlinux"
    assert (folder / MODULE).read_bytes().startswith(b"modulesignature")
    assert (bench.kernels / DIGEST[:16] / "bzImage").read_text() == "bzImage"
    again = bench.run()
    assert (again["changed"], again["manifest"], bench.builds) == (False, first["manifest"], 1)


def test_another_certificate_costs_a_signature_only(bench: Bench) -> None:
    first = bench.run()
    bench.fingerprint = "98" * 32
    assert "without a signature of this certificate" in bench.run(check_mode=True)["reason"]
    second = bench.run()
    assert second["changed"] and second["digest"] != first["digest"]
    assert bench.builds == 1


def test_the_manifest_tells_whose_signature_and_nothing_of_the_key(bench: Bench) -> None:
    document = bench.run()["manifest"]
    assert document["signed"] == {
        "fingerprint": bench.fingerprint, "subject": "CN=us", "key_id": "11" * 20, "kernel": DIGEST, "modules": 1,
    }  # fmt: skip
    assert str(bench.keys) not in json.dumps(document)
    jsonschema.validate(document, json.loads(SCHEMA.read_text()))


def test_a_signature_that_does_not_hold_leaves_nothing_behind(bench: Bench) -> None:
    bench.verifies = 1
    with pytest.raises(CommandError, match="Cannot verify the signature of bzImage"):
        bench.run()
    assert sorted(path.name for path in bench.kernels.iterdir()) == [".lock", DIGEST[:16]]


def test_a_damaged_copy_is_signed_again(bench: Bench) -> None:
    first = bench.run()
    (pathlib.Path(first["path"]) / "bzImage").write_text("x")
    assert bench.run()["changed"]
    assert (pathlib.Path(first["path"]) / "bzImage").read_text() == "bzImage signed"


@pytest.mark.parametrize(
    ("architecture", "fragments", "expected"),
    [
        ("x86_64", ("tiny",), ("tiny", "efi_stub")),
        ("arm64", ("tiny",), ("tiny", "efi_stub")),
        ("x86_64", ("efi_stub", "tiny"), ("efi_stub", "tiny")),
        ("ppc64le", ("tiny",), ("tiny",)),
        ("s390x", ("tiny",), ("tiny",)),
    ],
)
def test_an_image_that_needs_a_stub_to_be_signed_gets_one(
    bench: Bench, architecture: str, fragments: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    request = replace(bench.request, architecture=architectures.find(architecture), fragments=fragments)
    assert signed.signable(request).fragments == expected


def test_a_kernel_that_runs_at_one_address_cannot_be_signed(bench: Bench) -> None:
    """What is loaded then is vmlinux, and sbsign signs a bzImage."""
    bench.request = replace(bench.request, physical_start=16 << 20)
    with pytest.raises(KdumpError, match=r"Cannot sign a kernel with physical_start: .*Leave out one of the two"):
        signed.signable(bench.request)
