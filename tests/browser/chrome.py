# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A headless Chromium that takes real keys and clicks, by its own protocol over a pair of pipes."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import subprocess
import time
import typing as t
from pathlib import Path

#: What every test starts Chromium with: it draws, and talks to nobody.
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
#: Seconds for an answer: on a busy machine a big page takes its time.
LIMIT = 120
#: Characters that keys make, and the codes that a page may look at.
_CODES = {"Enter": 13, "Escape": 27, "Tab": 9, " ": 32, "PageUp": 33, "PageDown": 34, "End": 35, "Home": 36,
          "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}  # fmt: skip
#: How many keys have come up in this page, counted from the first question on.
_KEYS_SEEN = """(() => {
    if (window.keysSeen === undefined) {
        window.keysSeen = 0;
        window.addEventListener('keyup', () => { window.keysSeen += 1; }, true);
    }
    return window.keysSeen;
})()"""
_TEXTS = {"Enter": "\r", " ": " ", "/": "/"}


class Chrome:
    """One tab."""

    def __init__(self, profile: Path) -> None:
        self.events: list[dict[str, t.Any]] = []
        self._number, self._rest, self._session = 0, b"", ""
        # Chromium reads its pipe number 3 and writes to number 4, which may be taken in here.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for pair in (os.pipe(), os.pipe()) for end in pair]
        theirs_in, self._out, self._in, theirs_out = ends

        def hand_over() -> None:
            os.dup2(theirs_in, 3)
            os.dup2(theirs_out, 4)

        argv = ["chromium", *FLAGS, "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"]
        self._process = subprocess.Popen(
            argv, preexec_fn=hand_over, pass_fds=(3, 4), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(theirs_in)
        os.close(theirs_out)
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(30)
        os.close(self._in)
        os.close(self._out)

    def call(self, method: str, **params: object) -> dict[str, t.Any]:
        """One command and its answer; what happens meanwhile is kept."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + LIMIT
        while True:
            answer = self._read(end)
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return t.cast("dict[str, t.Any]", answer["result"])
            self.events.append(answer)

    def _read(self, end: float) -> dict[str, t.Any]:
        while b"\0" not in self._rest:
            ready = select.select([self._in], [], [], max(0.0, end - time.monotonic()))
            assert ready[0], "the browser did not answer in time"
            self._rest += os.read(self._in, 1 << 20)
        message, self._rest = self._rest.split(b"\0", 1)
        return t.cast("dict[str, t.Any]", json.loads(message))

    def evaluate(self, expression: str) -> t.Any:
        """The value of an expression in the page."""
        done = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def wait_for(self, condition: str) -> None:
        end = time.monotonic() + LIMIT
        while not self.evaluate(f"Boolean({condition})"):
            assert time.monotonic() < end, f"it did not come to {condition}"
            time.sleep(0.02)

    def show(self, width: int, height: int, *, scheme: str = "light", medium: str = "") -> None:
        """The size of the window, the colours of the desktop, and whether it is a screen or paper."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", media=medium, features=features)

    def open(self, page: Path, fragment: str = "") -> None:
        """Load a page anew, and wait until it says that it is ready."""
        self.events.clear()
        self.call("Page.navigate", url="about:blank")
        self.call("Page.navigate", url=page.as_uri() + fragment)
        self.wait_for("document.documentElement?.dataset.ready")

    def press(self, key: str, *, ctrl: bool = False) -> None:
        """A key goes down and up, and the page has seen both: Chrome's own answer can come before that."""
        seen = self.evaluate(_KEYS_SEEN)
        about = {"key": key, "code": key, "windowsVirtualKeyCode": _CODES.get(key, 0), "modifiers": 2 if ctrl else 0}
        text = {"text": _TEXTS[key]} if key in _TEXTS else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", **about, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **about)
        self.wait_for(f"window.keysSeen > {seen}")

    def type(self, text: str) -> None:
        self.call("Input.insertText", text=text)

    def click(self, selector: str) -> None:
        """A click in the middle of an element."""
        place = self.evaluate(
            f"(() => {{ const element = document.querySelector({json.dumps(selector)});"
            " element.scrollIntoView({block: 'nearest'}); const box = element.getBoundingClientRect();"
            " return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        where = {"x": place[0], "y": place[1], "button": "left", "clickCount": 1}
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, **where)

    def choose(self, name: str, value: str) -> None:
        """Choose in a list, as a person's choice arrives."""
        self.evaluate(
            f"(() => {{ const list = document.querySelector('[name={name}]'); list.value = {json.dumps(value)};"
            " list.dispatchEvent(new Event('input', {bubbles: true})); })()"
        )

    def picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def paper(self) -> bytes:
        """The page as PDF."""
        return base64.b64decode(self.call("Page.printToPDF")["data"])

    @property
    def complaints(self) -> list[str]:
        """What the page wrote to the console, and what went wrong in it."""
        kinds = {"Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"}
        return [json.dumps(event["params"]) for event in self.events if event.get("method") in kinds]

    @property
    def requests(self) -> list[str]:
        """What the page asked for, but for itself."""
        asked = [e["params"]["request"]["url"] for e in self.events if e.get("method") == "Network.requestWillBeSent"]
        return [url for url in asked if not url.startswith(("file:", "about:", "data:"))]
