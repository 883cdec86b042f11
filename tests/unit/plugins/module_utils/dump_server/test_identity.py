# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The key that dumps are sent by, and the server's pinned key; with the real ssh-keygen where it is installed."""

from __future__ import annotations

import base64
import shutil
import subprocess
import typing as t
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.command import Completed, finish
from ansible_collections.linux.kdump.plugins.module_utils.dump_server.identity import produce
from ansible_collections.linux.kdump.plugins.module_utils.dump_server.public_key import KINDS, PublicKey, parse_key
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="no ssh-keygen here")


class RealRunner:
    """Runs commands for real."""

    def run(self, argv: Sequence[str], *, what: str, timeout: int, check: bool = True, **_more: t.Any) -> Completed:
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL, check=False
        )
        return finish(
            Completed(tuple(argv), done.returncode, done.stdout, done.stderr), what=what, timeout=timeout, check=check
        )  # fmt: skip


def made_up(number: int, kind: str = "ssh-ed25519") -> str:
    """A public key that no private one belongs to."""
    blob = len(kind).to_bytes(4, "big") + kind.encode() + bytes([0, 0, 0, 32]) + bytes([number]) * 32
    return f"{kind} {base64.b64encode(blob).decode()} root@server"


def run(path: Path, *, check: bool = False, **change: t.Any) -> dict[str, t.Any]:
    options = {
        "path": str(path), "comment": "web1", "host_names": [], "port": 22, "host_keys": [], "known_hosts": None,
        "accept_changed": False, **change,
    }  # fmt: skip
    return produce(options, runner=RealRunner(), check=check)


def test_a_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "keys/web1/id"
    assert run(path, check=True)["public_key"] is None
    assert not path.parent.exists(), "check mode makes nothing"
    first = run(path)
    assert first["changed"]
    assert path.stat().st_mode & 0o7777 == 0o600
    assert path.parent.stat().st_mode & 0o7777 == 0o700
    assert (tmp_path / "keys/web1/id.pub").read_text().split() == [*first["public_key"].split(), "web1"]
    again = run(path)
    assert not again["changed"]
    assert again["fingerprint"] == first["fingerprint"]
    listed = subprocess.run(["ssh-keygen", "-lf", str(path)], capture_output=True, text=True, check=True).stdout
    assert first["fingerprint"] in listed.split()


def test_no_result_holds_the_private_key(tmp_path: Path) -> None:
    result = run(tmp_path / "id", host_names=["192.0.2.7"], host_keys=[made_up(1)])
    lines = (tmp_path / "id").read_text().splitlines()
    assert not any(line in str(result) for line in lines)


def test_a_key_that_others_can_read_is_closed(tmp_path: Path) -> None:
    run(tmp_path / "id")
    (tmp_path / "id").chmod(0o644)
    assert run(tmp_path / "id", check=True)["changed"]
    mended = run(tmp_path / "id")
    assert mended["changed"] and mended["public_key"]
    assert (tmp_path / "id").stat().st_mode & 0o7777 == 0o600
    assert not run(tmp_path / "id")["changed"]


def test_a_key_without_its_public_half_will_do(tmp_path: Path) -> None:
    first = run(tmp_path / "id")
    (tmp_path / "id.pub").unlink()
    assert run(tmp_path / "id")["public_key"] == first["public_key"]


@pytest.mark.parametrize("content", ["", "not a key\n", "\0\xff"])
def test_what_is_no_key_is_told_and_left(tmp_path: Path, content: str) -> None:
    (tmp_path / "id").write_text(content)
    (tmp_path / "id").chmod(0o600)
    with pytest.raises(KdumpError, match="without a passphrase; move it away"):
        run(tmp_path / "id")
    assert (tmp_path / "id").read_text() == content


def test_a_key_with_a_passphrase_is_refused(tmp_path: Path) -> None:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", str(tmp_path / "id")], check=True
    )  # fmt: skip
    with pytest.raises(KdumpError, match="without a passphrase"):
        run(tmp_path / "id")


@pytest.mark.parametrize(
    ("port", "names", "expected"),
    [
        (22, ["192.0.2.7"], ["192.0.2.7"]),
        (2222, ["192.0.2.7", "dumps"], ["[192.0.2.7]:2222", "[dumps]:2222"]),
    ],
)
def test_the_servers_keys_are_pinned_by_name_and_port(
    tmp_path: Path, port: int, names: list[str], expected: list[str]
) -> None:
    keys = [made_up(1), made_up(2, "ssh-rsa")]
    pinned = run(tmp_path / "id", port=port, host_names=names, host_keys=keys)
    lines = Path(pinned["known_hosts"]).read_text().splitlines()
    assert [line.split()[0] for line in lines] == [name for name in expected for _key in keys]
    assert "root@server" not in str(lines)
    assert not run(tmp_path / "id", port=port, host_names=names, host_keys=list(reversed(keys)))["changed"]
    found = subprocess.run(
        ["ssh-keygen", "-F", expected[0], "-f", pinned["known_hosts"]], capture_output=True, text=True, check=True
    )  # fmt: skip
    assert made_up(1).split()[1] in found.stdout, "ssh finds it"


