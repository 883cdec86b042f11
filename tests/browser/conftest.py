# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rendering the report the way the role does, and looking at it in a browser.

The page itself holds no script. A harness shows it in frames of every size and scheme, measures it there, and leaves
what it found in its own document, which `chromium --dump-dom` prints. A log of the network shows what was asked for.
"""

from __future__ import annotations

import functools
import html
import json
import os
import re
import subprocess
import sys
import typing as t
from dataclasses import dataclass
from pathlib import Path

import pytest

from .chrome import FLAGS

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TEMPLATE = ROOT / "roles" / "crash_test" / "templates" / "report.html.j2"

_PLAY = [
    {
        "hosts": "localhost",
        "gather_facts": False,
        "connection": "local",
        "tasks": [
            {
                "name": "Render the report",
                "ansible.builtin.template": {
                    "src": str(TEMPLATE),
                    "dest": "{{ folder }}/{{ item }}.html",
                    "mode": "0644",
                },
                "vars": {"proof": "{{ lookup('ansible.builtin.file', folder ~ '/' ~ item ~ '.json') | from_json }}"},
                "loop": "{{ names }}",
            }
        ],
    }
]

_FLAGS = (
    *FLAGS,
    "--allow-file-access-from-files",
    "--virtual-time-budget=5000",
    "--enable-logging=stderr",
)


def render_reports(folder: Path, proofs: t.Mapping[str, object]) -> dict[str, Path]:
    """Render every proof with a real run of ansible-playbook."""
    for name, proof in proofs.items():
        (folder / f"{name}.json").write_text(json.dumps(proof))
    (folder / "play.yml").write_text(json.dumps(_PLAY))
    settings = {"folder": str(folder), "names": list(proofs), "ansible_python_interpreter": sys.executable}
    playbook = str(Path(sys.executable).parent / "ansible-playbook")
    done = subprocess.run(
        [playbook, "-i", "localhost,", "-e", json.dumps(settings), str(folder / "play.yml")],
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".tree"), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {name: folder / f"{name}.html" for name in proofs}


#: How a person may meet the page: width in pixels, scheme.
VIEWS = ((1280, "light"), (1280, "dark"), (390, "light"), (390, "dark"))
_FRAME = '<iframe src="{}" style="border:0;width:{}px;height:900px;color-scheme:{}"></iframe>'


@dataclass(frozen=True)
class Look:
    """What was found in the browser, in each of the VIEWS, and what the page did."""

    found: list[dict[str, t.Any]]
    console: list[str]
    requests: list[str]


def look_at(page: Path, folder: Path) -> Look:
    """Open ``page`` in every view; ``folder`` keeps the browser's profile."""
    harness, netlog = folder / "harness.html", folder / "net.json"
    frames = "\n".join(_FRAME.format(page.as_uri(), *view) for view in VIEWS)
    page_source = (HERE / "harness.html").read_text().replace("@FRAMES@", frames)
    harness.write_text(page_source.replace("@MEASURE@", (HERE / "measure.js").read_text()))
    done = subprocess.run(
        ["chromium", *_FLAGS, f"--user-data-dir={folder / 'profile'}", f"--log-net-log={netlog}",
         "--window-size=1400,1000", "--dump-dom", harness.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )  # fmt: skip
    match = re.search(r'<pre id="result">(.+?)</pre>', done.stdout, re.DOTALL)
    assert match, f"the page was not measured: {done.stdout[:2000]} {done.stderr[:2000]}"
    console = [line for line in done.stderr.splitlines() if re.search(r":CONSOLE[:(]", line)]
    return Look(json.loads(html.unescape(match[1])), console, _requests(json.loads(netlog.read_text())))


def _requests(netlog: dict[str, t.Any]) -> list[str]:
    """The addresses a page asked for, but for files; what the browser asks for on its own has no origin."""
    asked = [event.get("params", {}) for event in netlog["events"]]
    return sorted(
        {
            params["url"]
            for params in asked
            if params.get("initiator", "not an origin") != "not an origin" and not params["url"].startswith("file:")
        }
    )


@pytest.fixture(scope="session")
def browse(tmp_path_factory: pytest.TempPathFactory) -> t.Callable[[Path], Look]:
    """look_at with a profile of its own that looks at each page once."""
    folder = tmp_path_factory.mktemp("browser")
    return functools.cache(functools.partial(look_at, folder=folder))
