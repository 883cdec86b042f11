# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One client of a dump server: what is written for it, and what is refused."""

from __future__ import annotations

import concurrent.futures
import getpass
import os
import pwd
import shutil
import typing as t
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.dump_server import client as clients
from ansible_collections.linux.kdump.plugins.module_utils.dump_server.client import produce
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.dump_server.test_identity import made_up
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.dump_server.test_public_key import private_file

ME = getpass.getuser()


class Server:
    """The files of a dump server."""

    def __init__(self, root: Path) -> None:
        self.root = root / "dumps"
        self.etc = root / "etc"
        self.exports = self.etc / "exports.d"
        for folder in (self.root, self.exports):
            folder.mkdir(parents=True)
        (self.etc / "ssh_host_rsa_key.pub").write_text(made_up(101, "ssh-rsa"))
        (self.etc / "ssh_host_ed25519_key.pub").write_text(made_up(102))

    def run(self, name: str = "web1", *, check: bool = False, **change: t.Any) -> dict[str, t.Any]:
        options = {
            "name": name, "state": "present", "public_key": made_up(1), "addresses": [], "nfs": False, "folder": None,
            "largest": "1G", "quota": "2G", "floor": "64M", "root": str(self.root), "owner": ME,
            "authorized_keys": str(self.etc / "authorized_keys"), "exports": str(self.exports),
            "host_keys": str(self.etc / "ssh_host_*_key.pub"), **change,
        }  # fmt: skip
        return produce(options, check=check)

    @property
    def lines(self) -> list[str]:
        return (self.etc / "authorized_keys").read_text().splitlines()


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


def test_a_client_gets_a_line_and_a_folder(server: Server) -> None:
    foretold = server.run(check=True)
    assert foretold["changed"]
    assert not (server.root / "web1").exists()
    made = server.run()
    assert made["diff"] == foretold["diff"]
    kind, blob = made_up(1).split()[:2]
    settings = f"root={server.root} client=web1 folder=web1 largest={1 << 30} quota={2 << 30} floor={64 << 20}"
    assert server.lines == [f'restrict,command="{settings}" {kind} {blob} web1']
    assert (server.root / "web1").stat().st_mode & 0o7777 == 0o700
    assert (server.etc / "authorized_keys").stat().st_mode & 0o7777 == 0o644, "sshd reads it as the account"
    assert not server.run()["changed"]
    assert not made["exports_changed"]


def test_it_comes_from_its_addresses_only(server: Server) -> None:
    server.run(addresses=["192.0.2.7", "2001:db8::/32"])
    assert server.lines[0].startswith('restrict,from="192.0.2.7,2001:db8::/32",command="')


def test_the_servers_own_keys_are_told_the_strongest_first(server: Server) -> None:
    expected = [" ".join(line.split()[:2]) for line in (made_up(102), made_up(101, "ssh-rsa"))]
    assert server.run()["host_keys"] == server.run(check=True)["host_keys"] == expected


def test_a_key_that_nobody_takes_any_longer_is_not_told(server: Server) -> None:
    expected = server.run(check=True)["host_keys"]
    (server.etc / "ssh_host_dsa_key.pub").write_text("ssh-dss AAAAB3NzaC1kc3MAAACBAKkeyblob root@old\n")
    assert server.run()["host_keys"] == expected


def test_a_server_with_nothing_but_private_files_tells_its_keys_too(server: Server) -> None:
    expected = server.run(check=True)["host_keys"]
    public = server.etc / "ssh_host_ed25519_key.pub"
    (server.etc / "ssh_host_ed25519_key").write_text(private_file(public.read_text()))
    public.unlink()
    assert server.run()["host_keys"] == expected
    # where there is a file of it, that counts
    (server.etc / "ssh_host_rsa_key").write_text(private_file(made_up(103, "ssh-rsa")))
    (server.etc / "ssh_host_dsa_key").write_text(
        "-----BEGIN DSA PRIVATE KEY-----\nMIIB\n-----END DSA PRIVATE KEY-----\n"
    )
    assert server.run()["host_keys"] == expected


