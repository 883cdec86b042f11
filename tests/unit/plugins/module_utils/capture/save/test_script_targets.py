# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the save script with several targets: each kind, every way it can fail, and what is tried next."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import typing as t
from pathlib import Path

import jsonschema
import pytest

from ansible_collections.linux.kdump.plugins.module_utils import drill
from ansible_collections.linux.kdump.plugins.module_utils.capture.save import network, streams, target_raw
from ansible_collections.linux.kdump.plugins.module_utils.capture.save import script as save_script
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.capture.save import servers
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.capture.save.machine import (
    HAS_BUSYBOX,
    LOG,
    NONCE,
    SCHEMA,
    UUID,
)
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.capture.save.servers import (
    LOCAL,
    NET,
    NFS,
    RAW,
    SSH,
    header,
    make_machine,
    received,
    run,
    server,
)

pytestmark = pytest.mark.skipif(not HAS_BUSYBOX, reason="busybox is not installed")

SAVED = ["target-ready", "log-saved", "core-saved", "record-saved", "final-action"]
#: What a fake ssh client says and returns; each is what the real one was seen to say.
REFUSED = 'echo "dbclient: Connection to kdump@192.0.2.9:22 exited: Connect failed: Connection refused" >&2; exit 1'
HANGS = "exec sleep 30"
LOST = 'head -c 1 >/dev/null; echo "dbclient: Connection to kdump@192.0.2.9:22 exited: Keepalive timeout" >&2; exit 1'
NO_PASSWORD = """echo "kdump@192.0.2.9's password: " >&2; echo "dbclient: x exited: Disconnect received" >&2; exit 1"""
NO_KEY = 'echo "dbclient: Connection to kdump@192.0.2.9:22 exited: No auth methods could be used." >&2; exit 1'
OTHER_KEY = 'printf "\\n\\nssh-ed25519 host key mismatch for 192.0.2.9 !\\nFingerprint is SHA256:x\\n" >&2; exit 1'
UNPINNED = "printf \"\\nHost '192.0.2.9' is not in the trusted hosts file.\\n\" >&2; exit 1"
FULL = 'cat >/dev/null; echo "error space the disk is full"; exit 1'
#: The same, but for the vmcore only.
AT_CORE = 'case "$*" in *" vmcore "*) {} ;; esac'


def _record(path: Path) -> dict[str, t.Any]:
    document = json.loads(path.read_text())
    jsonschema.validate(document, SCHEMA)
    return t.cast("dict[str, t.Any]", document)


def _tried(record: dict[str, t.Any]) -> list[tuple[str, str | None]]:
    return [(attempt["target"].partition(":")[0], attempt["failure"]) for attempt in record["targets"]]


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
@pytest.mark.parametrize("text", [save_script.compose(servers.PARTS), network.DHCP], ids=["script", "dhcp"])
def test_shellcheck_has_nothing_to_say(text: str) -> None:
    # udhcpc sets the variables; pipefail and what a part takes the place of are as in the streams.
    argv = ["shellcheck", "--shell=dash", "--exclude=SC3040,SC2317,SC2154", "-"]
    done = subprocess.run(argv, input=text, capture_output=True, text=True, check=False)
    assert done.stdout == ""


def test_every_tag_is_a_documented_one() -> None:
    text = save_script.compose(servers.PARTS)
    assert set(re.findall(r"\b(fail-[a-z]+)\b", text)) <= set(drill.FAILURES)
    assert set(re.findall(r"\b(note-[a-z]+)\b", text)) <= set(drill.NOTES)


def test_the_plain_words_are_a_list_of_one(tmp_path: Path) -> None:
    capture = make_machine(tmp_path, f"kdump.target=UUID={UUID}", "kdump.fstype=ext4", "kdump.path=/var/crash")
    assert run(capture) == ["save-start", *SAVED]
    assert _tried(capture.record()) == [("local", None)]
    assert capture.record()["target"] == {
        "kind": "local", "uuid": UUID, "label": None, "fstype": "ext4", "path": "/var/crash",
    }  # fmt: skip


