#!/usr/bin/python
# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: audit
short_description: Find problems with the addresses of a cluster, from observations
description:
  - Compares the addresses in use (observations) with the ranges of the plan and the promises of the
    ledger, and reports every disagreement with names, evidence and a remedy.
  - It needs neither a plan nor a ledger. Without them it still finds duplicates, overlapping host ranges, adapters that will
    change their address, and more.
  - It reads only files and the ledger and contacts no host. It writes only the report and, with O(trend), the counts of
    this audit into the ledger.
options:
  report_dir:
    description:
      - A directory on the controller for the report - C(report.html) (for people), C(report.json) (for programs),
        C(report.xml) (JUnit, for continuous integration) and C(report.prom) (Prometheus text, for the textfile collector).
      - C(report.html) is one file that needs no network and no server. It shows the most severe findings and their remedies,
        all findings with search and filters, a map of the address space, and a page for each host and each VM. Open it in a
        browser, mail it, or store it as an artifact of a job.
      - Not written in check mode.
    type: str
  fail_at:
    description: The task fails if a finding has this severity or a higher one and no waiver of the plan accepts it.
    type: str
    default: critical
    choices: [critical, high, medium, low, never]
  show:
    description: How many of the most severe findings are listed in RV(worst) and in the error message, from 0 to 10000.
    type: int
    default: 10
  with_ledger:
    description: V(true) needs a ledger and fails without one. V(false) does not use the ledger. Without this option, the ledger is
      used if a plan and a ledger exist.
    type: bool
  trend:
    description:
      - Whether to store the counts of this audit in the ledger, if one exists, so that later reports can show how fast
        ranges fill. They are not stored in check mode or with O(what_if).
      - An audit of the same observations adds nothing.
    type: bool
    default: true
  what_if:
    description: A hypothetical change. The report then describes the situation afterwards, and RV(changes) lists which VMs would
      get another address and which addresses could collide.
    type: dict
    suboptions:
      action:
        description: V(drain) - all VMs of the host move to other hosts. V(fail) - the host fails and its clustered VMs start on
          other hosts. V(set_range) - the host gets another range. V(add_host) - a host joins with its default range.
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
        description: The IPv4 address of the host that joins, from which Hyper-V derives its default range.
        type: str
      cluster:
        description: The cluster that the host joins.
        type: str
  return_report:
    description: Whether to return the whole report. With thousands of adapters it is large. Use O(report_dir) instead.
    type: bool
    default: false
seealso:
  - ref: ansible_collections.macpool.hyperv.docsite.guide_audit
    description: How to run the audit and read its report.
  - ref: ansible_collections.macpool.hyperv.docsite.rules
    description: Every rule, and where the rules draw the line.
  - module: macpool.hyperv.host_info
  - module: macpool.hyperv.plan_info
  - module: macpool.hyperv.allocation_info
extends_documentation_fragment:
  - macpool.hyperv._attributes
  - macpool.hyperv._attributes.controller
  - macpool.hyperv._attributes.info
  - macpool.hyperv._attributes.actiongroup_ledger
  - macpool.hyperv._ledger
  - macpool.hyperv._observations
"""

EXAMPLES = r"""
- name: Audit the observations, and fail on critical findings
  macpool.hyperv.audit:
    observations_dir: observations
    report_dir: report
  run_once: true

- name: Audit without failing
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
    In a pool, C(used) counts what cannot be handed out now (claimed, quarantined or carried), as M(macpool.hyperv.plan_info) does.
    In a host range it counts the carried addresses, and in a Network Controller's pool those that it gave out.
    In C(usage), C(per_day) is the rate of the last 30 days, and C(days_left) is how long the range will last at that rate. Both
    are V(null) until the ledger has complete audits of at least one day.
  type: dict
  returned: always
worst:
  description: The most severe findings as lines of text.
  type: list
  elements: str
  returned: always
failing:
  description: How many findings have the severity O(fail_at) or a higher one.
  type: int
  returned: always
misread:
  description: Files that could not be understood, each with the reason.
  type: list
  elements: str
  returned: always
changes:
  description: With O(what_if), which VMs would get another address and when, and which addresses could collide.
  type: list
  elements: dict
  returned: always
advice:
  description: With O(what_if), what to do before the change.
  type: str
  returned: always
assumptions:
  description: With O(what_if), the assumptions of the answer.
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
  returned: when the request itself cannot be fulfilled
"""

from ansible_collections.macpool.hyperv.plugins.module_utils._specs.ledger import AUDIT
from ansible_collections.macpool.hyperv.plugins.module_utils._specs.shared import run_as_action


def main() -> None:
    run_as_action(AUDIT)


if __name__ == "__main__":
    main()
