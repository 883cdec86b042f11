# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine as the save script sees it, for its tests: busybox runs the script, with stand-ins for what needs root."""

from __future__ import annotations

import json
import shutil
import subprocess
import typing as t
from dataclasses import dataclass
from pathlib import Path

import jsonschema

from ansible_collections.linux.kdump.plugins.module_utils import drill
from ansible_collections.linux.kdump.plugins.module_utils.capture.save import script as save_script
from ansible_collections.linux.kdump.plugins.module_utils.capture.save import settings as save_settings

SCHEMA = json.loads((Path(__file__).parents[6] / "docs/schemas/record.schema.json").read_text())
NONCE = "0123456789abcdef0123456789abcdef"
UUID = "11111111-2222-3333-4444-555555555555"
COMMAND_LINE = f"console=ttyS0 kdump.target=UUID={UUID} kdump.fstype=ext4 kdump.path=/var/crash panic=1"
LOG = f"[    0.0] Linux version 6.1.0\n[    9.1] {drill.NONCE_PREFIX}{NONCE}\n[    9.2] Kernel panic - not syncing\n"

HAS_BUSYBOX = shutil.which("busybox") is not None

#: What the script calls that a test cannot let it do; everything else is the real thing.
STAND_INS = """
# Whoever runs the tests may be root: what would change this very machine is never called, wherever the script does.
for tool in mdev mount umount insmod halt poweroff reboot ip udhcpc; do
    eval "$tool() { echo \\"$tool \\$*\\" >>\\"\\$temporary/calls\\"; }"
done
prepare() { :; }
find_target() { device=/dev/vda; }
load_modules() { :; }
limited() {
    limit=$1
    shift
    case $1 in
        ip | udhcpc) echo "$*" >>"$temporary/calls"; : >"$temporary/out"; eval "${fake_network:-true}" ;;
        mount | umount) echo "$*" >>"$temporary/calls"; : >"$temporary/out"; eval "${fake_mount:-true}" ;;
        sync) : >"$temporary/out" ;;
        *) timeout -k 5 "$limit" "$@" >"$temporary/out" 2>&1 ;;
    esac
}
end() { say "final-action $final"; kill "$watcher"; exit 0; }
"""


@dataclass(frozen=True)
class Capture:
    """A machine as the script sees it, below a folder."""

    root: Path

    @property
    def dumps(self) -> Path:
        """The folder of dumps on the target."""
        return self.root / "target/var/crash"

    def dump(self) -> Path:
        """The one dump."""
        (folder,) = self.dumps.iterdir()
        return folder

    def record(self) -> dict[str, t.Any]:
        """The one dump's record, valid."""
        document = json.loads((self.dump() / "kdump.json").read_text())
        jsonschema.validate(document, SCHEMA)
        return t.cast("dict[str, t.Any]", document)

    def shell(self, commands: str) -> str:
        """Run commands after the script's functions were read in."""
        paths = {
            "proc": "proc", "dev": "no-dev", "sys": "sys", "temporary": "tmp", "etc": "etc", "target": "target",
            "makedumpfile": "makedumpfile",
        }  # fmt: skip
        assignments = "\n".join(f"{name}={self.root}/{path}" for name, path in paths.items())
        text = f". {self.root}/script\n{assignments}\n{STAND_INS}\n{commands}\n"
        done = subprocess.run(
            ["busybox", "sh", "-c", text], capture_output=True, text=True, timeout=60, check=False, cwd=self.root
        )
        return done.stdout + done.stderr

    def run(self, commands: str = "") -> list[str]:
        """The whole script; the tags that it said, in order."""
        said = self.shell(f"{commands}\nmain")
        return [match["tag"] for match in drill.CONSOLE_PATTERN.finditer(said)]

    def tool(self, *, log: str = "", core: str = "") -> None:
        """Make makedumpfile a script; the last argument is the file to write, and with -F there is none."""
        path = self.root / "makedumpfile"
        path.write_text(
            "#!/bin/sh\nfor last; do :; done\n"
            f'if [ "$1" = --dump-dmesg ]; then\n{log or f"cat {self.root}/log"} >"$last"\n'
            f'elif [ "$1" = -F ]; then\n{core or "echo core"}\n'
            f'else\n{core or "echo core"} >"$last"\nfi\n'
        )
        path.chmod(0o755)


def make_capture(tmp_path: Path, *parts: str) -> Capture:
    """A machine whose dump can be saved; its script has these optional parts."""
    for folder in ("proc/sys/kernel/random", "proc/self", "tmp", "etc", "target/var/crash"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "script").write_text(save_script.compose(parts))
    (tmp_path / "log").write_text(LOG)
    (tmp_path / "proc/vmcore").write_bytes(b"\x7fELF\0\0VMCOREINFO\0\0OSRELEASE=6.1.0-9-test\nPAGESIZE=4096\n")
    (tmp_path / "proc/uptime").write_text("3.21 1.00\n")
    (tmp_path / "proc/cmdline").write_text(COMMAND_LINE + "\n")
    (tmp_path / "proc/mounts").write_text(f"rootfs / rootfs rw 0 0\n/dev/vda {tmp_path}/target ext4 rw 0 0\n")
    (tmp_path / "proc/meminfo").write_text("MemTotal: 26288 kB\nMemFree: 9 kB\nMemAvailable: 16288 kB\n")
    (tmp_path / "proc/sys/kernel/random/uuid").write_text("9cbbdce0-2222-3333-4444-555555555555\n")
    (tmp_path / "etc/settings").write_text(save_settings.Settings().text("1.7.2"))
    (tmp_path / "etc/collector").write_text("-l\n-d\n31\n")
    (tmp_path / "etc/modules").write_text("")
    found = Capture(tmp_path)
    found.tool()
    return found