def test_a_file_system_by_label(tmp_path: Path) -> None:
    capture = make_machine(tmp_path, "kdump.target=local,LABEL=dumps,auto,/var/crash")
    assert run(capture) == ["save-start", *SAVED]
    assert (capture.record()["target"]["label"], capture.record()["target"]["uuid"]) == ("dumps", None)


def test_ssh(tmp_path: Path) -> None:
    capture = make_machine(tmp_path, SSH, NET)
    assert run(capture) == ["save-start", "note-network", *SAVED]
    folder = received(capture)
    assert sorted(path.name for path in folder.iterdir()) == ["dmesg.txt", "kdump.json", "vmcore"]
    assert (folder / "vmcore").read_text() == "core\n"
    assert (folder / "dmesg.txt").read_text() == LOG
    record = _record(folder / "kdump.json")
    assert (record["id"], record["status"], record["failure"]) == (folder.name, "saved", None)
    assert record["nonce"] == NONCE
    assert record["files"] == {"dmesg.txt": len(LOG), "vmcore": 5}
    assert record["target"] == {"kind": "ssh", "server": "192.0.2.9:22", "user": "kdump", "path": "web1"}
    assert not list(capture.dumps.iterdir())


def test_ssh_pins_the_host_key_and_asks_for_the_receiver_only(tmp_path: Path) -> None:
    capture = make_machine(tmp_path, SSH, NET)
    server(capture, first='echo "$HOME" >>"$root/homes"')
    run(capture)
    record, log, core, last = (capture.root / "connections").read_text().splitlines()
    assert set((capture.root / "homes").read_text().split()) == {f"{capture.root}/tmp"}
    assert record == last
    dump = received(capture).name
    options = f"-T -K 10 -i {capture.root}/etc/ssh_key -p 22 kdump@192.0.2.9"
    assert (log, core) == (
        f"{options} kdump-receive {dump} dmesg.txt web1", f"{options} kdump-receive {dump} vmcore web1",
    )  # fmt: skip


@pytest.mark.parametrize(
    "core", [b"", b"x" * 81, b"\nlinux.kdump-end \0\xff" * 99999], ids=["nothing", "little", "trailers"]
)
def test_any_bytes_arrive_as_they_are(tmp_path: Path, core: bytes) -> None:
    capture = make_machine(tmp_path, SSH, RAW, NET)
    (tmp_path / "core").write_bytes(core)
    capture.tool(core=f"cat {tmp_path}/core")
    assert run(capture)[-1] == "final-action"
    assert (received(capture) / "vmcore").read_bytes() == core


@pytest.mark.parametrize(
    ("first", "failure", "said"),
    [
        (REFUSED, "fail-network", "Connection refused"),
        (HANGS, "fail-timeout", "no end within"),
        (NO_KEY, "fail-login", "does not accept the key"),
        (NO_PASSWORD, "fail-login", "does not accept the key"),
        (OTHER_KEY, "fail-login", "another host key than the pinned one"),
        (UNPINNED, "fail-login", "no host key is pinned"),
        ('echo "error refused not your folder"; exit 1', "fail-login", "not your folder"),
        ("echo nonsense; exit 0", "fail-network", "it said nothing"),
        (AT_CORE.format(FULL), "fail-space", "the disk is full"),
        (AT_CORE.format(LOST), "fail-network", "Keepalive timeout"),
        (AT_CORE.format('cat >/dev/null; echo "error failed I/O"; exit 1'), "fail-target", "failed I/O"),
    ],
)
def test_a_server_that_fails_moves_on_to_the_disk(tmp_path: Path, first: str, failure: str, said: str) -> None:
    capture = make_machine(tmp_path, SSH.replace("ssh,", "ssh,limit=1,retries=0,"), LOCAL, NET, "kdump.limit_sync=1")
    capture.tool(core="yes | head -c 300000")
    server(capture, first=first)
    tags = run(capture)
    assert failure in tags
    assert tags[-6:] == ["note-fallback", *SAVED]
    record = capture.record()
    assert (record["status"], record["failure"], record["target"]["kind"]) == ("saved", None, "local")
    assert _tried(record) == [("ssh", failure), ("local", None)]
    assert said in record["targets"][0]["reason"]


