# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The receiver of dumps: the real program with real files, and clients that mean no good."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
import typing as t
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.capture.save import targets

PROGRAM = Path(__file__).parents[4] / "roles/dump_server/files/receive.py"
ID = "20261123T051500Z-0badcafe"
WEB = {
    "root": "/x", "client": "web1", "folder": "web1", "largest": str(1 << 30), "quota": str(1 << 30), "floor": "0",
}  # fmt: skip
LIMIT = 60


@pytest.fixture(autouse=True)
def mask() -> Iterator[None]:
    """What the program sets for its process, it sets for this one."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.fixture(scope="module")
def program() -> t.Any:
    spec = importlib.util.spec_from_file_location("kdump_receive", PROGRAM)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def sealed(data: bytes) -> bytes:
    """Bytes with the trailer that the protocol asks for."""
    return data + targets.TRAILER_START.encode() + hashlib.sha256(data).hexdigest().encode() + b"\n"


class Server:
    """A folder for dumps and the receiver, called as sshd calls it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def command(self, **change: str) -> list[str]:
        words = " ".join(f"{name}={value}" for name, value in {**WEB, "root": str(self.root), **change}.items())
        return [sys.executable, "-IS", str(PROGRAM), "-c", words]

    def start(
        self, name: str = "vmcore", *, own: str = "web1", folder: str = "web1", dump: str = ID, **change: str
    ) -> t.Any:
        environment = {"SSH_ORIGINAL_COMMAND": f"kdump-receive {dump} {name} {folder}"}
        pipes: dict[str, t.Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(self.command(folder=own, **change), env=environment, **pipes)

    def send(self, data: bytes, name: str = "vmcore", **change: str) -> tuple[int, str]:
        process = self.start(name, **change)
        out, err = process.communicate(data, timeout=LIMIT)
        assert err == b""
        assert out.count(b"\n") == 1 and out.endswith(b"\n"), "one line is the answer, always"
        return process.returncode, out.decode().rstrip("\n")

    def ask(self, program: t.Any, line: str | None, arguments: list[str] | None = None) -> tuple[int, str]:
        """The answer to a client that asks and sends nothing, in this process: there are many of these."""
        environment = {} if line is None else {"SSH_ORIGINAL_COMMAND": line}
        with open(os.devnull, "rb") as nothing:
            answer: tuple[int, str] = program.answer(arguments or self.command()[3:], environment, nothing.fileno())
        assert answer[1].isprintable(), "nothing of what a client says goes back to a terminal"
        return answer

    @property
    def dump(self) -> Path:
        return self.root / "web1" / ID

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.dump.iterdir()} if self.dump.exists() else {}


@pytest.fixture
def server(tmp_path: Path) -> Server:
    (tmp_path / "dumps").mkdir()
    return Server(tmp_path / "dumps")


def test_the_trailer_is_the_one_of_the_protocol(program: t.Any) -> None:
    assert program.TRAILER_START.decode() == targets.TRAILER_START
    assert program.TRAILER_BYTES == targets.TRAILER_BYTES


@pytest.mark.parametrize("size", [0, 1, 81, 82, 83, 1 << 20, (3 << 20) + 7])
def test_a_file_arrives_whole(server: Server, size: int) -> None:
    data = os.urandom(size)
    assert server.send(sealed(data)) == (0, f"ok {size} {hashlib.sha256(data).hexdigest()}")
    assert server.files() == {"vmcore": data}
    assert (server.dump / "vmcore").stat().st_mode & 0o7777 == 0o600
    for folder in (server.dump, server.dump.parent):
        assert folder.stat().st_mode & 0o7777 == 0o700


def test_data_that_looks_like_a_trailer_is_data(server: Server) -> None:
    data = sealed(sealed(b"a dump of a machine that received dumps"))
    assert server.send(sealed(data))[0] == 0
    assert server.files() == {"vmcore": data}


