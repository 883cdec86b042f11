# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of what each kind of target adds to the image, and that nothing is added unasked."""

from __future__ import annotations

import gzip
import json
import stat
import typing as t
from pathlib import Path

import jsonschema
import pytest

from ansible_collections.linux.kdump.plugins.module_utils.capture.initramfs import image as initramfs
from ansible_collections.linux.kdump.plugins.module_utils.capture.initramfs import newc, ssh_key
from ansible_collections.linux.kdump.plugins.module_utils.capture.save import (
    network,
    target_nfs,
    target_raw,
    target_ssh,
    target_stream,
)
from ansible_collections.linux.kdump.plugins.module_utils.capture.save import script as save_script
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.tests.unit.fakes import FakeRunner
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.capture.initramfs import elves, test_ssh_key

SCHEMA = json.loads((Path(__file__).parents[6] / "docs/schemas/manifest.schema.json").read_text())
MORE = (*target_stream.APPLETS, *network.APPLETS, *target_raw.APPLETS, *target_ssh.APPLETS)
CLIENT = b"SSH-2.0-dropbear_2022.83\0Host '%s' is not in the trusted hosts file.\0"


@pytest.fixture
def options(tmp_path: Path) -> dict[str, t.Any]:
    """The module's options, with tools made for the test."""
    features = {"lzo": True, "snappy": False, "zstd": True}
    (tmp_path / "key").write_text(test_ssh_key.openssh())
    (tmp_path / "known_hosts").write_text("[192.0.2.9]:2222 ssh-ed25519 AAAAC3Nz\n")
    return {
        "path": str(tmp_path / "image"),
        "busybox": elves.write(tmp_path, "tools/busybox", payload=elves.busybox_payload((*save_script.APPLETS, *MORE))),
        "makedumpfile": elves.write(tmp_path, "tools/makedumpfile", payload=elves.makedumpfile_payload(features)),
        "collector": None, "final_action": "reboot", "limits": {}, "modules": [], "module_tree": None,
        "compression": "gzip", "ssh_client": elves.write(tmp_path, "tools/dbclient", payload=CLIENT),
    }  # fmt: skip


@pytest.fixture
def secrets(tmp_path: Path) -> dict[str, str]:
    """The files of a host's key and of its server's."""
    return {"ssh_key": str(tmp_path / "key"), "ssh_known_hosts": str(tmp_path / "known_hosts")}


def build(options: dict[str, t.Any], runner: FakeRunner, **more: t.Any) -> dict[str, newc.Member]:
    """An image's members; the manifest is checked on the way."""
    result = initramfs.build(initramfs.request({**options, **more}), runner, check_mode=False)
    jsonschema.validate(result["manifest"], SCHEMA)
    members = newc.read(gzip.decompress(Path(result["path"]).read_bytes()))
    return {member.path: member for member in members}


def test_unasked_nothing_is_added(options: dict[str, t.Any], runner: FakeRunner) -> None:
    members = build(options, runner)
    assert members["init"].data.decode() == save_script.SCRIPT
    assert {f"bin/{applet}" for applet in MORE} & set(members) == set()
    assert {network.DHCP_PATH, target_ssh.CLIENT_PATH, target_ssh.KEY_PATH} & set(members) == set()
    assert "targets" not in json.loads(Path(f"{options['path']}.json").read_text())


@pytest.mark.parametrize(
    ("kinds", "there", "not_there"),
    [
        (["local"], [], [target_stream.STREAM, network.NETWORK, target_raw.RAW, target_ssh.SSH, target_nfs.NFS]),
        (["local", "raw"], [target_stream.STREAM, target_raw.RAW], [network.NETWORK, target_ssh.SSH]),
        (["nfs"], [network.NETWORK, target_nfs.NFS], [target_stream.STREAM, target_raw.RAW]),
    ],
)
def test_each_kind_brings_its_own_part(
    options: dict[str, t.Any], runner: FakeRunner, kinds: list[str], there: list[str], not_there: list[str]
) -> None:
    script = build(options, runner, targets=kinds)["init"].data.decode()
    assert all(part in script for part in there)
    assert not any(part in script for part in not_there)
    assert Path(options["path"]).stat().st_mode & 0o777 == 0o644
    assert json.loads(Path(f"{options['path']}.json").read_text())["targets"] == kinds


def test_a_disk_is_written_to_as_ever_where_a_server_takes_a_stream(
    options: dict[str, t.Any], runner: FakeRunner, secrets: dict[str, str]
) -> None:
    script = build(options, runner, targets=["ssh", "local"], **secrets)["init"].data.decode()
    assert script.count("\nwrite_core() {") == 1
    assert script.count("\ncore_stream() {") == 1


def test_ssh_brings_client_key_and_pinned_keys_for_the_owner_only(
    options: dict[str, t.Any], runner: FakeRunner, secrets: dict[str, str]
) -> None:
    members = build(options, runner, targets=["ssh"], **secrets)
    assert members[target_ssh.CLIENT_PATH].mode & 0o111
    assert members[target_ssh.KNOWN_HOSTS_PATH].data == b"[192.0.2.9]:2222 ssh-ed25519 AAAAC3Nz\n"
    for path in (target_ssh.KEY_PATH, target_ssh.KNOWN_HOSTS_PATH):
        assert stat.S_IMODE(members[path].mode) == 0o600
    assert Path(options["path"]).stat().st_mode & 0o777 == 0o600
    manifest = json.loads(Path(f"{options['path']}.json").read_text())
    assert manifest["ssh_client"] == "dropbear 2022.83"
    assert manifest["ssh_key"] == ssh_key.fingerprint(members[target_ssh.KEY_PATH].data)
    assert members[network.DHCP_PATH].mode & 0o111


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"targets": ["ssh"]}, "ssh_key is not given"),
        ({"targets": ["ssh"], "ssh_key": "key"}, "ssh_known_hosts is not given"),
        ({"targets": ["nfs"], "ssh_key": "key"}, "Cannot use an ssh key without targets of kind ssh"),
        ({"ssh_known_hosts": "known_hosts"}, "Cannot use an ssh key without targets of kind ssh"),
        (
            {"targets": ["ssh"], "ssh_key": "/no/key", "ssh_known_hosts": "/no/hosts"},
            "Cannot put /no/hosts into the initramfs: No such file",
        ),
    ],
)
def test_what_cannot_be_put_in(
    options: dict[str, t.Any], runner: FakeRunner, more: dict[str, t.Any], said: str
) -> None:
    with pytest.raises(KdumpError, match=said):
        build(options, runner, **more)


def test_a_client_that_is_not_dropbears_is_refused(
    tmp_path: Path, options: dict[str, t.Any], runner: FakeRunner, secrets: dict[str, str]
) -> None:
    other = elves.write(tmp_path, "tools/ssh", payload=b"OpenSSH_9.2p1")
    with pytest.raises(KdumpError, match="it is not dropbear's dbclient"):
        build({**options, "ssh_client": other}, runner, targets=["ssh"], **secrets)
    with pytest.raises(KdumpError, match="package dropbear-bin on Debian"):
        build({**options, "ssh_client": str(tmp_path / "none")}, runner, targets=["ssh"], **secrets)
