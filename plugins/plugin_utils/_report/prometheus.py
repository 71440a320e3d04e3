# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as Prometheus text, for the node exporter's textfile collector. Pure."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_OF_RANGES = {
    "size": "Addresses of a range or pool.",
    "used": "Addresses of a pool that cannot be handed out now; of a host range those in use; of an nc_pool those given out.",
    "claimed": "Addresses of a pool that are claimed or held in the ledger.",
    "per_day": "Addresses by which a range or pool fills in a day.",
    "days_left": "Days until a range or pool is full at this rate.",
}


def prometheus(report: Mapping[str, Any], now: dt.datetime) -> str:
    """Return the report's numbers as metrics; every rule with findings and every range is a series."""
    return "\n".join(_lines(report, now)) + "\n"


def _lines(report: Mapping[str, Any], now: dt.datetime) -> Iterator[str]:
    summary = report["summary"]
    yield from _metric("macpool_audit_timestamp_seconds", "When the audit ran.", [({}, int(now.timestamp()))])
    yield from _metric(
        "macpool_audit_complete", "1 when everything could be read, 0 when not.", [({}, int(report["complete"]))]
    )
    counts = Counter(
        (finding["rule"], finding["severity"], "true" if finding["waived"] else "false")
        for finding in report["findings"]
    )
    found = [(dict(zip(("rule", "severity", "waived"), kind, strict=True)), n) for kind, n in sorted(counts.items())]
    yield from _metric("macpool_findings", "Findings by rule, severity and whether a waiver accepts them.", found)
    for name, text in (("hosts", "Hosts seen."), ("vms", "VMs seen."), ("adapters", "Adapters of VMs seen.")):
        yield from _metric(f"macpool_{name}", text, [({}, summary[name])])
    for key, text in _OF_RANGES.items():
        known = [item for item in summary["usage"] if item.get(key) is not None]
        samples = [({"kind": item["kind"], "name": item["name"]}, item[key]) for item in known]
        if samples:
            yield from _metric(f"macpool_range_{key}", text, samples)


def _metric(name: str, text: str, samples: Sequence[tuple[dict[str, str], float]]) -> Iterator[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} gauge"
    for labels, value in samples:
        inside = ",".join(f'{key}="{_escaped(label)}"' for key, label in labels.items())
        yield f"{name}{{{inside}}} {value}" if inside else f"{name} {value}"


def _escaped(label: str) -> str:
    # UTF-8 has no lone surrogates; names of hosts may.
    text = label.encode("utf-8", "backslashreplace").decode("utf-8")
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\n")
