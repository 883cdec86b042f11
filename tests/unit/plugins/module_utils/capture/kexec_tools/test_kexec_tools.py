# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Building kexec-tools, with a source whose configure and make take no time."""

from __future__ import annotations

import contextlib
import io
import json
import re
import struct
import tarfile
import typing as t
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel import architectures, toolchain
from ansible_collections.linux.kdump.plugins.module_utils.capture.kexec_tools import build, builder
from ansible_collections.linux.kdump.plugins.module_utils.capture.kexec_tools.request import of_options
from ansible_collections.linux.kdump.plugins.module_utils.capture.kexec_tools.source import upstream
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.files import sha256_file
from ansible_collections.linux.kdump.plugins.module_utils.programs import machine_of
from ansible_collections.linux.kdump.plugins.module_utils.progress import Progress
from ansible_collections.linux.kdump.tests.unit.fakes import FakeRunner
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.capture.kernel.test_build import GroupRunner

SCHEMA = json.loads((Path(__file__).parents[6] / "docs/schemas/manifest.schema.json").read_text())

CONFIGURE = """#!/bin/sh
prefix=
for word; do case $word in --prefix=*) prefix=${word#*=};; esac; done
echo "$@" >asked
cat >Makefile <<END
all:
\t@cat kexec/kexec.c
install:
\t@mkdir -p \\$(DESTDIR)$prefix/sbin && cp program \\$(DESTDIR)$prefix/sbin/kexec
END
"""
PATCH = "--- a/kexec/kexec.c\n+++ b/kexec/kexec.c\n@@ -1 +1 @@\n-int main;\n+int other;\n"


def elf(machine: int, *, little: bool = True) -> bytes:
    return b"\x7fELF\x02" + bytes([1 if little else 2]) + bytes(12) + struct.pack("<H" if little else ">H", machine)


