# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings as the content of ``report.json``. Pure.

The order is fixed by content alone, so that two reports of one cluster can be compared line by line.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...module_utils._mac import format_mac
from .._ledger.usage import counts_as_result
from .._observation.model import Carrier, Document, Observation, Vm
from .registry import SEVERITIES, Finding, Rule, all_rules
from .situation import Situation
from .usage import usage
from .waivers import Waivers

SCHEMA = 1


def build_report(situation: Situation, rules: Iterable[Rule] | None = None) -> dict[str, Any]:
    """Run the rules over a situation and return the report.

    :param rules: default: all rules
    """
    observation, plan = situation.observation, situation.plan
    waivers = Waivers(plan.waivers if plan else (), situation.now.date(), observation.names)
    findings = [
        _finding(rule, finding, observation, waivers)
        for rule in (all_rules() if rules is None else rules)
        for finding in rule.check(situation)
    ]
    findings.sort(key=_order)
    return {
        "schema": SCHEMA,
        "complete": not situation.problems,
        "findings": findings,
        "summary": _summary(situation, findings),
        "observed": [_document(document, situation.now) for document in observation.documents],
    }


def _finding(rule: Rule, finding: Finding, observation: Observation, waivers: Waivers) -> dict[str, Any]:
    hosts = _hosts(finding, observation)
    waiver = waivers.find(rule.id, finding, hosts)
    return {
        "rule": rule.id,
        "severity": finding.severity or rule.severity,
        "addresses": [format_mac(address) for address in finding.addresses],
        "hosts": hosts,
        "vms": list(_vms(finding.all_vms)),
        "carriers": [_carrier(carrier) for carrier in finding.carriers],
        "evidence": finding.evidence,
        "remedy": finding.remedy or rule.remedy,
        "waived": None
        if waiver is None
        else {
            "subject": waiver.subject,
            "reason": waiver.reason,
            "owner": waiver.owner,
            "until": waiver.until.isoformat(),
        },
    }


def _hosts(finding: Finding, observation: Observation) -> list[str]:
    keys = {observation.names.key(name): name for name in finding.hosts}
    keys.update((vm.host.key, vm.host.name) for vm in finding.all_vms)
    names = (observation.hosts[key].name if key in observation.hosts else name for key, name in keys.items())
    return sorted(names, key=_by_name)


def _by_name(name: str) -> tuple[str, str]:
    return name.casefold(), name


def _vms(vms: Sequence[Vm]) -> Iterator[dict[str, Any]]:
    found = {(vm.id, vm.name, vm.host.name): None for vm in vms}
    for vm_id, name, host in sorted(found, key=lambda item: (*_by_name(item[1]), item[2].casefold(), item[0] or "")):
        yield {"id": vm_id, "name": name, "host": host}


def _carrier(carrier: Carrier) -> dict[str, str]:
    name = carrier.name if carrier.vm is None else carrier.vm.name
    return {"kind": carrier.kind, "name": name, "host": carrier.host.name}


def _order(finding: Mapping[str, Any]) -> tuple[Any, ...]:
    return (
        SEVERITIES.index(finding["severity"]),
        finding["rule"],
        finding["addresses"],
        finding["hosts"],
        [(vm["name"], vm["id"] or "") for vm in finding["vms"]],
        finding["evidence"],
    )


def _summary(situation: Situation, findings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Count what is open: a waived finding is in the report but in no count of its severity."""
    open_findings = [finding for finding in findings if finding["waived"] is None]
    severities = Counter(finding["severity"] for finding in open_findings)
    observation = situation.observation
    return {
        "severities": {severity: severities[severity] for severity in SEVERITIES},
        "rules": dict(sorted(Counter(finding["rule"] for finding in open_findings).items())),
        "waived": len(findings) - len(open_findings),
        "hosts": len(observation.hosts),
        "vms": sum(1 for vm in observation.vms if not vm.replica),
        "adapters": sum(len(vm.adapters) for vm in observation.vms if not vm.replica),
        "addresses": len(situation.carried),
        "usage": [
            {
                "kind": item.kind,
                "name": item.name,
                "hosts": list(item.hosts),
                "start": format_mac(item.extent.start),
                "end": format_mac(item.extent.end),
                "size": item.size,
                **counts_as_result(item),
            }
            for item in usage(situation)
        ],
    }


def _document(document: Document, now: dt.datetime) -> dict[str, Any]:
    observed_at = document.observed_at
    return {
        "kind": document.kind,
        "subject": document.subject,
        "observed_at": observed_at.isoformat().replace("+00:00", "Z") if observed_at else None,
        # A host's clock may run ahead, but an age is never negative.
        "age_seconds": max(0, int((now - observed_at).total_seconds())) if observed_at else None,
        "not_gathered": list(document.not_gathered),
        "warnings": list(document.warnings),
        "superseded": document.superseded,
        "unusable": document.unusable,
    }
