# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of the role deploy costs where nothing has to be done, beside a list of tasks as peers write it.

    sudo python tests/benchmarks/deploy_cost.py [--hosts 20] [--runs 3]

All hosts are this machine, over local connections and in a mount namespace of its own: /boot, GRUB's files, what the
role installs and what the kernel says about kexec are copies or stand-ins; systemctl and kexec pretend. The modules
are the real ones. The other list is ten module executions in the shape of a role that sets up a distribution's kdump:
package, reservation, folder, configuration, command line, boot entries, defaults, service; each finds what it wants.
Facts are gathered by neither. The runs alternate, so that whatever else the machine does meets both.

Ends with 1 where the role executed more than four modules on a host, or changed anything.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import typing as t
from dataclasses import dataclass

ROOT: t.Final = pathlib.Path(__file__).resolve().parents[2]
CALLBACKS: t.Final = ROOT / "tests/benchmarks/deploy/callback_plugins"
SCRATCH: t.Final = ROOT / "tests/integration/targets/crashkernel/files/scratch.sh"
MOST: t.Final = 4
LIMIT: t.Final = 1800
RESERVED: t.Final = 64 << 20
UUID: t.Final = "0a1b2c3d-0000-4000-8000-000000000000"
#: Where things are written; each gets a layer of its own.
WRITTEN: t.Final = (
    "/etc/systemd/system", "/etc/sysctl.d", "/etc/udev/rules.d", "/etc/kernel", "/usr/local/lib", "/usr/sbin",
    "/var/lib",
)  # fmt: skip
SYSTEMCTL: t.Final = """#!/bin/sh
case "$*" in
    show*) printf 'LoadState=loaded\\nActiveState=active\\nSubState=exited\\nUnitFileState=enabled\\n' ;;
    is-system-running) echo running ;;
    is-enabled*) echo enabled ;;
    'reload-or-restart linux-kdump.service') /usr/local/lib/linux-kdump/load load ;;
esac
"""
KEXEC: t.Final = "#!/bin/sh\necho 1 >/sys/kernel/kexec_crash_loaded\n"