class Shop:
    """A source, and a build host with everything that a build needs; strip has nothing to do."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.tree = root / "kexec-tools-2.0.25"
        (self.tree / "kexec").mkdir(parents=True)
        self.put("configure.ac", "AC_INIT(kexec-tools, 2.0.25)\n")
        self.put("kexec/kexec.c", "int main;\n")
        self.put("configure", CONFIGURE).chmod(0o755)
        (self.tree / "program").write_bytes(elf(62))
        (root / "bin").mkdir()
        (root / "bin/strip").write_text("#!/bin/sh\n")
        (root / "bin/strip").chmod(0o755)
        monkeypatch.setenv("PATH", f"{root}/bin:/usr/bin:/bin")
        tools = toolchain.Toolchain("", {"gcc": "gcc 12", "ld": "ld 2.40"})
        monkeypatch.setattr(build, "inspect", lambda *_args: (tools, {"zlib": True, "lzma": False, "zstd": False}))
        self.asked: list[str] = []

    def put(self, name: str, text: str) -> Path:
        (self.tree / name).write_text(text)
        return self.tree / name

    def archive(self) -> Path:
        path = self.root / "kexec-tools.tar.gz"
        with tarfile.open(path, "w:gz") as tar:
            tar.add(self.tree, self.tree.name)
        return path

    def patch(self, text: str) -> str:
        (self.root / "fix.patch").write_text(text)
        return str(self.root / "fix.patch")

    def run(self, *, check: bool = False, **changes: t.Any) -> dict[str, t.Any]:
        values: dict[str, t.Any] = {
            "architecture": architectures.find("x86_64"), "cache": str(self.root / "cache"), "jobs": 1, "timeout": 60,
            "source": str(self.tree), "patches": (), "prefix": "/opt/kt", "sources": (), **changes,
        }  # fmt: skip
        return build.produce(
            of_options(**values), runner=GroupRunner(), progress=Progress(None), opened=self.open, check=check
        )

    @contextlib.contextmanager
    def open(self, url: str, _timeout: int) -> Iterator[t.IO[bytes]]:
        self.asked.append(url)
        yield io.BytesIO(self.archive().read_bytes())

    @property
    def kept(self) -> list[str]:
        return sorted(path.name for path in (self.root / "cache/kexec-tools").glob("*"))


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(tmp_path, monkeypatch)


def test_builds_once_and_says_what_it_built(shop: Shop) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    due = shop.run(check=True)
    assert (due["changed"], due["version"], (shop.root / "cache").exists()) == (True, None, False)
    first = shop.run()
    assert (first["changed"], first["version"], first["dest"]) == (True, "2.0.25", "/opt/kt/sbin/kexec")
    assert machine_of(first["kexec"]) == "x86_64"
    assert first["kexec"] == f"{first['path']}/opt/kt/sbin/kexec"
    jsonschema.validate(first["manifest"], SCHEMA)
    assert first["manifest"]["libraries"] == ["zlib"]
    again = shop.run()
    assert (again["changed"], again["manifest"]) == (False, first["manifest"])
    Path(first["kexec"]).write_bytes(b"damaged")
    assert shop.run()["reason"] == "what is in the cache is not what its manifest says"
    # neither the source nor anything else is touched
    assert sorted(path.name for path in shop.tree.iterdir()) == ["configure", "configure.ac", "kexec", "program"]
    assert shop.kept == [".lock", first["digest"][:16]]


def test_every_input_makes_a_build_of_its_own(shop: Shop) -> None:
    digests = [shop.run(check=True)["digest"]]
    digests.append(shop.run(check=True, prefix="/opt/other")["digest"])
    digests.append(shop.run(check=True, patches=[shop.patch(PATCH)])["digest"])
    shop.put("kexec/kexec.c", "int more;\n")
    digests.append(shop.run(check=True)["digest"])
    assert len(set(digests)) == len(digests)


def test_an_archive_is_downloaded_once(shop: Shop) -> None:
    sha256 = sha256_file(str(shop.archive()))
    options: dict[str, t.Any] = {"source": "https://mirror.example/kexec-tools.tar.gz", "sha256": sha256}
    assert shop.run(check=True, **options)["reason"] == "its source has to be fetched first"
    assert (shop.run(**options)["changed"], shop.run(**options)["changed"]) == (True, False)
    assert shop.asked == [options["source"]]
    assert shop.run(source=str(shop.archive()))["version"] == "2.0.25"


def test_patches_are_applied_in_order(shop: Shop) -> None:
    second = shop.root / "second.patch"
    second.write_text(PATCH.replace("int other", "int third").replace("int main", "int other"))
    result = shop.run(patches=[shop.patch(PATCH), str(second)])
    assert [patch["name"] for patch in result["manifest"]["patches"]] == ["fix.patch", "second.patch"]


NOWHERE = PATCH.replace("kexec/kexec.c", "kexec/none.c")


def test_what_cannot_be_built_is_one_clear_error(shop: Shop) -> None:
    wrong = "0" * 64
    fits = PATCH.replace("int main", "int nothing")
    archive, url = str(shop.archive()), "https://mirror.example/k.tar.gz"
    cases: list[tuple[dict[str, t.Any], str]] = [
        ({"source": archive, "sha256": wrong}, r"its sha256 is [0-9a-f]{64}, and 0{64} was asked for"),
        ({"source": url, "sha256": wrong}, r"source https://mirror.example/k.tar.gz: its sha256 is"),
        ({"source": url}, "nothing says what that holds. Give its sha256"),
        ({"source": str(shop.tree), "sha256": wrong}, "it is a folder"),
        ({"source": "/nowhere.tar.xz"}, "/nowhere.tar.xz: there is no such file or folder"),
        ({"source": str(shop.root / "bin")}, "bin: it holds no kexec-tools"),
        ({"sha256": "12ab"}, "'12ab' is no sha256"),
        ({"version": "2.0.99"}, "kexec-tools 2.0.99: .* holds 2.0.25"),
        ({"version": "new"}, "'new' is no version"),
        ({"prefix": "opt/kt"}, "'opt/kt': it is not an absolute path"),
        ({"prefix": ""}, "'': it is not an absolute path"),
        ({"prefix": "/opt/../etc"}, "letters, digits"),
        ({"prefix": "/opt/k t"}, "letters, digits"),
        ({"prefix": "/usr/"}, "distribution's own"),
        ({"jobs": 0}, "jobs=0"),
        ({"patches": ["/no.patch"]}, "patch /no.patch: there is no such file"),
        ({"patches": [shop.patch("")]}, "fix.patch: the file is empty"),
    ]
    for options, message in cases:
        with pytest.raises(KdumpError, match=message):
            shop.run(**options)
    for text, message in (
        (fits, "fix.patch: it does not fit kexec/kexec.c"),
        (NOWHERE, "fix.patch: it does not fit kexec/none.c"),
        ("some words\n", "fix.patch: it is no patch"),
    ):
        with pytest.raises(KdumpError, match=message) as caught:
            shop.run(patches=[shop.patch(text)])
        assert Path(str(caught.value.facts["log_path"])).exists()
        assert not [name for name in shop.kept if name.startswith(".build")]


def test_a_program_for_another_machine_is_not_kept(shop: Shop) -> None:
    (shop.tree / "program").write_bytes(elf(183))
    with pytest.raises(KdumpError, match=r"sbin/kexec is for arm64, and x86_64 was asked for"):
        shop.run()
    (shop.tree / "program").write_bytes(b"")
    with pytest.raises(KdumpError, match=r"sbin/kexec is not there"):
        shop.run()


def test_configure_is_made_where_it_is_missing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    script = shop.tree / "configure"
    shop.put("bootstrap", f"#!/bin/sh\ncat >configure <<'WHOLE'\n{CONFIGURE}WHOLE\nchmod 755 configure\n").chmod(0o755)
    script.unlink()
    monkeypatch.setattr(builder, "which", lambda _tool: None)
    with pytest.raises(KdumpError, match="there is no autoconf"):
        shop.run()
    monkeypatch.setattr(builder, "which", lambda tool: f"/usr/bin/{tool}")
    assert shop.run()["version"] == "2.0.25"


TARGETS = "http://mirror.example/debian/|bookworm|main|amd64\n"
SHOWN = "Package: kexec-tools\nVersion: 1:2.0.25-3+deb12u3\nPackage-List: \n"


def test_the_source_package_is_that_of_the_build_host(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    sources: list[str] = []

    def download(argv: Sequence[str]) -> tuple[int, str, str]:
        (aside,) = (shop.root / "cache/kexec-tools/sources").glob(".build-*/apt")
        sources.append((aside / "sources.list").read_text())
        assert argv[-1] == "kexec-tools=1:2.0.25-3+deb12u3"
        (aside / "downloads/kexec-tools_2.0.25.dsc").write_text("Format: 3.0 (quilt)\n")
        (aside / "downloads/kexec-tools_2.0.25.orig.tar.xz").write_text("")
        return 0, "", ""

    runner = FakeRunner(
        {
            ("dpkg", "--print-architecture"): (0, "amd64\n", ""), ("apt-get", "indextargets"): (0, TARGETS, ""),
            ("apt-get", "update"): (0, "", ""), ("apt-cache", "showsrc"): (0, SHOWN, ""),
            ("apt-get", "source"): download,
        }
    )  # fmt: skip
    unpacked: list[str] = []
    real = GroupRunner.run

    def run(self: GroupRunner, argv: Sequence[str], **options: t.Any) -> t.Any:
        if argv[0] in ("dpkg", "apt-get", "apt-cache"):
            return runner.run(argv, **options)
        if "dpkg-source" in argv:
            unpacked.extend(argv[-2:])
            argv = ["cp", "-a", str(shop.tree), argv[-1]]
        return real(self, argv, **options)

    monkeypatch.setattr(GroupRunner, "run", run)
    options: dict[str, t.Any] = {"source": None, "suite": "bookworm"}
    with pytest.raises(KdumpError, match=r"kexec-tools 2.0.99: the package sources for bookworm hold 2.0.25\. "):
        shop.run(**options, version="2.0.99")
    result = shop.run(**options, version="2.0.25")
    assert (result["version"], result["manifest"]["source"]["name"]) == ("2.0.25", "kexec-tools_2.0.25.dsc")
    assert unpacked[0].endswith("kexec-tools_2.0.25.dsc")
    assert re.fullmatch(r"deb-src \[signed-by=\S+\] http://mirror.example/debian/ bookworm main\n", sources[0])
    assert (shop.run(**options, version="2.0.25")["changed"], len(sources)) == (False, 1)
    assert (shop.run(**options, version="2.0.25", force=True)["changed"], len(sources)) == (False, 2)


def test_what_a_build_host_lacks_is_named(runner: FakeRunner) -> None:
    arm64 = architectures.find("arm64")
    request = of_options(architecture=arm64, cache="/c", jobs=1, timeout=1, patches=(), prefix="/opt/k", sources=())
    gcc = "aarch64-linux-gnu-gcc"
    runner.answers = {
        ("gcc", "-dumpmachine"): (0, "x86_64-linux-gnu\n", ""), (gcc, "-dumpmachine"): (0, "aarch64-linux-gnu\n", ""),
        (gcc, "--version"): (0, "gcc 12", ""), ("aarch64-linux-gnu-ld", "--version"): (0, "ld 2.40", ""),
        (gcc, "-static"): (1, "", "stdio.h: No such file or directory"),
    }  # fmt: skip
    with pytest.raises(KdumpError, match=r"kexec-tools for arm64: .*: libc6-dev-arm64-cross\. "):
        build.inspect(request, runner, lambda tool: f"/usr/bin/{tool}")
    runner.answers[(gcc, "-static")] = lambda argv: (int(argv[-1] not in ("-lc", "-lz")), "", "")
    tools, libraries = build.inspect(request, runner, lambda tool: f"/usr/bin/{tool}")
    assert (tools.prefix, libraries) == ("aarch64-linux-gnu-", {"zlib": True, "lzma": False, "zstd": False})
    with pytest.raises(KdumpError, match=r"kexec-tools for arm64: .* dpkg-dev gcc-aarch64-linux-gnu"):
        build.inspect(request, runner, lambda tool: None if tool in (gcc, "dpkg-source") else f"/usr/bin/{tool}")


def test_debian_s_versions_hold_those_of_upstream() -> None:
    for version, expected in {
        "1:2.0.25-3+deb12u3": "2.0.25", "2.0.25": "2.0.25", "1:2.0.18-1~bpo10+1": "2.0.18",
        "2.0.29-rc1-2": "2.0.29-rc1",
    }.items():  # fmt: skip
        assert upstream(version) == expected


def test_a_program_tells_its_machine(tmp_path: Path) -> None:
    path = tmp_path / "program"
    for content, machine in (
        (elf(62), "x86_64"), (elf(3), "i386"), (elf(183), "arm64"), (elf(21), "ppc64le"), (elf(21, little=False), None),
        (elf(22, little=False), "s390x"), (elf(22), None), (elf(62)[:19], None), (b"", None),
        (b"#!/bin/sh\n" * 9, None), (b"\x7fELF\x02\x07" + bytes(14), None),
    ):  # fmt: skip
        path.write_bytes(content)
        assert machine_of(str(path)) == machine
