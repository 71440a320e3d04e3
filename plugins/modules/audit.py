#!/usr/bin/python
# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: audit
short_description: Find what is wrong with the addresses of a cluster, from observations
description:
  - Compares who carries which address (observations) with who may hand it out (the plan) and who was promised it (the
    ledger), and reports every disagreement with names, evidence and a remedy.
  - Neither plan nor ledger is needed. Without them, duplicates, overlapping host ranges, adapters that will change their
    address and the like are found all the same.
  - Reads files and the ledger only. It asks no host, and changes nothing but the report and, with O(trend), the counts of
    audits in the ledger.
options:
  observations_dir:
    description:
      - A directory on the controller with observations as files, such as the playbook C(macpool.hyperv.observe) saves them.
      - A file that cannot be understood is named in RV(misread) with the reason, and the rest is audited; the picture then
        counts as incomplete.
      - One of O(observations_dir), O(observations) and O(host_results) is required.
    type: str
  observations:
    description:
      - Observations themselves, as M(macpool.hyperv.host_info) returns them.
    type: list
    elements: dict
  host_results:
    description:
      - What M(macpool.hyperv.host_info) returned for each host of a run, by the name of the host, with C(path) or C(observation).
      - The document of each host that was observed must be there, or the task fails and names it. A host whose result has no
        C(summary) was not observed, and is expected as one of O(expected_hosts). Give C({}) for a host that has no result.
    type: dict
  controller_results:
    description:
      - What M(macpool.hyperv.nc_info) returned for each Network Controller of a run. One that did not answer makes the picture
        incomplete; one that was skipped does not.
    type: list
    elements: dict
    default: []
  expected_hosts:
    description:
      - Hosts that were to be observed. The picture is incomplete where one of them has no observation, and a finding names it.
      - The hosts of the plan, of leases and of observed clusters are expected without being named here.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The name of the host. A short name and the full name that begins with it are one host.
        type: str
        required: true
      reason:
        description: Why it has no observation, such as the error of the connection. The finding repeats it.
        type: str
        default: ""
  report_dir:
    description:
      - A directory on the controller to write the report to, as C(report.html) (for people), C(report.json) (for programs),
        C(report.xml) (JUnit, for continuous integration) and C(report.prom) (Prometheus text, for the textfile collector).
      - C(report.html) is one file that needs no network and no server. It shows what is worst and what to do about it, all
        findings with search and filters, a map of the address space, and a page for each host and each VM. Open it in a
        browser, mail it, or keep it as an artifact of a job.
      - Not written in check mode.
    type: str
  fail_at:
    description:
      - The task fails when a finding of this severity or worse is there that no waiver of the plan accepts.
    type: str
    default: critical
    choices: [critical, high, medium, low, never]
  show:
    description:
      - How many of the worst findings RV(worst) and the error message list.
    type: int
    default: 10
  with_ledger:
    description:
      - V(true) needs a ledger and fails without one, V(false) leaves it alone. Without this option the ledger is used when
        there is a plan and a ledger.
    type: bool
  trend:
    description:
      - Whether to keep the counts of this audit in the ledger, where there is one, so that later reports can tell at which
        rate ranges fill. Not kept in check mode and with O(what_if).
      - An audit of the same observations adds nothing.
    type: bool
    default: true
  what_if:
    description:
      - A change to imagine. The report is then of the situation afterwards, and RV(changes) tells who would get another
        address and which addresses could collide.
    type: dict
    suboptions:
      action:
        description:
          - V(drain), all VMs of the host move to others; V(fail), the host is lost and its clustered VMs start elsewhere;
            V(set_range), the host gets another range; V(add_host), a host joins with the range that Hyper-V makes itself.
        type: str
        required: true
        choices: [drain, fail, set_range, add_host]
      host:
        description: The host.
        type: str
        required: true
      range:
        description: The new range as C(start) and C(end) or C(size), for V(set_range) and, instead of O(what_if.ipv4), V(add_host).
        type: dict
      ipv4:
        description: The IPv4 address of the host that joins, from which Hyper-V makes its range.
        type: str
      cluster:
        description: The cluster that the host joins.
        type: str
  return_report:
    description:
      - Whether the whole report is in the result. With thousands of adapters it is large; O(report_dir) is for that.
    type: bool
    default: false
seealso:
  - module: macpool.hyperv.host_info
  - module: macpool.hyperv.plan_info
  - module: macpool.hyperv.allocation_info
extends_documentation_fragment:
  - macpool.hyperv._attributes
  - macpool.hyperv._attributes.controller
  - macpool.hyperv._attributes.info
  - macpool.hyperv._attributes.actiongroup_ledger
  - macpool.hyperv._ledger
author:
  - the macpool.hyperv contributors (@macpool)
"""

EXAMPLES = r"""
- name: Audit what was observed, and fail on critical findings
  macpool.hyperv.audit:
    observations_dir: observations
    report_dir: report
  run_once: true

- name: Only look
  macpool.hyperv.audit:
    observations_dir: observations
    fail_at: never
    show: 25
  run_once: true
  register: audit

- name: Ask what happens when hv1 is drained for maintenance
  macpool.hyperv.audit:
    observations_dir: observations
    fail_at: never
    what_if:
      action: drain
      host: hv1
  run_once: true
"""

RETURN = r"""
complete:
  description: Whether everything that is known to exist could be read.
  type: bool
  returned: always
summary:
  description: >-
    Counts of findings by severity and rule, of hosts, VMs and adapters, and the usage of each range and pool.
    In C(usage), C(kind) is V(host_range), V(pool) or, for a MAC pool of a Network Controller, V(nc_pool).
    In C(usage), C(per_day) is the rate of the last 30 days and C(days_left) how long the range lasts at that rate. Both are
    V(null) until complete audits of at least a day are in the ledger.
  type: dict
  returned: always
worst:
  description: The worst findings as lines of text.
  type: list
  elements: str
  returned: always
failing:
  description: How many findings are of the severity O(fail_at) or worse.
  type: int
  returned: always
misread:
  description: Files that could not be understood, each with the reason.
  type: list
  elements: str
  returned: always
changes:
  description: With O(what_if), who would get another address and when, and which addresses could collide.
  type: list
  elements: dict
  returned: always
advice:
  description: With O(what_if), what to do before the change.
  type: str
  returned: always
assumptions:
  description: With O(what_if), what the answer takes for granted.
  type: list
  elements: str
  returned: always
files:
  description: Paths of the reports that were written.
  type: list
  elements: str
  returned: when O(report_dir) is given, outside check mode
report:
  description: The whole report, the same as C(report.json).
  type: dict
  returned: when O(return_report) is true
errors:
  description: What is wrong with the request, as M(macpool.hyperv.plan_info) describes it.
  type: list
  elements: dict
  returned: when the request itself cannot be honoured
"""

from ansible_collections.macpool.hyperv.plugins.module_utils._specs import AUDIT, run_as_action


def main() -> None:
    """Say that the task runs on the controller."""
    run_as_action(AUDIT)


if __name__ == "__main__":
    main()