#: Both find the same: memory reserved, a folder for dumps, a service that is enabled.
PEERS: t.Final = [
    {"name": "Package", "ansible.builtin.command": {"cmd": "dpkg-query --show kexec-tools"}, "changed_when": False},
    {"name": "Kernel", "ansible.builtin.stat": {"path": "/sys/kernel/kexec_crash_size"}},
    {"name": "Reservation", "ansible.builtin.slurp": {"src": "/sys/kernel/kexec_crash_size"}},
    {"name": "Folder", "ansible.builtin.file": {"path": "/var/crash", "state": "directory", "mode": "0700"}},
    {"name": "Configuration", "ansible.builtin.copy": {
        "dest": "/etc/systemd/system/peer.conf", "content": "path /var/crash\n", "mode": "0644"}},
    {"name": "Command line", "ansible.builtin.command": {"cmd": "cat /proc/cmdline"}, "changed_when": False},
    {"name": "Boot entries", "ansible.builtin.command": {"cmd": "grep crashkernel= /boot/grub/grub.cfg"},
     "changed_when": False},
    {"name": "Defaults", "ansible.builtin.lineinfile": {
        "path": "/etc/default/grub", "line": 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"'}},
    {"name": "Service", "ansible.builtin.systemd_service": {
        "name": "kdump.service", "enabled": True, "state": "started"}},
]  # fmt: skip
OURS: t.Final = [{"name": "Deploy", "ansible.builtin.include_role": {"name": "linux.kdump.deploy"}}]


@dataclass(frozen=True)
class Sample:
    """One run: seconds by the clock and of the processors, modules a host, hosts on which something was changed."""

    wall: float
    cpu: float
    executed: int
    changed: int


def mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True)


def stand_in(place: str, text: str, folder: pathlib.Path, *, mode: int = 0o755) -> None:
    """Put a file in the place of another one, or of none: a machine without kexec-tools has none there."""
    file = folder / place.strip("/").replace("/", "_")
    file.write_text(text)
    file.chmod(mode)
    if os.path.exists(place):
        mount("--bind", str(file), place)
    else:
        shutil.copy(file, place)  # the folder has a layer of its own


def pretend(folder: pathlib.Path) -> None:
    """Make this machine, within its mount namespace, one whose kernel has reserved memory."""
    layers = folder / "layers"
    layers.mkdir()
    mount("-t", "tmpfs", "layers", str(layers))
    for place in WRITTEN:
        upper, work = (layers / kind / place.strip("/").replace("/", "_") for kind in ("upper", "work"))
        upper.mkdir(parents=True)
        work.mkdir(parents=True)
        os.makedirs(place, exist_ok=True)
        mount("-t", "overlay", "overlay", "-o", f"lowerdir={place},upperdir={upper},workdir={work}", place)
    mount("-t", "tmpfs", "kernel", "/sys/kernel")
    pathlib.Path("/sys/kernel/kexec_crash_size").write_text(f"{RESERVED}\n")
    pathlib.Path("/sys/kernel/kexec_crash_loaded").write_text("0\n")
    stand_in("/proc/cmdline", "BOOT_IMAGE=/boot/vmlinuz root=/dev/vda1 ro crashkernel=64M\n", folder, mode=0o444)
    stand_in("/usr/bin/systemctl", SYSTEMCTL, folder)
    stand_in("/usr/sbin/kexec", KEXEC, folder)
    dumps = folder / "dumps"
    dumps.mkdir(mode=0o700)
    os.makedirs("/var/crash", exist_ok=True)
    mount("--bind", str(dumps), "/var/crash")
    os.makedirs("/dev/disk/by-uuid", exist_ok=True)
    mount("-t", "tmpfs", "uuids", "/dev/disk/by-uuid")
    find = ["findmnt", "-nvo", "SOURCE", "--target", str(dumps)]
    device = subprocess.run(find, capture_output=True, text=True, check=True)
    pathlib.Path(f"/dev/disk/by-uuid/{UUID}").symlink_to(f"../../{pathlib.Path(device.stdout.strip()).name}")


def write_plays(folder: pathlib.Path, hosts: int) -> None:
    """The two playbooks, their inventory and the images."""
    for name, text in (("kernel", "a kernel\n"), ("initramfs", "an initramfs\n")):
        (folder / name).write_text(text)
    names = "".join(f"host{number} ansible_connection=local\n" for number in range(hosts))
    (folder / "ansible.cfg").write_text("")
    (folder / "hosts").write_text(f"{names}[all:vars]\nansible_python_interpreter=/usr/bin/python3\n")
    images = {
        "kdump_capture_kernel": {"image": str(folder / "kernel")},
        "kdump_capture_initramfs": {"path": str(folder / "initramfs")},
    }
    for name, tasks in (("ours", OURS), ("peers", PEERS)):
        play = [{"name": name, "hosts": "all", "gather_facts": False, "vars": images, "tasks": tasks}]
        (folder / f"{name}.yml").write_text(json.dumps(play))


def run(folder: pathlib.Path, name: str, hosts: int, *, limit: str = "all") -> Sample:
    """One run of a playbook; its failure ends the benchmark."""
    log = folder / "modules"
    log.unlink(missing_ok=True)
    environment = {
        **os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".tree"), "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS), "ANSIBLE_CALLBACKS_ENABLED": "count_modules",
        "MODULE_LOG": str(log), "ANSIBLE_PIPELINING": "1",
    }  # fmt: skip
    ansible = str(pathlib.Path(sys.executable).with_name("ansible-playbook"))
    argv = [ansible, "-i", str(folder / "hosts"), str(folder / f"{name}.yml"), "--limit", limit]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=LIMIT, check=False)
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{done.stdout[-6000:]}\n{done.stderr[-2000:]}")
    cpu = (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
    executed = len(log.read_text().splitlines()) / hosts
    changed = len(re.findall(r"changed=[1-9]", done.stdout))
    return Sample(wall, cpu, round(executed), changed)


def benchmark(folder: pathlib.Path, hosts: int, runs: int) -> int:
    pretend(folder)
    write_plays(folder, hosts)
    for name in ("ours", "peers"):  # once for real
        run(folder, name, 1, limit="host0")
    samples: dict[str, list[Sample]] = {"ours": [], "peers": []}
    for _round in range(runs):
        for name, found in samples.items():
            found.append(run(folder, name, hosts))
            print(f"{name}: {found[-1]}", file=sys.stderr, flush=True)
    print(f"{hosts} hosts, {runs} runs each, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs at the end\n")
    print("| | module executions a host | changed hosts | wall, s | CPU, s |\n| --- | --- | --- | --- | --- |")
    for name, found in samples.items():
        wall, cpu = (min(getattr(sample, what) for sample in found) for what in ("wall", "cpu"))
        print(f"| {name} | {found[0].executed} | {found[0].changed} | {wall:.1f} | {cpu:.1f} |")
    least = {name: [min(s.wall for s in found), min(s.cpu for s in found)] for name, found in samples.items()}
    ratios = [theirs / ours for ours, theirs in zip(least["ours"], least["peers"])]
    print(f"\nratio, wall: {ratios[0]:.1f}, CPU: {ratios[1]:.1f}")
    return int(any(sample.executed > MOST or sample.changed for sample in samples["ours"]))


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--hosts", type=int, default=20)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--inside", type=pathlib.Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        return benchmark(options.inside, options.hosts, options.runs)
    if os.geteuid() != 0 or not shutil.which("grub-mkconfig", path=f"{os.environ['PATH']}:/usr/sbin"):
        sys.exit("Cannot pretend to be a host: that takes root and grub-mkconfig. Use sudo, install grub-common")
    with tempfile.TemporaryDirectory() as place:
        inside = [sys.executable, __file__, "--inside", place, "--hosts", str(options.hosts), "--runs"]
        boot = ["unshare", "--mount", "sh", str(SCRATCH), f"{place}/scratch", *inside, str(options.runs)]
        os.mkdir(f"{place}/scratch")
        return subprocess.run(boot, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