def test_whoever_could_not_pin_the_server_is_not_let_in(server: Server) -> None:
    (server.etc / "ssh_host_ed25519_key.pub").write_text("ssh-ed25519 damaged\n")
    with pytest.raises(KdumpError, match="no public key of ssh"):
        server.run()
    assert server.run(state="absent")["host_keys"] == []
    for path in server.etc.glob("*.pub"):
        path.unlink()
    with pytest.raises(KdumpError, match=r"Cannot let web1 in by ssh: .* has no key of the server .* ssh-keygen -A"):
        server.run()
    assert not (server.etc / "authorized_keys").exists()
    assert list(server.root.iterdir()) == []
    assert server.run(check=True)["host_keys"] == [], "sshd may not have been installed yet"
    assert server.run(public_key=None, nfs=True, addresses=["192.0.2.7"])["changed"], "who comes by NFS pins nothing"
    assert server.run(state="absent", public_key=None)["changed"]


def test_an_export_is_a_file_of_its_own_and_whoever_writes_is_the_account(server: Server) -> None:
    made = server.run(public_key=None, nfs=True, addresses=["192.0.2.7", "192.0.2.8"])
    me = pwd.getpwnam(ME)
    options = f"(rw,sync,no_subtree_check,all_squash,anonuid={me.pw_uid},anongid={me.pw_gid})"
    text = (server.exports / "linux-kdump-web1.exports").read_text()
    assert text == f"{server.root}/web1 192.0.2.7{options} 192.0.2.8{options}\n"
    assert made["exports_changed"]
    assert not server.run(public_key=None, nfs=True, addresses=["192.0.2.7", "192.0.2.8"])["changed"]
    assert server.lines == []
    without = server.run(nfs=False)
    assert without["exports_changed"]
    assert list(server.exports.iterdir()) == []