@pytest.mark.parametrize(
    "pinned",
    ["", "192.0.2.99 ssh-ed25519 AAAAC3Nz\n", "[192.0.2.9]:2222 ssh-ed25519 AAAAC3Nz\n"],
    ids=["none", "another server's", "another port's"],
)
def test_a_server_whose_key_is_not_pinned_is_never_spoken_to(tmp_path: Path, pinned: str) -> None:
    capture = make_machine(tmp_path, SSH, LOCAL, NET)
    (tmp_path / "etc/known_hosts").write_text(pinned)
    assert run(capture) == ["save-start", "fail-login", "note-fallback", *SAVED]
    assert not (tmp_path / "connections").exists()


@pytest.mark.parametrize(
    ("port", "keys"),
    [
        (22, ["ssh-ed25519 AAAA1", "ecdsa-sha2-nistp256 AAAA2"]),
        (2222, ["ssh-ed25519 AAAA3"]),
        (9, ["ssh-ed25519 AAAA1"]),
    ],
)
def test_the_client_sees_the_keys_of_one_server_only(tmp_path: Path, port: int, keys: list[str]) -> None:
    capture = make_machine(tmp_path, SSH.replace(":22,", f":{port},"), NET)
    plain = "".join(f"192.0.2.9 {key}\n" for key in keys) if port == 22 else "192.0.2.9 ssh-ed25519 AAAA1\n"
    (tmp_path / "etc/known_hosts").write_text(f"192.0.2.99 ssh-rsa AAAA4\n{plain}[192.0.2.9]:2222 ssh-ed25519 AAAA3\n")
    server(capture, first='cat "$HOME/.ssh/known_hosts" >"$root/seen"')
    assert run(capture)[:3] == ["save-start", "note-network", "target-ready"]
    assert (tmp_path / "seen").read_text() == "".join(f"192.0.2.9 {key}\n" for key in keys)


def test_what_a_server_gets_first_is_no_answer_to_a_question(tmp_path: Path) -> None:
    capture = make_machine(tmp_path, SSH, NET)
    server(capture, first='[ -e "$root/first" ] || cat >"$root/first"')
    run(capture)
    assert (tmp_path / "first").read_bytes()[:1] == b"{"


def test_what_a_server_got_of_a_core_is_never_called_complete(tmp_path: Path) -> None:
    capture = make_machine(tmp_path, SSH, LOCAL, NET)
    capture.tool(core='case "$1" in -F) echo part; kill -9 $$ ;; *) echo core ;; esac')
    tags = run(capture)
    assert tags[:6] == ["save-start", "note-network", "target-ready", "log-saved", "fail-memory", "record-saved"]
    folder = received(capture)
    assert sorted(path.name for path in folder.iterdir()) == ["dmesg.txt", "kdump.json", "vmcore.incomplete"]
    told = _record(folder / "kdump.json")
    assert (told["status"], told["failure"], told["files"]) == ("failed", "fail-memory", {"dmesg.txt": len(LOG)})
    assert capture.record()["status"] == "saved"
    assert capture.record()["id"] == folder.name


def test_a_server_that_comes_up_late_is_waited_for(tmp_path: Path) -> None:
    capture = make_machine(tmp_path, SSH, LOCAL, NET)
    server(capture, first=f'[ "$(wc -l <"$root/connections")" -gt 2 ] || {{ {REFUSED}; }}')
    assert run(capture) == ["save-start", "note-network", *SAVED]
    assert _record(received(capture) / "kdump.json")["failure"] is None


def test_a_lost_connection_is_tried_once_more(tmp_path: Path) -> None:
    capture = make_machine(tmp_path, SSH, LOCAL, NET)
    capture.tool(core="yes | head -c 300000")
    server(capture, first=f'case "$*" in *" vmcore "*) [ -e "$root/lost" ] || {{ : >"$root/lost"; {LOST}; }} ;; esac')
    tags = run(capture)
    assert tags[4:] == ["fail-network", "note-fallback", *SAVED]
    (record,) = (capture.root / "server/web1").glob("*/kdump.json")
    assert _tried(_record(record)) == [("ssh", "fail-network"), ("ssh", None)]