@given(data=st.binary(max_size=400), cuts=st.lists(st.integers(0, 500), max_size=4))
@settings(max_examples=100)
def test_however_the_stream_is_cut_into_pieces(
    program: t.Any, tmp_path_factory: pytest.TempPathFactory, data: bytes, cuts: list[int]
) -> None:
    stream = sealed(data)
    edges = sorted({0, len(stream), *(min(cut, len(stream)) for cut in cuts)})
    pieces = [stream[start:end] for start, end in zip(edges, edges[1:])]
    target = tmp_path_factory.getbasetemp() / "pieces"
    with pytest.MonkeyPatch.context() as patch, target.open("w+b") as out:
        patch.setattr(program, "chunks", lambda _source: iter(pieces))
        room = program.Room(program.Settings("/", "a", "a", 1 << 20, 1 << 30, 0), _folder(tmp_path_factory), "vmcore")
        size, digest = program.store(0, out.fileno(), room)
    assert (size, digest) == (len(data), hashlib.sha256(data).hexdigest())
    assert target.read_bytes() == data


def _folder(factory: pytest.TempPathFactory) -> int:
    """A handle of some empty folder; the process keeps it, and there are few."""
    path = factory.getbasetemp() / "empty"
    path.mkdir(exist_ok=True)
    return _FOLDERS.setdefault(str(path), os.open(path, os.O_DIRECTORY))


_FOLDERS: dict[str, int] = {}


@pytest.mark.parametrize(
    ("stream", "kept"),
    [
        (b"", b""),
        (b"half of it", b"half of it"),
        (sealed(b"x" * 200)[:-1], sealed(b"x" * 200)[:-1]),
        (sealed(b"x" * 200)[:-40], sealed(b"x" * 200)[:-40]),
        (sealed(b"data") + b"\n", sealed(b"data") + b"\n"),
        (sealed(b"data").upper(), sealed(b"data").upper()),
    ],
)
def test_a_stream_without_its_end_stays_incomplete_as_it_came(server: Server, stream: bytes, kept: bytes) -> None:
    status, line = server.send(stream)
    assert status == 1
    assert line == f"error incomplete the stream ended after {len(stream)} bytes, without its end mark"
    assert server.files() == {"vmcore.incomplete": kept}


def test_bytes_that_changed_on_the_way_stay_incomplete(server: Server) -> None:
    stream = sealed(b"A" * 1000).replace(b"A", b"B", 1)
    status, line = server.send(stream)
    assert (status, line.split()[:2]) == (1, ["error", "incomplete"])
    assert "sha256" in line
    assert server.files() == {"vmcore.incomplete": b"B" + b"A" * 999}


def test_what_is_complete_is_never_replaced_but_for_the_record(server: Server) -> None:
    assert server.send(sealed(b"first"))[0] == 0
    assert server.send(sealed(b"second")) == (
        1, "error exists 5 bytes are there already as vmcore, and they are complete",
    )  # fmt: skip
    for text in (b"{}", b'{"id": 1}'):
        assert server.send(sealed(text), "kdump.json")[0] == 0
    assert server.files() == {"vmcore": b"first", "kdump.json": b'{"id": 1}'}


def test_another_attempt_keeps_the_one_before_until_it_has_made_it(server: Server) -> None:
    server.send(b"first half")
    server.send(b"second half")
    assert server.files() == {"vmcore.incomplete": b"second half", "vmcore.incomplete.1": b"first half"}
    assert server.send(sealed(b"whole"))[0] == 0
    assert server.files() == {"vmcore": b"whole"}


def test_nobody_tries_for_ever(server: Server) -> None:
    server.dump.mkdir(parents=True)
    for name in ("vmcore.incomplete", *(f"vmcore.incomplete.{number}" for number in range(1, 100))):
        (server.dump / name).touch()
    assert server.send(sealed(b"x")) == (1, "error refused vmcore was tried too often")


def test_the_later_of_two_attempts_at_once_wins(server: Server) -> None:
    first = server.start()
    first.stdin.write(b"A" * 4096)
    first.stdin.flush()
    _until(lambda: server.files().get("vmcore.incomplete"))
    assert server.send(sealed(b"B"))[0] == 0
    out, _errors = first.communicate(sealed(b"A" * 8192)[4096:], timeout=LIMIT)
    assert out.startswith(b"error incomplete another connection")
    assert server.files() == {"vmcore": b"B"}


def test_different_files_at_once_do_not_meet(server: Server) -> None:
    names = ["vmcore", "dmesg.txt", "other"]
    processes = [server.start(name) for name in names]
    for process, name in zip(processes, names):
        out, _errors = process.communicate(sealed(name.encode()), timeout=LIMIT)
        assert out.startswith(b"ok ")
    assert server.files() == {name: name.encode() for name in names}