def test_who_goes_leaves_the_dumps_and_the_others(server: Server) -> None:
    server.run("web1", nfs=True, addresses=["192.0.2.7"])
    server.run("web2", public_key=made_up(2))
    (server.root / "web1/vmcore").write_text("dump")
    gone = server.run("web1", state="absent", public_key=None)
    assert gone["changed"] and gone["exports_changed"]
    assert [line.rpartition(" ")[2] for line in server.lines] == ["web2"]
    assert (server.root / "web1/vmcore").exists()
    assert not server.run("web1", state="absent", public_key=None)["changed"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_who_comes_back_has_the_dumps_again_that_became_roots(server: Server) -> None:
    """The role with state absent gives everything to root."""
    server.run(folder="rack/web1", owner="nobody")
    (server.root / "rack/web1/.lock").write_text("")
    (server.root / "rack/web1/id").mkdir()
    (server.root / "rack/web1/id/link").symlink_to(server.etc)
    theirs = [server.root / name for name in ("rack", "rack/web1", "rack/web1/.lock", "rack/web1/id", "rack/other")]
    theirs[-1].mkdir()
    for path in theirs:
        os.chown(path, 0, 0)
    assert server.run(folder="rack/web1", owner="nobody", check=True)["changed"]
    assert (server.root / "rack").stat().st_uid == 0
    done = server.run(folder="rack/web1", owner="nobody")
    assert done["changed"]
    account = pwd.getpwnam("nobody").pw_uid
    assert [path.stat().st_uid for path in theirs] == [account] * 4 + [0], "the others' come with them"
    assert (server.root / "rack/web1/id/link").lstat().st_uid == account
    assert server.etc.stat().st_uid == 0
    assert not server.run(folder="rack/web1", owner="nobody")["changed"]


def test_nobody_else_gets_into_a_folder_that_was_opened(server: Server) -> None:
    server.run()
    (server.root / "web1").chmod(0o755)
    again = server.run()
    assert again["changed"]
    assert [again["diff"][when]["folders"] for when in ("before", "after")] == [
        [f"{server.root}/web1 {ME} 0755"], [f"{server.root}/web1 {ME} 0700"],
    ]  # fmt: skip
    assert (server.root / "web1").stat().st_mode & 0o7777 == 0o700


def test_who_was_never_there_goes_without_a_trace(server: Server) -> None:
    shutil.rmtree(server.etc)
    assert not server.run(state="absent", public_key=None)["changed"]
    assert not server.etc.exists()


def test_a_new_key_takes_the_place_of_the_old_one(server: Server) -> None:
    for number, name in enumerate(["web1", "web2", "web3"], start=1):
        server.run(name, public_key=made_up(number))
    assert server.run("web2", public_key=made_up(9))["changed"]
    assert [line.rpartition(" ")[2] for line in server.lines] == ["web1", "web2", "web3"]
    assert made_up(9).split()[1] in server.lines[1]


def test_lines_of_others_are_left_alone(server: Server) -> None:
    (server.etc / "authorized_keys").write_text("# by hand\nssh-ed25519 AAAA somebody\n")
    server.run()
    assert server.lines[:2] == ["# by hand", "ssh-ed25519 AAAA somebody"]
    server.run(state="absent")
    assert server.lines == ["# by hand", "ssh-ed25519 AAAA somebody"]


def test_two_clients_share_no_key(server: Server) -> None:
    server.run("web1")
    with pytest.raises(KdumpError, match="it is that of web1"):
        server.run("web2")
    assert len(server.lines) == 1


def test_a_root_behind_a_symbolic_link_is_called_by_its_own_name(server: Server, tmp_path: Path) -> None:
    """The receiver goes by none."""
    (tmp_path / "link").symlink_to(server.root)
    (tmp_path / "blank").symlink_to(tmp_path / "a b")
    made = server.run(root=str(tmp_path / "link"), nfs=True, addresses=["192.0.2.7"])
    assert made["path"] == f"{server.root}/web1"
    assert f'command="root={server.root} client=web1 ' in server.lines[0]
    assert (server.exports / "linux-kdump-web1.exports").read_text().startswith(f"{server.root}/web1 ")
    assert not server.run(nfs=True, addresses=["192.0.2.7"])["changed"]
    keys = server.etc / "authorized_keys"
    keys.write_text(keys.read_text().replace(str(server.root), str(tmp_path / "link")))
    with pytest.raises(KdumpError, match=f"web1 has {server.root}/web1, and"):
        server.run("web2", folder="web1", public_key=made_up(2))
    with pytest.raises(KdumpError, match="is no plain path"):
        server.run(root=str(tmp_path / "blank"))


def test_whatever_is_in_the_way_of_a_clients_folder_is_refused(server: Server) -> None:
    outside = server.etc.stat()
    (server.root / "link").symlink_to(server.etc)
    (server.root / "file").write_text("")
    for folder in ("link", "link/web1", "file", "file/web1"):
        for check in (True, False):
            with pytest.raises(KdumpError, match="is there and is no folder of its own"):
                server.run(folder=folder, check=check)
    assert (server.etc.stat().st_mode, server.etc.stat().st_uid) == (outside.st_mode, outside.st_uid)
    assert not (server.etc / "authorized_keys").exists()


@pytest.mark.parametrize(("mine", "theirs"), [("rack", "rack/web2"), ("rack/web1", "rack"), ("same", "same")])
def test_no_folder_is_inside_anothers(server: Server, mine: str, theirs: str) -> None:
    server.run("web2", folder=theirs)
    with pytest.raises(KdumpError, match="must not reach another's dumps"):
        server.run("web1", folder=mine, public_key=made_up(2))
    assert server.run("web3", folder="rack1", public_key=made_up(3))["changed"], "the same beginning is no matter"


@pytest.mark.parametrize("theirs", [{"nfs": True, "public_key": None}, {}, {"nfs": True}], ids=["nfs", "ssh", "both"])
@pytest.mark.parametrize("mine", [{"nfs": True, "public_key": None}, {"public_key": made_up(2)}], ids=["nfs", "ssh"])
@pytest.mark.parametrize(("folder", "other"), [("same", "same"), ("rack", "rack/web2"), ("rack/web1", "rack")])
def test_nor_by_whatever_way_each_of_them_comes(
    server: Server, folder: str, other: str, mine: dict[str, t.Any], theirs: dict[str, t.Any]
) -> None:
    server.run("web2", folder=other, addresses=["192.0.2.2"], **theirs)
    with pytest.raises(KdumpError, match=rf"web2 has {server.root}/{other}, and one client must not reach"):
        server.run("web1", folder=folder, addresses=["192.0.2.1"], **mine)
    assert not list(server.exports.glob("*web1*"))
    assert not server.run("web2", folder=other, addresses=["192.0.2.2"], **theirs)["changed"], "its own is no matter"


def test_a_folder_may_be_deep(server: Server) -> None:
    made = server.run(folder="berlin/rack7/web1")
    assert made["path"] == str(server.root / "berlin/rack7/web1")
    assert (server.root / "berlin/rack7/web1").is_dir()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "a b"}, "client's name"), ({"name": 'a"b'}, "client's name"), ({"name": ".."}, "client's name"),
        ({"name": ""}, "client's name"), ({"name": "a\nb"}, "client's name"), ({"name": "a,b"}, "client's name"),
        ({"folder": "../x"}, "client's folder"), ({"folder": "/x"}, "client's folder"), ({"folder": "a//b"}, "folder"),
        ({"folder": "a b"}, "client's folder"), ({"folder": "/".join("abcdefghi")}, "client's folder"),
        ({"root": "dumps"}, "absolute path"), ({"root": "/a b"}, "absolute path"), ({"root": '/a"'}, "absolute path"),
        ({"addresses": ["web1.example.com"]}, "Cannot let a client in from 'web1.example.com'"),
        ({"addresses": ["192.0.2.1/24"]}, "has host bits set"), ({"addresses": ["*"]}, "Cannot let a client in"),
        ({"addresses": ['1.2.3.4",command="sh']}, "Cannot let a client in"),
        ({"nfs": True}, "Give its addresses"), ({"public_key": "AAAA"}, "no public key"),
        ({"public_key": 'command="sh" ' + made_up(1)}, "no public key"), ({"largest": "much"}, "largest"),
        ({"owner": "no-such-account"}, "no account no-such-account"),
    ],
)  # fmt: skip
def test_what_no_client_can_have_is_refused(server: Server, change: dict[str, t.Any], words: str) -> None:
    with pytest.raises(KdumpError, match=words):
        server.run(**change)
    assert list(server.root.iterdir()) == []


@given(name=st.text(max_size=30), folder=st.text(max_size=30) | st.none(), address=st.text(max_size=30))
def test_whatever_is_written_is_one_line_with_one_command(name: str, folder: str | None, address: str) -> None:
    options = {
        "name": name, "state": "present", "public_key": made_up(1), "addresses": [address], "nfs": True,
        "folder": folder, "largest": "1G", "quota": "1G", "floor": "1G", "root": "/srv/kdump", "owner": ME,
        "authorized_keys": "/none", "exports": "/none",
    }  # fmt: skip
    try:
        wanted = clients.desired(options)
    except KdumpError as error:
        assert error.message.startswith("Cannot ")
        return
    line = clients.authorized_line(wanted, wanted.key) if wanted.key else ""
    assert line.count('"') == 4 and line.count("command=") == 1 and line.isprintable()
    assert clients.export_text(wanted, uid=1, gid=1).count("\n") == 1


def test_many_at_once_lose_nobody(server: Server) -> None:
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        runs = [pool.submit(server.run, f"web{number}", public_key=made_up(number)) for number in range(16)]
    assert all(run.result()["changed"] for run in runs)
    assert len(server.lines) == 16
    assert len(os.listdir(server.root)) == 16
