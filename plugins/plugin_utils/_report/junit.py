# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as JUnit XML, for CI systems: a test case for each finding, and a passed one for each rule without. Pure."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# What XML 1.0 cannot hold, not even escaped; names of VMs may have it.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(report: Mapping[str, Any], rules: Iterable[str], failing: Sequence[str]) -> str:
    """Return the report as JUnit XML.

    :param rules: ids of all rules that were run
    :param failing: severities whose findings are failures; other and waived findings count as skipped
    """
    findings: Sequence[Mapping[str, Any]] = report["findings"]
    suite = ET.Element("testsuite", name="macpool.hyperv.audit")
    for finding in findings:
        case = ET.SubElement(suite, "testcase", classname=finding["rule"], name=_clean(_subject(finding)))
        text = f"{finding['severity']}: {finding['evidence']}\n{finding['remedy']}"
        if finding["waived"] is None and finding["severity"] in failing:
            failure = ET.SubElement(case, "failure", type=finding["severity"], message=_clean(finding["evidence"]))
            failure.text = _clean(text)
        else:
            why = f"waived until {finding['waived']['until']}: " if finding["waived"] else ""
            ET.SubElement(case, "skipped", message=_clean(why + text))
    spoken = {finding["rule"] for finding in findings}
    for rule in sorted(set(rules) - spoken):
        ET.SubElement(suite, "testcase", classname=rule, name="nothing found")
    counts = {
        "tests": len(suite),
        "failures": len(suite.findall("*/failure")),
        "skipped": len(suite.findall("*/skipped")),
    }
    suite.attrib.update({name: str(count) for name, count in (counts | {"errors": 0}).items()})
    ET.indent(suite)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suite, encoding="unicode") + "\n"


def _subject(finding: Mapping[str, Any]) -> str:
    names = [f"{vm['name']} on {vm['host']}" for vm in finding["vms"]] or list(finding["hosts"])
    return " ".join([*finding["addresses"][:2], ", ".join(names)]).strip() or finding["evidence"]


def _clean(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)
