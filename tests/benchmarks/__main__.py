# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure: ``python -m tests.benchmarks [name ...]`` prints the machine, then what each ``bench_<name>.py`` found.

Rates of another machine, or of another hour, say little; the ratios within one run do. Nothing here ever fails a build.
"""

from __future__ import annotations

import importlib
import os
import platform
import sqlite3
import sys
import time
from pathlib import Path

from tests.conftest import ROOT, link_collection


def machine() -> str:
    """Return what it runs on."""
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        models = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        processor = models[0] if models else processor
    load = os.getloadavg()[0]
    return (
        f"{processor}, {os.cpu_count()} cores (load {load:.1f}), {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )


def main(names: list[str]) -> int:
    """Run all benchmarks, or those named."""
    tree = ROOT / ".cache" / "collections"
    link_collection(tree)
    sys.path.insert(0, str(tree))
    found = sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))
    if unknown := set(names) - set(found):
        print(f"no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(found)}", file=sys.stderr)
        return 2
    print(machine())
    for name in found:
        if names and name not in names:
            continue
        began = time.perf_counter()
        lines = importlib.import_module(f"tests.benchmarks.bench_{name}").run()
        print(f"\n{name} ({time.perf_counter() - began:.0f} s)")
        for line in lines:
            print(f"  {line}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