def test_a_client_has_only_so_many_connections(server: Server) -> None:
    waiting = []
    for number in range(4):
        waiting.append(server.start(f"file{number}"))
        _until(lambda: f"file{number}.incomplete" in server.files())  # noqa: B023 called at once
    assert server.send(sealed(b"x")) == (1, "error refused this client sends 4 files already")
    assert server.send(sealed(b"x"), client="web2", own="web2", folder="web2")[0] == 0, "others go on"
    for process in waiting:
        process.communicate(b"", timeout=LIMIT)
    assert server.send(sealed(b"x"))[0] == 0


def _until(look: Callable[[], object]) -> None:
    end = time.monotonic() + LIMIT
    while not look():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize(
    "line",
    [
        None, "", "sh", "bash -i", "scp -t /", "/usr/lib/openssh/sftp-server", "kdump-receive",
        f"kdump-receive {ID} vmcore", f"kdump-receive {ID} vmcore web1 more", f"kdump-receive  {ID} vmcore web1",
        f"kdump-receive {ID} vmcore web1\n", f"kdump-receive {ID}\nvmcore web1", f"xkdump-receive {ID} vmcore web1",
        f"kdump-receive {ID} vmcore web1;id", f"kdump-receive {ID} $(id) web1", "kdump-receive " + "a" * 5000,
    ],
)  # fmt: skip
def test_nothing_else_can_be_asked(program: t.Any, server: Server, line: str | None) -> None:
    status, answer = server.ask(program, line)
    assert status == 1
    assert answer.startswith("error refused ")
    assert list(server.root.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["-c"], ["-l"], ["-c", ""], ["-c", "sh"], ["-c", "root=/ client=web1"], ["-c", "root=/x", "more"],
        ["-c", "root=x client=a folder=a largest=1 quota=1 floor=1"],
        ["-c", "root=/x client=a folder=.. largest=1 quota=1 floor=1"],
        ["-c", "root=/x client=a folder=/a largest=1 quota=1 floor=1"],
        ["-c", "root=/x client=a folder=a largest=-1 quota=1 floor=1"],
        ["-c", "root=/x client=a folder=a largest=1 quota=1 floor=1 shell=1"],
        ["-c", "root=/x client=a folder=a largest=1 quota=1"],
    ],
)  # fmt: skip
def test_without_sound_settings_nobody_gets_in(program: t.Any, server: Server, arguments: list[str]) -> None:
    status, answer = server.ask(program, f"kdump-receive {ID} vmcore web1", arguments)
    assert status == 1
    assert answer.startswith("error refused this account only receives dumps")


@pytest.mark.parametrize(
    "change",
    [
        {"folder": "web2"}, {"folder": "web1x"}, {"folder": ".."}, {"folder": "web1/../web2"}, {"folder": "/web1"},
        {"folder": "web1/"}, {"folder": "web1//a"}, {"folder": "."}, {"folder": "web1/.lock"}, {"folder": "web1/a/./b"},
        {"folder": "/".join(["web1", *"abcdefgh"])}, {"folder": "web1/" + "a" * 129},
        {"dump": "20261123T051500Z"}, {"dump": "../../etc"}, {"dump": ID.upper()}, {"dump": ID + "0"},
        {"dump": "٢٠٢٦١١٢٣T051500Z-0badcafe"},
        {"name": ".."}, {"name": ".lock"}, {"name": "a/b"}, {"name": "a" * 65}, {"name": "vmcore.incomplete"},
        {"name": "vmcore.incomplete.1"}, {"name": "-rf"}, {"name": "vmcore\x00"[:-1] + "\x7f"}, {"name": "ü"},
    ],
)  # fmt: skip
def test_names_that_lead_elsewhere_are_refused(program: t.Any, server: Server, change: dict[str, str]) -> None:
    wanted = {"dump": ID, "name": "vmcore", "folder": "web1", **change}
    status, answer = server.ask(program, f"kdump-receive {wanted['dump']} {wanted['name']} {wanted['folder']}")
    assert status == 1
    assert answer.startswith("error refused ")
    assert list(server.root.iterdir()) == [], "not even a folder was made"


def test_who_logs_in_without_a_command_is_told_and_let_go(server: Server) -> None:
    done = subprocess.run(server.command()[:3], env={}, input=b"", capture_output=True, timeout=LIMIT, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, b"error refused this account only receives dumps\n", b"")


