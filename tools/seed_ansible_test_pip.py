# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let ``ansible-test --venv`` bootstrap pip without its own download host.

ansible-test fetches a get-pip script from one host that many networks cannot reach, and keeps it in a cache. This
writes that cache file: it takes the pip that every Python brings (ensurepip) and lets it fetch the wanted version from
the package index. An existing file is left alone.
"""

from __future__ import annotations

import pathlib
import re

BOOTSTRAP = """\
import subprocess
import sys

wanted = [argument for argument in sys.argv[1:] if not argument.startswith("--no-")]
# In a process of its own: ensurepip switches pip's configuration off for the rest of its process.
subprocess.check_call([sys.executable, "-m", "ensurepip"])
subprocess.check_call([sys.executable, "-m", "pip", "install", *wanted])
"""


def wanted_version() -> str:
    """The version of pip that the installed ansible-test asks for."""
    import ansible_test._internal.python_requirements as requirements

    source = pathlib.Path(requirements.__file__).read_text(encoding="utf-8")
    found = re.search(r"pip='(\d+\.\d+(?:\.\d+)?)'", source)
    if not found:
        raise SystemExit("Cannot seed ansible-test's pip: its source names no version")
    return found.group(1)


def main() -> None:
    version = wanted_version().replace(".", "_")
    target = pathlib.Path.home() / ".ansible" / "test" / "cache" / f"get_pip_{version}.py"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(BOOTSTRAP, encoding="utf-8")


if __name__ == "__main__":
    main()
