# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long it takes from loaded observations to the page that people open: a large cluster, and ten times as large."""

from __future__ import annotations

import time
from pathlib import Path

from ansible_collections.macpool.hyperv.plugins.plugin_utils._audit.run import situate
from ansible_collections.macpool.hyperv.plugins.plugin_utils._report.html import html
from tests.audits import audit
from tests.benchmarks.bench_audit import NOW, cluster


def run() -> list[str]:
    """Measure, and return the lines to print."""
    html(
        audit([], now=NOW), situate([], now=NOW), NOW
    )  # Load the rules and the parts of the page before the clock runs.
    lines = [
        "Report: 64 hosts, audit and page, documents already loaded",
        f"{'adapters':>10}  {'findings':>8}  {'audit s':>8}  {'page s':>8}  {'page MB':>8}",
    ]
    for adapters, rounds in ((10_000, 3), (100_000, 1)):
        documents = cluster(adapters, 64)
        best = min(_measured(documents) for _round in range(rounds))
        whole, audited, findings, size = best
        lines.append(f"{adapters:>10,}  {findings:>8,}  {audited:>8.2f}  {whole - audited:>8.2f}  {size / 1e6:>8.1f}")
    lines.append(f"script and style of every page: {_shipped() / 1e3:.0f} kB, no library")
    return lines


def _measured(documents: list[dict[str, object]]) -> tuple[float, float, int, int]:
    """Return processor time of all, of the audit alone, the number of findings and the size of the page."""
    began = time.process_time()
    report = audit(documents, now=NOW)
    audited = time.process_time() - began
    page = html(report, situate(documents, now=NOW), NOW)
    return time.process_time() - began, audited, len(report["findings"]), len(page)


def _shipped() -> int:
    plugins = Path(__file__).parents[2] / "plugins"
    return sum(part.stat().st_size for part in (plugins / "plugin_utils" / "_report" / "page").iterdir())


if __name__ == "__main__":
    print("\n".join(run()))