def test_a_client_may_have_folders_in_its_folder(server: Server) -> None:
    process = server.start(folder="web1/rack/7")
    out, _errors = process.communicate(sealed(b"x"), timeout=LIMIT)
    assert out.startswith(b"ok 1 ")
    assert (server.root / "web1/rack/7" / ID / "vmcore").read_bytes() == b"x"


@given(line=st.text(max_size=120))
@example(line=f"kdump-receive {ID} vmcore web1")
@example(line="kdump-receive \udcff\udcfe x y")
def test_whatever_is_asked_is_a_place_in_the_clients_folder_or_refused(program: t.Any, line: str) -> None:
    mine = program.parse_settings(" ".join(f"{name}={value}" for name, value in WEB.items()))
    try:
        request = program.parse_request(line, mine)
    except program.Refusal as refusal:
        assert refusal.word == "refused"
        assert str(refusal).isprintable(), "nothing of what a client says goes back to a terminal"
        return
    path = "/".join((*request.folder, request.id, request.name))
    assert os.path.normpath(path) == path
    assert path.startswith("web1/")


_word = st.text(alphabet="abcZ019./-_@%+=:,; \n~$", max_size=20)


@given(dump=st.just(ID) | _word, name=_word, folder=st.just("web1/").flatmap(lambda own: _word.map(own.__add__)))
def test_grammar_near_the_edge(program: t.Any, dump: str, name: str, folder: str) -> None:
    test_whatever_is_asked_is_a_place_in_the_clients_folder_or_refused.hypothesis.inner_test(  # type: ignore[attr-defined]
        program, f"kdump-receive {dump} {name} {folder}"
    )


@pytest.mark.parametrize("place", ["web1", f"web1/{ID}"])
def test_a_symbolic_link_is_not_followed(server: Server, tmp_path: Path, place: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (server.root / place).parent.mkdir(exist_ok=True)
    (server.root / place).symlink_to(elsewhere)
    status, answer = server.send(sealed(b"x"))
    assert (status, answer.split()[:2]) == (1, ["error", "failed"])
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("name", ["vmcore", "vmcore.incomplete"])
def test_nor_in_the_last_place(server: Server, tmp_path: Path, name: str) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious")
    server.dump.mkdir(parents=True)
    (server.dump / name).symlink_to(precious)
    server.send(sealed(b"x"))
    assert precious.read_text() == "precious"
    assert not (server.dump / "vmcore").exists() or name == "vmcore" or (server.dump / "vmcore").read_bytes() == b"x"


def test_a_file_may_be_only_so_large(server: Server) -> None:
    status, answer = server.send(sealed(bytes(5000)), largest="4999")
    assert (status, answer) == (1, "error space the file has more than 4999 bytes")
    assert "vmcore" not in server.files()
    assert server.send(sealed(bytes(4999)), largest="4999")[0] == 0


def test_the_record_and_the_log_are_small(server: Server) -> None:
    status, answer = server.send(sealed(bytes((16 << 20) + 1)), "kdump.json")
    assert (status, answer) == (1, f"error space the file has more than {16 << 20} bytes")


def test_a_client_may_have_only_so_much(server: Server) -> None:
    quota = str(3 << 20)
    assert server.send(sealed(bytes(2 << 20)), "one", quota=quota)[0] == 0
    status, answer = server.send(sealed(bytes(2 << 20)), "two", quota=quota)
    assert (status, answer) == (1, f"error space the quota of {quota} bytes is used up")
    assert server.send(sealed(bytes(2 << 20)), client="web2", own="web2", folder="web2", quota=quota)[0] == 0


def test_empty_files_cost_too_and_nothing_is_made_beyond_the_quota(server: Server) -> None:
    quota = str(6 * 4096)
    ids = [f"20261123T0515{number:02}Z-0badcafe" for number in range(6)]
    answers = [server.send(sealed(b""), dump=dump, quota=quota)[0] for dump in ids]
    made = [path for path in (server.root / "web1").iterdir() if path.is_dir()]
    assert answers == sorted(answers)
    assert 1 < len(made) < 4


def test_a_client_with_too_many_files_is_refused(program: t.Any, tmp_path: Path) -> None:
    program_limit = program._MOST_ENTRIES
    for number in range(5):
        (tmp_path / str(number)).touch()
    handle = os.open(tmp_path, os.O_DIRECTORY)
    try:
        assert program.used(handle) == 5 * 4096
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(program, "_MOST_ENTRIES", 4)
            with pytest.raises(program.Refusal, match="too many files"):
                program.used(handle)
    finally:
        os.close(handle)
    assert program_limit >= 1000


def test_some_of_the_disk_stays_free_and_the_record_may_use_half_of_that(server: Server) -> None:
    disk = os.statvfs(server.root)
    free = disk.f_bavail * disk.f_frsize
    floor = str(free + (1 << 30))
    status, answer = server.send(sealed(b"x"), floor=floor)
    assert (status, answer) == (1, f"error space less than {floor} bytes of the disk would stay free")
    assert server.send(sealed(b"{}"), "kdump.json", floor=floor)[0] == 0


@contextlib.contextmanager
def small_disk(path: Path, size: int) -> Iterator[None]:
    """A tmpfs of that many bytes; where one may not mount, there is no such test."""
    path.mkdir(exist_ok=True)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"tmpfs", bytes(path), b"tmpfs", 0, f"size={size}".encode()) != 0:
        pytest.skip("may not mount a tmpfs here")
    try:
        yield
    finally:
        libc.umount2(bytes(path), 2)