@pytest.mark.parametrize("half", ["", "head -c 99999 | "], ids=["after it was stored", "in the middle"])
def test_what_the_server_has_whole_is_not_missed_by_another_attempt(tmp_path: Path, half: str) -> None:
    """With the real receiver: the connection is lost while the vmcore is sent, or before the answer arrives."""
    capture = make_machine(tmp_path, SSH, NET)
    (tmp_path / "srv").mkdir()
    lost = f'[ -e "$root/lost" ] || {{ : >"$root/lost"; {half}receive >/dev/null; {LOST}; }}'
    server(capture, "receive", first=servers.REAL_RECEIVER + AT_CORE.format(lost))
    capture.tool(core="yes | head -c 300000")
    assert run(capture)[4:] == ["fail-network", "note-fallback", *SAVED]
    (folder,) = (tmp_path / "srv/web1").glob("2*")
    assert sorted(path.name for path in folder.iterdir()) == ["dmesg.txt", "kdump.json", "vmcore"]
    record = _record(folder / "kdump.json")
    assert (record["status"], record["failure"]) == ("saved", None)
    assert record["files"] == {"dmesg.txt": len(LOG), "vmcore": 300000}


def test_a_connection_that_was_lost_at_the_log_does_not_lose_the_record(tmp_path: Path) -> None:
    capture = make_machine(tmp_path, SSH, NET)
    server(capture, first=f'case "$*" in *" dmesg.txt "*) {LOST} ;; esac')
    assert run(capture)[2:] == ["target-ready", "fail-network", "core-saved", "record-saved", "final-action"]
    record = _record(received(capture) / "kdump.json")
    assert (record["status"], record["failure"]) == ("saved", "fail-network")


def test_a_server_that_does_not_say_what_it_has_is_not_believed(tmp_path: Path) -> None:
    capture = make_machine(tmp_path, SSH.replace("ssh,", "ssh,retries=0,"), LOCAL, NET)
    server(capture, first=AT_CORE.format('cat >/dev/null; echo "error exists there is one"; exit 1'))
    assert run(capture)[-6:] == ["note-fallback", *SAVED]
    assert _tried(capture.record()) == [("ssh", "fail-target"), ("local", None)]


def test_raw(tmp_path: Path) -> None:
    capture = make_machine(tmp_path, RAW)
    before = (capture.root / "dev/vdb1").read_bytes()
    assert run(capture) == ["save-start", *SAVED]
    told = header(capture)
    assert (told["state"], told["partuuid"]) == ("complete", servers.PARTUUID)
    assert (told["log"], told["log_bytes"], told["core"], told["core_bytes"]) == (
        "dmesg.txt", str(len(LOG)), "vmcore", "5",
    )  # fmt: skip
    data = (capture.root / "dev/vdb2").read_bytes()
    at = target_raw.BLOCK_BYTES
    assert data[16 * at :].startswith(LOG.encode())
    assert data[int(told["core_block"]) * at :][:5] == b"core\n"
    record = json.loads(data[at:][: int(told["record_bytes"])])
    jsonschema.validate(record, SCHEMA)
    assert (record["id"], record["status"]) == (told["id"], "saved")
    assert record["target"] == {"kind": "raw", "partuuid": servers.PARTUUID}
    assert (capture.root / "dev/vdb1").read_bytes() == before


def test_a_dump_that_was_not_recovered_is_kept_as_long_as_there_is_another_target(tmp_path: Path) -> None:
    capture = make_machine(tmp_path, RAW, LOCAL)
    assert run(capture) == ["save-start", *SAVED]
    before = (capture.root / "dev/vdb2").read_bytes()
    assert run(capture) == ["save-start", "fail-space", "note-fallback", *SAVED]
    assert (capture.root / "dev/vdb2").read_bytes() == before
    assert _tried(capture.record()) == [("raw", "fail-space"), ("local", None)]
    assert f"still holds the dump {header(capture)['id']}," in capture.record()["targets"][0]["reason"]


