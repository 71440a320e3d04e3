# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Just enough of the WebDriver protocol to drive a headless Chromium, so that no library has to keep up with it."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
PATIENCE = 30.0
"""Seconds after which something that ought to happen will not: long, because machines may be busy."""

KEYS = {
    "Enter": "\ue007",
    "Tab": "\ue004",
    "ArrowRight": "\ue014",
    "ArrowLeft": "\ue012",
    "ArrowUp": "\ue013",
    "ArrowDown": "\ue015",
    "End": "\ue010",
}


class Browser:
    """A headless Chromium with one window."""

    def __init__(self, profile: Path) -> None:
        assert DRIVER
        assert CHROMIUM
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._base = f"http://127.0.0.1:{port}"
        self._driver = subprocess.Popen(
            [DRIVER, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            self._until(self._ready)
            options = {
                "binary": CHROMIUM,
                "args": [
                    "--headless=new",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-dev-shm-usage",
                    "--window-size=1280,1000",
                    f"--user-data-dir={profile}",
                ],
            }
            wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
            answer = self._call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
            self._session = f"/session/{answer['sessionId']}"
        except BaseException:
            self._driver.kill()
            self._driver.wait()
            raise

    def close(self) -> None:
        """End the browser and what drives it."""
        try:
            self._call("DELETE", self._session)
        finally:
            self._driver.terminate()
            self._driver.wait(PATIENCE)

    def open(self, page: Path, route: str = "") -> None:
        """Load a file anew, with a hash, and wait until its script is done."""
        self._post("/url", {"url": "about:blank"})
        self.messages()
        self._post("/url", {"url": page.as_uri() + route})
        self.wait("return document.documentElement.classList.contains('ready')")

    def go(self, route: str) -> None:
        """Follow a link within the page, and wait for its view."""
        self.run(
            "const old = document.getElementById('view').firstChild; if (old) old.stale = true; location.hash = arguments[0]",
            route,
        )
        self.wait("const now = document.getElementById('view').firstChild; return !now || !now.stale")

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script in the page and return what it returns."""
        return self._post("/execute/sync", {"script": script, "args": list(arguments)})

    def wait(self, script: str, *arguments: Any) -> Any:
        """Run a script until it returns something true."""
        return self._until(lambda: self.run(script, *arguments))

    def click(self, selector: str) -> None:
        """Click in the middle of an element, as a mouse does."""
        self._post(f"/element/{self._element(selector)}/click", {})

    def type(self, selector: str, text: str) -> None:
        """Type into an element."""
        self._post(f"/element/{self._element(selector)}/value", {"text": text})

    def press(self, *keys: str) -> None:
        """Press keys one after the other, wherever the focus is."""
        actions = [{"type": kind, "value": KEYS.get(key, key)} for key in keys for kind in ("keyDown", "keyUp")]
        self._post("/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Press the mouse at a place of the window and release it at another."""
        moves = [
            {"type": "pointerMove", "x": start[0], "y": start[1]},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerMove", "x": end[0], "y": end[1], "duration": 100},
            {"type": "pointerUp", "button": 0},
        ]
        mouse = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": moves}
        self._post("/actions", {"actions": [mouse]})

    def prefer(self, **features: str) -> None:
        """Set media features, such as the colours that the reader prefers."""
        shown = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self._post("/goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {"features": shown}})

    def resize(self, width: int, height: int) -> None:
        """Give the window another size."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._post("/goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride", "params": size})

    def messages(self) -> list[str]:
        """Return what the console got since the last time."""
        entries = self._post("/se/log", {"type": "browser"})
        return [f"{entry['level']}: {entry['message']}" for entry in entries]

    def _element(self, selector: str) -> str:
        found = self._post("/element", {"using": "css selector", "value": selector})
        return str(next(iter(found.values())))

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        return self._call("POST", self._session + path, body)

    def _ready(self) -> bool:
        try:
            return bool(self._call("GET", "/status")["ready"])
        except OSError:
            return False

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._base + path, data, {"Content-Type": "application/json"}, method=method)
        # Never through a proxy: the driver listens on this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=4 * PATIENCE) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(json.load(error)["value"]["message"]) from error

    @staticmethod
    def _until(test: Callable[[], Any]) -> Any:
        end = time.monotonic() + PATIENCE
        while True:
            result = test()
            if result or time.monotonic() > end:
                assert result, "it did not happen in time"
                return result
            time.sleep(0.03)
