# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine with every kind of target, and servers that do what a test tells them to."""

from __future__ import annotations

import sys
from pathlib import Path

from ansible_collections.linux.kdump.plugins.module_utils.capture.save import (
    network,
    streams,
    target_list,
    target_nfs,
    target_raw,
    target_ssh,
    target_stream,
)
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.capture.save.machine import (
    UUID,
    Capture,
    make_capture,
)

PARTS = (
    streams.part(files=False), target_list.LIST, target_stream.STREAM, network.NETWORK, target_raw.RAW, target_ssh.SSH,
    target_nfs.NFS,
)  # fmt: skip
MAC = "52:54:00:12:34:56"
PARTUUID = "8c1db1e1-02"
NET = f"kdump.net={MAC},192.0.2.7/24,192.0.2.1"
LOCAL = f"kdump.target=local,UUID={UUID},ext4,/var/crash"
RAW = f"kdump.target=raw,PARTUUID={PARTUUID}"
SSH = "kdump.target=ssh,kdump@192.0.2.9:22,web1"
NFS = "kdump.target=nfs,4,192.0.2.8:2049,/srv/dumps,/"

#: As a client that has reached the server's receiver: the last argument is the command. The trailer is checked.
RECEIVER = r"""
for last; do :; done
set -- $last
[ "$1" = kdump-receive ] || exit 9
folder=$root/server/$4/$2
mkdir -p "$folder"
file=$folder/$3
cat >"$file.incomplete"
bytes=$(($(stat -c %s "$file.incomplete") - 82))
trailer=$(tail -c 81 "$file.incomplete")
head -c "$bytes" "$file.incomplete" >"$file.body" 2>/dev/null || :
digest=$(sha256sum <"$file.body" | head -c 64)
if [ "$trailer" = "linux.kdump-end $digest" ]; then
    mv "$file.body" "$file"
    rm "$file.incomplete"
    echo "ok $bytes $digest"
else
    rm -f "$file.body"
    echo "error incomplete no trailer"
    exit 1
fi
"""

_RECEIVE = Path(__file__).resolve().parents[6] / "roles/dump_server/files/receive.py"
#: The receiver of the role dump_server, as sshd calls it, as a function.
REAL_RECEIVER = f"""
for last; do :; done
receive() {{
    SSH_ORIGINAL_COMMAND=$last {sys.executable} -IS {_RECEIVE} \\
        -c "root=$root/srv client=web1 folder=web1 largest=100000000 quota=100000000 floor=0"
}}
"""


def make_machine(tmp_path: Path, *words: str) -> Capture:
    """A machine with these words on its command line, an interface, a prepared partition and a server that answers."""
    capture = make_capture(tmp_path, *PARTS)
    (tmp_path / "proc/cmdline").write_text(" ".join(["console=ttyS0", *words, "panic=1"]))
    (tmp_path / "etc/known_hosts").write_text("192.0.2.9 ssh-ed25519 AAAAC3Nz\n")
    (tmp_path / "sys/class/net/eth0").mkdir(parents=True)
    (tmp_path / "sys/class/net/eth0/address").write_text(f"{MAC}\n")
    (tmp_path / "sys/class/net/eth0/carrier").write_text("1\n")
    (tmp_path / "sys/class/block/vdb1").mkdir(parents=True)
    (tmp_path / "sys/class/block/vdb2").mkdir(parents=True)
    # What cannot be written to: what the script says is to come on standard output.
    (tmp_path / "dev/kmsg").mkdir(parents=True)
    (tmp_path / "dev/vdb1").write_bytes(b"\xeb\x63\x90" + b"\0" * 8000)
    prepare(tmp_path / "dev/vdb2")
    server(capture)
    return capture


def prepare(path: Path, partuuid: str = PARTUUID) -> None:
    """A partition as the host prepared it."""
    header = f"{target_raw.MAGIC}\npartuuid={partuuid}\nstate=empty\n".encode()
    path.write_bytes(header.ljust(target_raw.HEADER_BYTES, b"\0") + b"old" * 100000)


def server(capture: Capture, text: str = RECEIVER, *, first: str = "") -> None:
    """Make the ssh client one that does this; ``first`` is done before it."""
    path = capture.root / "dbclient"
    path.write_text(f'#!/bin/sh\nroot={capture.root}\necho "$*" >>"$root/connections"\n{first}\n{text}\n')
    path.chmod(0o755)


#: The clock stands still but for what the script sleeps, ten times as long as it is told to, so that no test waits.
CLOCK = """
sleep() {
    read -r at _ <"$proc/uptime"
    echo "$((${at%.*} + 10)).00 1.00" >"$proc/uptime"
}
watch() { :; }
echo 26288 10000 >"$temporary/memory"
"""


def run(capture: Capture, commands: str = "") -> list[str]:
    """The whole script; the tags that it said, in order."""
    return capture.run(f"dev=$sys/../dev ssh_client={capture.root}/dbclient\n{CLOCK}{commands}")


def header(capture: Capture) -> dict[str, str]:
    """What the partition's header says."""
    text = (capture.root / "dev/vdb2").read_bytes()[: target_raw.HEADER_BYTES].rstrip(b"\0").decode()
    first, *lines = text.splitlines()
    assert first == target_raw.MAGIC
    return dict(line.partition("=")[::2] for line in lines)


def received(capture: Capture) -> Path:
    """The one dump that the server has."""
    (folder,) = (capture.root / "server/web1").iterdir()
    return folder