def test_a_changed_key_is_an_error_with_both_fingerprints(tmp_path: Path) -> None:
    old, new = (parse_key(made_up(number), "a key").fingerprint for number in (1, 2))
    first = run(tmp_path / "id", host_names=["192.0.2.7"], host_keys=[made_up(1)])
    for check in (True, False):
        with pytest.raises(KdumpError, match="accept_changed") as caught:
            run(tmp_path / "id", host_names=["192.0.2.7"], host_keys=[made_up(2)], check=check)
        assert old in caught.value.message and new in caught.value.message
        assert caught.value.facts == {"pinned": old, "found": new}
    assert made_up(1).split()[1] in Path(first["known_hosts"]).read_text(), "nothing was written"
    changed = run(tmp_path / "id", host_names=["192.0.2.7"], host_keys=[made_up(2)], accept_changed=True)
    assert changed["host_fingerprints"] == [new]
    assert made_up(1).split()[1] not in Path(changed["known_hosts"]).read_text()


def test_one_of_several_keys_that_changed_is_named(tmp_path: Path) -> None:
    run(tmp_path / "id", host_names=["a"], host_keys=[made_up(1), made_up(2, "ssh-rsa")])
    with pytest.raises(KdumpError, match=r"\(ssh-rsa\)"):
        run(tmp_path / "id", host_names=["a"], host_keys=[made_up(1), made_up(3, "ssh-rsa")])


def test_other_servers_stay_pinned(tmp_path: Path) -> None:
    shared = str(tmp_path / "known_hosts")
    run(tmp_path / "id", host_names=["a"], host_keys=[made_up(1)], known_hosts=shared)
    run(tmp_path / "id", host_names=["b"], host_keys=[made_up(2)], known_hosts=shared)
    assert [line.split()[0] for line in Path(shared).read_text().splitlines()] == ["a", "b"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"host_names": ["a"]}, "go together"),
        ({"host_keys": [made_up(1)]}, "go together"),
        ({"host_names": ["a b"], "host_keys": [made_up(1)]}, "neither a name nor an address"),
        ({"host_names": ["a\nb"], "host_keys": [made_up(1)]}, "neither a name nor an address"),
        ({"host_names": ["*"], "host_keys": [made_up(1)]}, "neither a name nor an address"),
        ({"host_names": [""], "host_keys": [made_up(1)]}, "neither a name nor an address"),
        ({"host_names": ["a"], "host_keys": ["ssh-ed25519"]}, "no public key"),
        ({"host_names": ["a"], "host_keys": ["ssh-dss AAAAB3NzaC1kc3MAAACBAP"]}, "no public key"),
        ({"host_names": ["a"], "host_keys": [made_up(1)[:-30]]}, "no public key|damaged"),
        ({"host_names": ["a"], "host_keys": [made_up(1, "ssh-rsa").replace("ssh-rsa", "ssh-ed25519")]}, "damaged"),
    ],
)
def test_what_cannot_be_pinned_is_refused(tmp_path: Path, change: dict[str, t.Any], words: str) -> None:
    with pytest.raises(KdumpError, match=words):
        run(tmp_path / "id", **change)
    assert list(tmp_path.iterdir()) == []


@given(
    line=st.text(max_size=80)
    | st.sampled_from(KINDS).flatmap(lambda kind: st.text(max_size=60).map(f"{kind} ".__add__))
)
def test_any_text_is_a_key_or_a_clear_error(line: str) -> None:
    try:
        key = parse_key(line, "the key")
    except KdumpError as error:
        assert error.message.startswith("Cannot use the key: ")
    else:
        assert parse_key(key.line, "the key") == key


def test_the_fingerprint_is_that_of_ssh_keygen(tmp_path: Path) -> None:
    (tmp_path / "k.pub").write_text(made_up(7) + "\n")
    listed = subprocess.run(
        ["ssh-keygen", "-lf", str(tmp_path / "k.pub")], capture_output=True, text=True, check=True
    )  # fmt: skip
    assert PublicKey(*made_up(7).split()[:2]).fingerprint == listed.stdout.split()[1]
