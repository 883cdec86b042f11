# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kexec of this collection's own beside the distribution's: installed, used, replaced, taken away."""

from __future__ import annotations

import hashlib
import os
import typing as t
from collections.abc import Sequence
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel.architectures import MACHINES
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.files import sha256_file
from ansible_collections.linux.kdump.plugins.module_utils.host import paths
from ansible_collections.linux.kdump.plugins.module_utils.kexec import own
from ansible_collections.linux.kdump.plugins.module_utils.kexec.images import Offer
from ansible_collections.linux.kdump.plugins.module_utils.kexec.request import Request, run
from ansible_collections.linux.kdump.tests.unit.fakes import FakeRunner

from .hosts import build, loaded, write

MACHINE = MACHINES[os.uname().machine]
OTHER = "s390x" if MACHINE != "s390x" else "arm64"


class Armed:
    """A host on which loading works, with whatever kexec its loader names."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.host = build(root)
        self.enabled = self.active = False
        self.line = self.words = ""
        self.unloaded_with: list[str] = []
        self.runner = FakeRunner({
            ("systemctl", "show"): lambda argv: (0, self.shown, ""), ("systemctl",): self.systemctl,
            **dict.fromkeys(
                [("/usr/sbin/kexec",), (own.DEFAULT,), ("/opt/b/sbin/kexec",)], self.unload
            ),
        })  # fmt: skip

    @property
    def shown(self) -> str:
        file, active = "enabled" if self.enabled else "", "active" if self.active else "inactive"
        return f"UnitFileState={file}\nActiveState={active}\n"

    def systemctl(self, argv: Sequence[str]) -> tuple[int, str, str]:
        verb = argv[1]
        self.enabled = verb == "enable" or (self.enabled and verb != "disable")
        if verb in ("restart", "reload-or-restart"):
            if self.words:
                write(self.root, paths.LOAD_ERROR, self.words)
                return 1, "", "failed"
            program = self.program
            kexec = {"path": program, "version": "2.0.25", "sha256": sha256_file(self.host.path(program))}
            loaded(self.host, command_line=self.line, kexec=kexec)
            self.active = True
        return 0, "", ""

    @property
    def program(self) -> str:
        lines = (self.root / paths.LOADER.lstrip("/")).read_text().splitlines()
        (named,) = (line.partition("=")[2] for line in lines if line.startswith("kexec="))
        return "/usr/sbin/kexec" if named == "kexec" else named

    def unload(self, argv: Sequence[str]) -> tuple[int, str, str]:
        self.unloaded_with.append(argv[0])
        write(self.root, "/sys/kernel/kexec_crash_loaded", "0\n")
        return 0, "", ""

    def offer(self, text: str = "program", path: str = own.DEFAULT, machine: str | None = MACHINE) -> Offer:
        (self.root / "sent").write_text(text)
        digest = hashlib.sha256(text.encode()).hexdigest()
        return Offer(own.NAME, path, digest, len(text), "/sent", None, machine)

    def run(self, offer: Offer | None = None, *, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
        offered: dict[str, t.Any] = {"kexec": offer.path, "offers": (offer,)} if offer else {}
        values = {"state": "loaded", "command_line": "a=1", **offered, **options}
        self.line = "a=1"
        return run(Request(**values), host=self.host, runner=self.runner, check_mode=check_mode)

    @property
    def files(self) -> dict[str, str]:
        """Everything that is there but the load record and what the kernel says."""
        found = (str(path.relative_to(self.root)) for path in self.root.rglob("*") if not path.is_symlink())
        return {
            name: (self.root / name).read_text() if (self.root / name).is_file() else "" for name in found
            if not name.startswith(("sent", "sys", "run", "etc", "var"))
        }  # fmt: skip

    def has(self, path: str) -> bool:
        return (self.root / path.lstrip("/")).exists()


@pytest.fixture
def armed(tmp_path: Path) -> Armed:
    return Armed(tmp_path)


def test_it_is_installed_used_and_taken_away_with_its_folders(armed: Armed) -> None:
    before = armed.files
    due = armed.run(armed.offer(), check_mode=True)
    assert (due["changed"], due["kexec"], armed.files) == (True, own.DEFAULT, before)
    first = armed.run(armed.offer())
    assert (first["changed"], first["loaded"], first["kexec"]) == (True, True, own.DEFAULT)
    assert first["load"]["kexec"]["path"] == own.DEFAULT
    assert (armed.root / own.DEFAULT[1:]).stat().st_mode & 0o777 == 0o755
    assert own.program(armed.host) == own.DEFAULT
    assert armed.run(armed.offer())["changed"] is False
    gone = armed.run(state="unloaded", check_mode=True)
    assert own.DEFAULT in [part["before_header"] for part in gone["diff"]]
    assert armed.has(own.DEFAULT)
    armed.run(state="unloaded")
    assert (armed.files.items() ^ before.items(), armed.unloaded_with) == (set(), [own.DEFAULT])
    assert not armed.has(paths.KEXEC_NOTE)
    assert armed.run(state="unloaded")["changed"] is False


def test_another_place_and_the_distribution_s_take_its_place(armed: Armed) -> None:
    armed.run(armed.offer())
    moved = armed.run(armed.offer(path="/opt/b/sbin/kexec"))
    assert (moved["load"]["kexec"]["path"], armed.has("/opt/linux-kdump")) == ("/opt/b/sbin/kexec", False)
    back = armed.run()
    assert (back["changed"], back["load"]["kexec"]["path"]) == (True, "/usr/sbin/kexec")
    assert (armed.has("/opt"), armed.has(paths.KEXEC_NOTE)) == (False, False)
    assert armed.run()["changed"] is False


def test_a_new_one_that_cannot_load_gives_way_to_the_former(armed: Armed) -> None:
    armed.run(armed.offer())
    armed.words = "Cannot load the crash image: kexec says: no."
    with pytest.raises(KdumpError, match="kexec says: no"):
        armed.run(armed.offer("newer"))
    assert (armed.root / own.DEFAULT[1:]).read_text() == "program"
    assert not armed.has(f"{own.DEFAULT}.former")
    with pytest.raises(KdumpError, match="kexec says: no"):
        armed.run(armed.offer(path="/opt/b/sbin/kexec"))
    assert (armed.program, armed.has(own.DEFAULT)) == (own.DEFAULT, True)
    armed.words = ""
    armed.run(state="unloaded")
    assert not armed.has("/opt")


def test_what_somebody_else_put_there_stays(armed: Armed) -> None:
    write(armed.root, own.DEFAULT, "theirs")
    with pytest.raises(KdumpError, match="this collection did not put it there"):
        armed.run(armed.offer())
    assert armed.run(kexec=own.DEFAULT, state="enabled", check_mode=True)["kexec"] == own.DEFAULT
    assert (armed.root / own.DEFAULT[1:]).read_text() == "theirs"
    armed.run(armed.offer(path="/opt/b/sbin/kexec"))
    write(armed.root, "/opt/b/sbin/more", "theirs")
    armed.run(state="unloaded")
    assert (armed.has("/opt/b/sbin/kexec"), armed.has("/opt/b/sbin/more")) == (False, True)


def test_what_cannot_be_used_is_refused_before_anything_is_sent(armed: Armed) -> None:
    for offer, options, message in (
        (armed.offer(machine=OTHER), {}, f"for {OTHER}, and this host is {MACHINE}"),
        (armed.offer(machine=None), {}, f"no program, and this host is {MACHINE}"),
        (armed.offer(path="opt/kexec"), {}, "not an absolute path"),
        (armed.offer(path="/opt/../kexec"), {}, "not an absolute path"),
        (armed.offer(path='/opt/a"b/kexec'), {}, "not an absolute path"),
        (None, {"kexec": "/opt/none/kexec"}, "/opt/none/kexec is missing"),
    ):
        with pytest.raises(KdumpError, match=message):
            armed.run(offer, check_mode=True, **options)


def test_a_hostile_note_is_no_note(armed: Armed) -> None:
    for text in ("", "[]", "7", "{", '{"a": []}', '{"/a": "b"}', '{"/a": ["b"]}', '{"/a": 7}', "[" * 99_999):
        write(armed.root, paths.KEXEC_NOTE, text)
        assert own.read_note(armed.host) == {}