@pytest.mark.parametrize("words", [[RAW], [LOCAL.replace("local,", "local,limit=1,").replace("crash", "../x"), RAW]])
def test_the_last_target_takes_a_new_dump_whatever_it_holds(tmp_path: Path, words: list[str]) -> None:
    capture = make_machine(tmp_path, *words)
    run(capture)
    first = header(capture)["id"]
    (capture.root / "proc/sys/kernel/random/uuid").write_text("00000001-2222-3333-4444-555555555555\n")
    assert run(capture)[-5:] == SAVED
    assert header(capture)["id"] != first


def test_a_long_log_makes_the_core_begin_later(tmp_path: Path) -> None:
    capture = make_machine(tmp_path, RAW)
    (capture.root / "log").write_text(LOG * 3000)
    run(capture)
    told = header(capture)
    assert int(told["log_bytes"]) == len(LOG) * 3000 > 5 * target_raw.BLOCK_BYTES
    assert int(told["core_block"]) == 16 + 7
    data = (capture.root / "dev/vdb2").read_bytes()
    assert data[int(told["core_block"]) * target_raw.BLOCK_BYTES :][:5] == b"core\n"


@pytest.mark.parametrize("partuuid", ["8c1db1e1-03", "8c1db1e1-021"])
def test_a_partition_that_was_not_prepared_for_this_is_never_touched(tmp_path: Path, partuuid: str) -> None:
    capture = make_machine(tmp_path, RAW.replace("raw,", "raw,limit=1,"), LOCAL)
    servers.prepare(capture.root / "dev/vdb2", partuuid)
    before = (capture.root / "dev/vdb2").read_bytes()
    tags = run(capture)
    assert tags == ["save-start", "fail-target", "note-fallback", *SAVED]
    assert (capture.root / "dev/vdb2").read_bytes() == before


@pytest.mark.parametrize(
    ("said", "status", "failure"),
    [
        ("dd: error writing '/dev/vdb2': No space left on device", 1, "fail-space"),
        ("dd: error writing '/dev/vdb2': Input/output error", 1, "fail-core"),
        ("", 143, "fail-timeout"),
    ],
)
def test_a_partition_that_fails_says_so_in_its_header(tmp_path: Path, said: str, status: int, failure: str) -> None:
    capture = make_machine(tmp_path, RAW, LOCAL)
    fake = f'case "$*" in *seek=17*) echo "{said}" >&2; return {status} ;; esac; shift; "$@"'
    tags = run(capture, f"storing() {{ {fake}; }}")
    assert tags[:4] == ["save-start", "target-ready", "log-saved", failure]
    assert tags[-6:] == ["note-fallback", *SAVED]
    told = header(capture)
    assert (told["state"], told["core_bytes"]) == ("failed", "0")
    assert _tried(capture.record()) == [("raw", failure), ("local", None)]


def test_a_collector_that_dies_leaves_the_partition_failed(tmp_path: Path) -> None:
    capture = make_machine(tmp_path, RAW)
    capture.tool(core="echo part; kill -9 $$")
    assert run(capture) == [
        "save-start", "target-ready", "log-saved", "fail-memory", "record-saved", "note-fallback", "final-action",
    ]  # fmt: skip
    assert header(capture)["state"] == "failed"


@pytest.mark.parametrize(
    ("version", "more"),
    [("4", "clientaddr=192.0.2.7"), ("4.2", "clientaddr=192.0.2.7"), ("3", "mountproto=tcp,mountaddr=192.0.2.8")],
)
def test_nfs(tmp_path: Path, version: str, more: str) -> None:
    word = NFS.replace("nfs,4", f"nfs,{version}").replace(",/srv/dumps,/", ",/srv/dumps,/var/crash")
    capture = make_machine(tmp_path, word, NET)
    assert run(capture) == ["save-start", "note-network", *SAVED]
    record = capture.record()
    assert record["target"] == {
        "kind": "nfs", "server": "192.0.2.8:2049", "export": "/srv/dumps", "version": version, "path": "/var/crash",
    }  # fmt: skip
    mount = next(line for line in (capture.root / "tmp/calls").read_text().splitlines() if line.startswith("mount"))
    assert mount == (
        f"mount -i -t nfs -o rw,noatime,nodev,nosuid,noexec,vers={version},proto=tcp,port=2049,addr=192.0.2.8,soft,"
        f"timeo=100,retrans=2,nolock,{more} 192.0.2.8:/srv/dumps {capture.root}/target"
    )