def test_a_full_disk_is_an_answer_and_the_rest_stays_incomplete(server: Server) -> None:
    with small_disk(server.root, 4 << 20):
        status, answer = server.send(sealed(os.urandom(8 << 20)))
        assert status == 1
        assert answer.startswith("error space ")
        assert list(server.files()) == ["vmcore.incomplete"]


def test_a_full_disk_that_no_look_foretold(program: t.Any, server: Server) -> None:
    with small_disk(server.root, 4 << 20):
        mine = program.Settings(str(server.root), "web1", "web1", 1 << 30, 1 << 30, 0)
        request = program.parse_request(f"kdump-receive {ID} vmcore web1", mine)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(program.Room, "look", lambda _self, _more: 1 << 40)
            patch.setattr(program, "chunks", lambda _source: iter([bytes(1 << 20)] * 8))
            with pytest.raises(program.Refusal, match="No space left on device") as caught:
                program.attempt(mine, request, 0)
        assert caught.value.word == "space"


def test_a_client_that_goes_away_leaves_what_came(server: Server) -> None:
    process = server.start()
    process.stdin.write(b"A" * 100000)
    process.stdin.flush()
    _until(lambda: len(server.files().get("vmcore.incomplete", b"")) > 90000)
    process.kill()
    process.wait()
    assert set(server.files()) == {"vmcore.incomplete"}


def test_a_client_that_does_not_wait_for_its_answer_loses_nothing(server: Server) -> None:
    process = server.start()
    process.stdout.close()
    process.stdin.write(sealed(b"data"))
    process.stdin.close()
    assert process.wait(LIMIT) == 1
    assert server.files() == {"vmcore": b"data"}
    assert process.stderr.read() == b""


def test_silence_does_not_last_for_ever(program: t.Any) -> None:
    reader, writer = os.pipe()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(program, "_IDLE", 0.05)
            with pytest.raises(program.Refusal, match="nothing came"):
                next(program.chunks(reader))
    finally:
        os.close(reader)
        os.close(writer)


def test_a_folder_that_went_is_told(server: Server) -> None:
    shutil.rmtree(server.root)
    assert server.send(sealed(b"x")) == (1, "error failed No such file or directory")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_to_is_told(server: Server) -> None:
    server.root.chmod(0o500)
    assert server.send(sealed(b"x")) == (1, "error failed Permission denied")


@given(tail=st.binary(min_size=0, max_size=200))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_made_up_end_is_taken_for_a_sound_one(
    program: t.Any, tmp_path_factory: pytest.TempPathFactory, tail: bytes
) -> None:
    out = tmp_path_factory.getbasetemp() / "made-up"
    with pytest.MonkeyPatch.context() as patch, out.open("w+b") as stream:
        patch.setattr(program, "chunks", lambda _source: iter([b"data" + targets.TRAILER_START.encode(), tail]))
        room = program.Room(program.Settings("/", "a", "a", 1 << 20, 1 << 30, 0), _folder(tmp_path_factory), "vmcore")
        with pytest.raises(program.Refusal):
            program.store(0, stream.fileno(), room)
