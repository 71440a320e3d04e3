# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long exported files take to read, and how much memory: the adapters of a large cluster, and ten times as many."""

from __future__ import annotations

import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible_collections.macpool.hyperv.plugins.plugin_utils._observation.load import load_directory

HOSTS = 64
KINDS = {
    "JSON": "with ids, from ConvertTo-Json",
    "CSV": "with ids, from Export-Csv",
    "names": "CSV without ids, joined to a list of VMs by name",
}


def rows(adapters: int) -> Iterator[dict[str, Any]]:
    """Yield adapters as the guide's line exports them, two for each VM."""
    for number in range(adapters):
        vm_id = f"00000000-0000-4000-8000-{number // 2:012x}"
        yield {
            "ComputerName": f"HV{number // 2 % HOSTS}",
            "VMId": vm_id,
            "VMName": f"vm{number // 2}",
            "Id": f"Microsoft:{vm_id.upper()}\\{number:08X}-0000-4000-8000-000000000000",
            "Name": "Network Adapter",
            "MacAddress": f"00155D{number:06X}",
            "DynamicMacAddressEnabled": True,
            "SwitchName": "tenant",
            "Connected": True,
            "MacAddressSpoofing": 1,
            "AccessVlanId": 100,
        }


def write(directory: Path, kind: str, adapters: int) -> None:
    """Write one file of all hosts; for names, a list of VMs besides."""
    if kind == "JSON":
        (directory / "all.json").write_text(json.dumps(list(rows(adapters)), indent=4), "utf-8")
        return
    left_out = {"VMId", "Id"} if kind == "names" else set()
    columns = [key for key in next(rows(1)) if key not in left_out]
    with (directory / "all.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, quoting=csv.QUOTE_ALL, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows(adapters))
    if kind == "names":
        machines = [
            {"ComputerName": row["ComputerName"], "Id": row["VMId"], "Name": row["VMName"], "State": 2}
            for row in rows(adapters)
        ]
        (directory / "vms.json").write_text(json.dumps(machines[::2]), "utf-8")


def measure(directory: Path) -> tuple[int, float, float]:
    """Read a directory, and return adapters, seconds and the most memory in MB; once in a process, which never gives back."""
    before = _most_memory()
    began = time.process_time()
    loaded = load_directory(directory)
    seconds = time.process_time() - began
    found = sum(len(vm["adapters"]) for document in loaded.documents for vm in document["vms"])
    if loaded.problems:
        raise AssertionError(loaded.problems)
    return found, seconds, _most_memory() - before


def _most_memory() -> float:
    # What getrusage tells of a process begins with the memory of the one that started it.
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run() -> list[str]:
    """Measure, and return the lines to print."""
    lines = [
        f"Exports of {HOSTS} hosts, from files to documents",
        f"{'adapters':>10}  {'seconds':>8}  {'adapters/s':>10}  {'MB':>6}",
    ]
    for kind, words in KINDS.items():
        seconds = {}
        lines.append(words)
        for adapters in (10_000, 100_000):
            with tempfile.TemporaryDirectory() as directory:
                write(Path(directory), kind, adapters)
                command = [sys.executable, "-m", "tests.benchmarks.bench_exports", directory]
                answer = subprocess.run(command, check=True, capture_output=True, text=True)
            found, seconds[adapters], megabytes = json.loads(answer.stdout)
            rate = found / seconds[adapters]
            lines.append(f"{found:>10,}  {seconds[adapters]:>8.2f}  {rate:>10,.0f}  {megabytes:>6.0f}")
        lines.append(
            f"ten times the adapters cost {seconds[100_000] / seconds[10_000]:.1f} times the time (linear: 10)"
        )
    return lines


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]))) if len(sys.argv) > 1 else "\n".join(run()))