@pytest.mark.parametrize(
    ("said", "failure"),
    [
        ("mount: mounting 192.0.2.8:/srv/dumps on /target failed: No such file or directory", "fail-target"),
        ("mount: mounting 192.0.2.8:/srv/dumps on /target failed: Permission denied", "fail-target"),
        ("mount: mounting 192.0.2.8:/srv/dumps on /target failed: Connection refused", "fail-network"),
        ("mount: mounting 192.0.2.8:/srv/dumps on /target failed: Connection timed out", "fail-network"),
    ],
)
def test_an_export_that_cannot_be_mounted_moves_on(tmp_path: Path, said: str, failure: str) -> None:
    capture = make_machine(tmp_path, NFS.replace("nfs,", "nfs,limit=1,retries=0,"), LOCAL, NET)
    fake = f'case $* in *nfs*) echo "{said}" >$temporary/out; false ;; esac'
    assert run(capture, f"fake_mount='{fake}'") == ["save-start", "note-network", failure, "note-fallback", *SAVED]
    assert _tried(capture.record()) == [("nfs", failure), ("local", None)]


def test_a_server_that_is_lost_is_not_waited_for_again(tmp_path: Path) -> None:
    capture = make_machine(
        tmp_path, NFS.replace(",/srv/dumps,/", ",/srv/dumps,/nfs").replace("nfs,", "nfs,retries=0,", 1), LOCAL, NET
    )
    capture.tool(
        core='case $last in */nfs/*) echo "Can\'t write. Input/output error" >&2; (exit 1) ;; *) echo core ;; esac'
    )
    assert run(capture)[1:6] == ["note-network", "target-ready", "log-saved", "fail-network", "note-fallback"]
    assert not list(capture.root.glob("target/nfs/*/kdump.json"))
    assert _tried(capture.record()) == [("nfs", "fail-network"), ("local", None)]


def test_an_error_of_the_disk_is_none_of_the_network(tmp_path: Path) -> None:
    capture = make_machine(tmp_path, LOCAL)
    capture.tool(core="{ echo 'Input/output error' >&2; (exit 1); }")
    assert "fail-core" in run(capture)


def test_a_full_server_keeps_its_story_and_the_disk_gets_the_core(tmp_path: Path) -> None:
    capture = make_machine(tmp_path, NFS.replace(",/srv/dumps,/", ",/srv/dumps,/nfs"), LOCAL, NET)
    said = "Copying data      : [ 63.6 %] -     eta: 20swrite: No space left on device"
    capture.tool(core=f"case $last in */nfs/*) echo '{said}' >&2; (exit 1) ;; *) echo core ;; esac")
    tags = run(capture)
    assert tags[2:6] == ["target-ready", "log-saved", "fail-space", "note-removed"]
    (story,) = capture.root.glob("target/nfs/*/kdump.json")
    assert (_record(story)["status"], _record(story)["failure"]) == ("failed", "fail-space")
    assert _tried(capture.record()) == [("nfs", "fail-space"), ("local", None)]
    assert capture.record()["id"] == story.parent.name
    assert capture.record()["targets"][0]["reason"] == "the vmcore: status 1: write: No space left on device"


