# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible-core pipes into PowerShell on a host, in the three forms it has had.

- up to 2.18: the text of exec_wrapper.ps1, four NULs, one JSON with `module_entry` and `module_args`
- 2.19 to 2.21: one JSON for the bootstrap, a line of four NULs, one JSON manifest of scripts and actions
- from 2.22: the same, the manifest gzipped and in base64 when `DecompressInput` says so, the arguments as JSON text
"""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import zlib
from dataclasses import dataclass
from typing import Any

_NULS = b"\0\0\0\0"


class PayloadError(Exception):
    """Not something that ansible-core sends."""


@dataclass(frozen=True)
class Call:
    """One module run: `module` as the payload names it, `name` its last part (host_info), arguments with Ansible's own."""

    module: str
    arguments: dict[str, Any]
    asynchronous: bool = False

    @property
    def name(self) -> str:
        stem = self.module.removesuffix(".ps1")
        return stem.rpartition(".")[2]

    @property
    def check_mode(self) -> bool:
        return self.arguments.get("_ansible_check_mode") is True

    @property
    def diff(self) -> bool:
        return self.arguments.get("_ansible_diff") is True

    @property
    def options(self) -> dict[str, Any]:
        """The task's own arguments, without those that Ansible adds."""
        return {key: value for key, value in self.arguments.items() if not key.startswith("_ansible_")}


def decode(stdin: bytes) -> Call:
    head, separator, tail = stdin.partition(_NULS)
    if not separator:
        raise PayloadError("there is no line of four NULs in what was sent")
    if head.lstrip().startswith(b"{"):
        return _from_manifest(_json_object(head), tail)
    return _from_module_entry(_json_object(tail))


def _json_object(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as problem:
        raise PayloadError(f"not JSON: {problem}") from problem
    if not isinstance(found, dict):
        raise PayloadError("not a JSON object")
    return found


def _from_module_entry(manifest: dict[str, Any]) -> Call:
    arguments = manifest.get("module_args")
    if not isinstance(arguments, dict) or "module_entry" not in manifest:
        raise PayloadError("a payload without module_entry and module_args")
    actions = manifest.get("actions") or []
    return Call(str(arguments.get("_ansible_module_name", "")), arguments, "async_wrapper" in actions)


def _from_manifest(bootstrap: dict[str, Any], tail: bytes) -> Call:
    body = tail.strip()
    if (bootstrap.get("params") or {}).get("DecompressInput"):
        try:
            body = gzip.decompress(base64.b64decode(body, validate=True))
        except (binascii.Error, OSError, EOFError, zlib.error) as problem:
            raise PayloadError(f"not gzip in base64: {problem}") from problem
    try:
        actions = _json_object(body)["actions"]
        wrapper = next(action for action in actions if action["name"] == "module_wrapper.ps1")
        parameters = wrapper["params"]
        arguments = _arguments(parameters)
        script = str(parameters["Script"])
    except (KeyError, TypeError, AttributeError, StopIteration) as problem:
        raise PayloadError(f"a manifest without a module: {problem!r}") from problem
    return Call(script, arguments, any(action["name"] == "async_wrapper.ps1" for action in actions))


def _arguments(parameters: dict[str, Any]) -> dict[str, Any]:
    if "ArgumentJSON" in parameters:
        return _json_object(parameters["ArgumentJSON"].encode())
    arguments = {variable["Name"]: variable["Value"] for variable in parameters["Variables"]}["complex_args"]
    if not isinstance(arguments, dict):
        raise PayloadError("complex_args is no object")
    return arguments
