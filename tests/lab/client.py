# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For tests in another process: the control API of a lab that serves, as Python calls."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any


class LabError(Exception):
    """What the lab said no to."""


class LabClient:
    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url, token

    @classmethod
    def of(cls, directory: Path | str) -> LabClient:
        """The lab that wrote its files into this directory."""
        found = json.loads((Path(directory) / "control.json").read_text(encoding="utf-8"))
        return cls(found["url"], found["token"])

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self._token}"}
        request = urllib.request.Request(self._url + path, data=data, method=method, headers=headers)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as answer:
                return json.loads(answer.read())["result"]
        except urllib.error.HTTPError as problem:
            raise LabError(json.loads(problem.read())["error"]) from problem

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self._ask("GET", "/state")
        return found

    def log(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._ask("GET", "/log")
        return found

    def clear_log(self) -> None:
        self._ask("DELETE", "/log")

    def requests(self) -> list[dict[str, Any]]:
        """What the Network Controller was asked."""
        found: list[dict[str, Any]] = self._ask("GET", "/requests")
        return found

    def clear_requests(self) -> None:
        self._ask("DELETE", "/requests")

    def do(self, verb: str, **arguments: Any) -> Any:
        return self._ask("POST", "/verb", {"verb": verb, "arguments": arguments})

    def fault(self, kind: str, **details: Any) -> int:
        number: int = self._ask("POST", "/fault", {"kind": kind, **details})
        return number

    def faults(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._ask("GET", "/fault")
        return found

    def clear_faults(self) -> None:
        self._ask("DELETE", "/fault")