def test_the_record_of_the_last_target_tells_of_all(tmp_path: Path) -> None:
    words = [NFS.replace("nfs,", "nfs,limit=1,retries=0,"), SSH.replace("ssh,", "ssh,limit=1,retries=0,"), RAW, LOCAL]
    capture = make_machine(tmp_path, *words, NET)
    server(capture, first=NO_KEY)
    (capture.root / "dev/vdb2").unlink()
    fake = "case $* in *nfs*) echo Permission denied >$temporary/out; false ;; esac"
    tags = run(capture, f"fake_mount='{fake}'")
    assert [tag for tag in tags if tag.startswith("fail")] == ["fail-target", "fail-login", "fail-target"]
    record = capture.record()
    assert _tried(record) == [("nfs", "fail-target"), ("ssh", "fail-login"), ("raw", "fail-target"), ("local", None)]
    assert all(attempt["reason"] for attempt in record["targets"][:-1])
    assert all(attempt["started"] <= attempt["ended"] for attempt in record["targets"])


def test_a_driver_that_failed_is_in_the_record_whatever_target_has_it(tmp_path: Path) -> None:
    capture = make_machine(tmp_path, SSH.replace("ssh,", "ssh,limit=1,retries=0,"), LOCAL, NET)
    server(capture, first=NO_KEY)
    loading = "load_modules() { fail fail-module 'mpt3sas: it said nothing'; }\n"
    assert run(capture, loading) == [
        "save-start", "fail-module", "note-network", "fail-login", "note-fallback", *SAVED,
    ]  # fmt: skip
    record = capture.record()
    assert (record["status"], record["failure"]) == ("saved", "fail-module")
    assert _tried(record) == [("ssh", "fail-login"), ("local", "fail-module")]
    assert record["targets"][-1]["reason"] == "mpt3sas: it said nothing"


def test_where_all_fail_the_machine_goes_on(tmp_path: Path) -> None:
    capture = make_machine(tmp_path, SSH, NET)
    server(capture, first=NO_KEY)
    assert run(capture) == ["save-start", "note-network", "fail-login", "note-fallback", "final-action"]


@pytest.mark.parametrize(
    "word",
    [
        "kdump.target=ftp,192.0.2.9,/x", "kdump.target=ssh,192.0.2.9,web1", "kdump.target=ssh,kdump@server:22,web1",
        "kdump.target=ssh,kdump@192.0.2.9:22", "kdump.target=nfs,4,192.0.2.8,/srv/dumps,/", "kdump.target=raw,vdb2",
        "kdump.target=nfs,4,192.0.2.8:2049,srv,/", "kdump.target=local,sda1,ext4,/", f"kdump.target=local,UUID={UUID}",
    ],
)  # fmt: skip
def test_a_word_that_cannot_be_understood_moves_on(tmp_path: Path, word: str) -> None:
    capture = make_machine(tmp_path, word, LOCAL, NET)
    tags = [tag for tag in run(capture) if tag != "note-network"]
    assert tags[:2] == ["save-start", "fail-target"]
    assert tags[-6:] == ["note-fallback", *SAVED]


@pytest.mark.parametrize("word", ["$(touch${IFS}hit)", "`touch${IFS}hit`", ";touch${IFS}hit", "*", "a'b", 'a"b', "\\"])
@pytest.mark.parametrize("start", ["kdump.target=ssh,", "kdump.target=local,UUID=", "kdump.net=52:54:00:12:34:56,"])
def test_words_are_never_evaluated(tmp_path: Path, start: str, word: str) -> None:
    capture = make_machine(tmp_path, f"{start}{word}", LOCAL)
    tags = run(capture)
    assert tags[0] == "note-setting" and tags[-1] == "final-action"
    assert not list(capture.root.rglob("hit"))


