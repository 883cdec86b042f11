# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load a crash image; what is to be installed for it and differs on the host is sent first."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Mapping

from ..module_utils.errors import KdumpError
from ..module_utils.files import sha256_file
from ..module_utils.kexec.options import EXCLUSIVE, OPTIONS
from ..module_utils.programs import machine_of
from ..module_utils.signing.image import read_signatures
from ..plugin_utils.action import KdumpAction

_MODULE = "linux.kdump.kexec_crash"


class ActionModule(KdumpAction):
    """One call of the module where everything is there already, two where files have to be sent."""

    def argument_spec(self) -> dict[str, t.Any]:
        return {"argument_spec": _of_the_host(OPTIONS), "mutually_exclusive": EXCLUSIVE}

    def perform(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> Mapping[str, t.Any]:
        install = options.pop("install") or {}
        given = {name: _given(value) for name, value in options.items() if value is not None}
        if install and options["state"] == "unloaded":
            raise KdumpError("Cannot install an image with state=unloaded: leave install out or choose another state")
        files = {name: self._loader.path_dwim(path) for name, path in install.items() if path is not None}
        offers = {name: _offer(path) for name, path in files.items()}
        if "kernel" in files:
            offers["kernel"]["signatures"] = read_signatures(files["kernel"]).document()
        if "kexec" in files:
            offers["kexec"]["machine"] = machine_of(files["kexec"])
        answer = self.module(_MODULE, {**given, "_offers": offers} if offers else given, task_vars)
        missing = [name for name in answer.get("send", ()) if name in files]
        if not missing:
            return answer
        for name in missing:
            self.progress(f"sending {files[name]}")
            offers[name]["staged"] = self._send(name, files[name])
        answer = self.module(_MODULE, {**given, "_offers": offers}, task_vars)
        if answer.get("send"):
            raise KdumpError("Cannot install the image: its files on the host change all the time. See who writes them")
        return answer

    def _send(self, name: str, path: str) -> str:
        """Put a file into the task's temporary folder, which belongs to the login user and goes with the task."""
        if self._connection._shell.tmpdir is None:
            self._make_tmp_path()
        place = str(self._connection._shell.join_path(self._connection._shell.tmpdir, name))
        self._transfer_file(path, place)
        return place


def _given(value: t.Any) -> t.Any:
    """Without None: to the module, an option that is None is given, and some exclude each other or have choices."""
    if isinstance(value, list):
        return [_given(item) for item in value]
    if isinstance(value, dict):
        return {name: _given(item) for name, item in value.items() if item is not None}
    return value


def _of_the_host(options: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The same options with paths left as they are: ~ and variables in them are the host's, not the controller's."""
    plain: dict[str, t.Any] = {}
    for name, option in options.items():
        inner = {"options": _of_the_host(option["options"])} if name == "target" else {}
        plain[name] = {**option, **inner, **({"type": "str"} if option["type"] == "path" else {})}
    return plain


def _offer(path: str) -> dict[str, t.Any]:
    try:
        return {"sha256": sha256_file(path), "bytes": os.path.getsize(path)}
    except OSError as error:
        raise KdumpError(
            f"Cannot install {path}: {error.strerror}. It is looked for on the controller; build it with the role"
            " linux.kdump.capture_kernel"
        ) from error
