# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows and files as PowerShell exports them, for the tests of what is read from elsewhere."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.macpool.hyperv.plugins.plugin_utils._observation.load import Loaded, load_directory
from tests.unit.plugins.plugin_utils.observation.documents import guid


def nic(name: str, vm_id: str, mac: str, **parts: Any) -> dict[str, Any]:
    """Return an adapter as ConvertTo-Json writes it: enumerations are numbers."""
    return {
        "ClusterMonitored": True,
        "MacAddress": mac,
        "DynamicMacAddressEnabled": True,
        "MacAddressSpoofing": 1,
        "SwitchName": "tenant",
        "Connected": True,
        "VlanSetting": {"OperationMode": 1, "AccessVlanId": 100, "AllowedVlanIdList": []},
        "Name": "Network Adapter",
        "Id": f"Microsoft:{vm_id.upper()}\\{guid(name).upper()}",
        "IsManagementOs": False,
        "VMId": vm_id,
        "VMName": name,
        "VMSnapshotId": "00000000-0000-0000-0000-000000000000",
        "VMSnapshotName": "",
        "ComputerName": "HV1",
        **parts,
    }


def load(directory: Path, **files: str | bytes | Any) -> Loaded:
    """Write files (a name's last underscore is its dot) and load them."""
    for name, content in files.items():
        stem, _underscore, suffix = name.rpartition("_")
        data = content if isinstance(content, (str, bytes)) else json.dumps(content)
        (directory / f"{stem}.{suffix}").write_bytes(data if isinstance(data, bytes) else data.encode())
    return load_directory(directory)


def as_csv(rows: list[dict[str, Any]], delimiter: str = ",") -> str:
    """Return rows as Export-Csv writes them: every field in quotes, everything text."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), quoting=csv.QUOTE_ALL, delimiter=delimiter, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({key: str(value) if value is not None else "" for key, value in row.items()} for row in rows)
    return out.getvalue()


def machine(name: str, **parts: Any) -> dict[str, Any]:
    """Return a VM as ConvertTo-Json writes it."""
    row = {"ComputerName": "HV1", "Id": guid(name), "Name": name, "State": 2, "IsClustered": False}
    return {**row, **parts}


def written(directory: Path, name: str, content: object) -> Loaded:
    """Write one file whatever its name is, and load the directory."""
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content if isinstance(content, (str, bytes)) else json.dumps(content)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return load_directory(directory)


def hosts(loaded: Loaded) -> list[dict[str, Any]]:
    """Return the documents of hosts."""
    return [document for document in loaded.documents if document["kind"] == "hyperv_host"]


def the_host(loaded: Loaded) -> dict[str, Any]:
    """Return the only host's document."""
    (document,) = hosts(loaded)
    return document


def vms(loaded: Loaded) -> list[dict[str, Any]]:
    """Return the VMs of all hosts."""
    return [found for document in hosts(loaded) for found in document.get("vms", [])]


def adapters(loaded: Loaded) -> list[dict[str, Any]]:
    """Return the adapters of all VMs."""
    return [adapter for found in vms(loaded) for adapter in found.get("adapters", [])]


def macs(loaded: Loaded) -> list[str]:
    """Return the addresses of all VMs' adapters, sorted."""
    return sorted(str(adapter["mac"]) for adapter in adapters(loaded))


def carried(value: object) -> Iterator[str]:
    """Yield every address that a document gives to anything."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key in ("mac", "permanent_mac", "start", "end") and isinstance(item, str):
                yield item
            yield from carried(item)
    elif isinstance(value, list):
        for item in value:
            yield from carried(item)


def problems(loaded: Loaded) -> str:
    """Return what is said of all files."""
    return "\n".join(loaded.problems)