def test_a_kind_that_is_not_in_the_image_is_said_and_passed_over(tmp_path: Path) -> None:
    capture = make_machine(tmp_path, NFS, LOCAL, NET)
    script = capture.root / "script"
    script.write_text(script.read_text().replace('kinds="$kinds nfs"', ""))
    assert run(capture) == ["save-start", "fail-target", "note-fallback", *SAVED]
    assert "not built for targets of kind nfs" in capture.record()["targets"][0]["reason"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("rm -r $sys/class/net/eth0", "no interface with address 52:54:00:12:34:56 appeared within 1 seconds"),
        ("echo 0 >$sys/class/net/eth0/carrier", "eth0 has no link"),
        ("net=''", "there is no kdump.net"),
        (
            "fake_network='case $2 in addr) echo \"ip: RTNETLINK answers: busy\" >$temporary/out; false ;; esac'",
            "eth0 has no address: ip: RTNETLINK answers: busy",
        ),
    ],
)
def test_a_network_that_does_not_come_up(tmp_path: Path, change: str, said: str) -> None:
    words = [SSH.replace("ssh,", "ssh,limit=1,retries=0,"), LOCAL]
    capture = make_machine(tmp_path, *words, *([] if change == "net=''" else [NET]))
    assert run(capture, change) == ["save-start", "fail-network", "note-fallback", *SAVED]
    assert said in capture.record()["targets"][0]["reason"]


def test_a_static_address_and_its_gateway(tmp_path: Path) -> None:
    capture = make_machine(tmp_path, SSH, NET)
    run(capture)
    assert (capture.root / "tmp/calls").read_text().splitlines() == [
        "ip link set dev lo up",
        "ip link set dev eth0 up",
        "ip addr add 192.0.2.7/24 dev eth0",
        "ip route add default via 192.0.2.1 dev eth0",
    ]


def test_dhcp(tmp_path: Path) -> None:
    capture = make_machine(tmp_path, SSH, f"kdump.net={servers.MAC},dhcp")
    fake = "case $1 in udhcpc) echo 192.0.2.77 >$LINUX_KDUMP_ADDRESS ;; esac"
    assert run(capture, f"fake_network='{fake}'") == ["save-start", "note-network", *SAVED]
    asked = (capture.root / "tmp/calls").read_text().splitlines()[-1]
    assert asked == f"udhcpc -i eth0 -f -n -q -t 10 -T 2 -s {capture.root}/etc/dhcp"


@pytest.mark.parametrize(
    ("event", "calls"),
    [
        ("deconfig", []),
        (
            "bound",
            [
                "addr flush dev eth0", "addr add 192.0.2.77/25 dev eth0", "route add default via 192.0.2.1 dev eth0",
            ],
        ),
    ],
)  # fmt: skip
def test_what_udhcpc_was_offered_is_taken(tmp_path: Path, event: str, calls: list[str]) -> None:
    (tmp_path / "script").write_text(network.DHCP)
    text = f'ip() {{ echo "$*" >>"{tmp_path}/calls"; }}; set -- {event}; . {tmp_path}/script'
    environment = {
        "interface": "eth0", "ip": "192.0.2.77", "mask": "25", "router": "192.0.2.1 192.0.2.2",
        "LINUX_KDUMP_ADDRESS": str(tmp_path / "address"), "PATH": "/bin:/usr/bin",
    }  # fmt: skip
    # An own variable of the script has the name of the applet.
    subprocess.run(["busybox", "sh", "-c", text], env=environment, check=True, timeout=10)
    found = (tmp_path / "calls").read_text().splitlines() if (tmp_path / "calls").exists() else []
    assert found == calls
    assert (tmp_path / "address").exists() is bool(calls)


def test_an_encrypted_dump_goes_by_its_name(tmp_path: Path) -> None:
    seal = streams.Filter("seal", ".age", "tr a-z A-Z")
    capture = make_machine(tmp_path, SSH, RAW, NET)
    (capture.root / "script").write_text(save_script.compose([streams.part(seal=seal), *servers.PARTS[1:]]))
    assert run(capture) == ["save-start", "note-network", *SAVED]
    assert (received(capture) / "vmcore.age").read_text() == "CORE\n"
    assert (received(capture) / "dmesg.txt.age").read_text() == LOG.upper()


def test_the_watcher_waits_for_every_attempt(tmp_path: Path) -> None:
    limits = "limit_target=10 limit_log=1 limit_core=100 limit_sync=1\n"
    capture = make_machine(tmp_path, LOCAL, SSH, NET)
    once = 10 * 3 + 1 + 100 + 8
    assert capture.shell(f"read_settings; {limits} longest").strip() == str(once * 3)
