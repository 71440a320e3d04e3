#!/usr/bin/python
# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ledger
short_description: Make, check, export, import, back up and restore the ledger
description:
  - The ledger records who was promised which address. It holds the claims on addresses, the leases of the hosts, what
    each host was last seen to carry, and an append-only history of who did what.
  - This task looks after the ledger itself. M(macpool.hyperv.allocation) and M(macpool.hyperv.host_range_lease) write
    into it, M(macpool.hyperv.allocation_info) reads it.
options:
  state:
    description:
      - What to do.
      - V(present) makes the ledger when it is missing, and writes the scope of the plan and a new id into it. A ledger of
        this scope that is there already is used as it is. The plan becomes the one that is in force.
      - V(verified) checks the whole ledger - its constraints, the chain of its history, and that replaying the history
        gives the present state. With O(path), it checks a text export instead, for which neither a plan nor a ledger is
        needed. The task fails when there is a problem.
      - V(exported) writes the claims and leases to O(path) as text with one sorted line each. An unchanged ledger gives
        an unchanged file.
      - V(imported) takes the claims and leases of the text export O(path) into the ledger. A conflict with what is in
        the ledger fails the task, and nothing is taken.
      - V(backed_up) writes a copy of the ledger to O(path), history included, while others may be writing.
      - V(restored) puts the backup O(path) in the place of the ledger, which may be damaged or missing, and says so in the
        history. The backup is verified first. A backup of another ledger is refused while that one is there.
    type: str
    choices: [present, verified, exported, imported, backed_up, restored]
    default: present
  path:
    description:
      - A file on the controller - the text to write, read or verify, the backup to write or restore.
      - Required with O(state=exported), O(state=imported), O(state=backed_up) and O(state=restored).
    type: path
  accept_plan:
    description:
      - The ledger counts the generations of the plan, and refuses a job that comes with an earlier one. Set this once to
        go back to an earlier plan on purpose - it then counts as the newest.
      - Land with claims or leases on it cannot change its kind this way either.
      - Only used with O(state=present).
    type: bool
    default: false
  accept_rollback:
    description:
      - A ledger that lost acknowledged changes, because a copy of its file or a snapshot of the disk was put back, refuses
        to write. Set this once to take its present state as the truth. The gap is noted in the history.
      - Not needed after O(state=restored), which notes the gap by itself.
      - Only used with O(state=present).
    type: bool
    default: false
  forget_hosts:
    description:
      - Hosts that are gone for good. What they were last seen to carry no longer counts as in use, and they are no longer
        missing from the picture.
      - Their claims and leases stay. Retire a lease with M(macpool.hyperv.host_range_lease).
      - Only used with O(state=present).
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    support: full
    details:
      - With O(state=verified) nothing is ever changed. A backup or an export is not written in check mode.
  diff_mode:
    support: partial
    details:
      - The lines of the text that O(state=exported) changes.
  idempotent:
    support: partial
    details:
      - O(state=backed_up) and O(state=restored) write each time.
notes:
  - The file must be on a local file system that outlives the job. A network file system loses writes of SQLite, and the
    file system of an execution environment is thrown away with the job; both are refused.
  - What was promised after a backup was made is not in it. After O(state=restored), observe all hosts before the next claim,
    so that the addresses that they carry are not handed out again.
  - 'To undo: O(state=present) is undone by deleting the file, while nothing has been claimed. An import is undone by
    restoring a backup made before it.'
seealso:
  - ref: ansible_collections.macpool.hyperv.docsite.guide_ledger
    description: States of a claim, backup and restore, each refusal and what to do.
  - module: macpool.hyperv.allocation
  - module: macpool.hyperv.allocation_info
  - module: macpool.hyperv.plan_info
extends_documentation_fragment:
  - macpool.hyperv._attributes
  - macpool.hyperv._attributes.controller
  - macpool.hyperv._attributes.actiongroup_ledger
  - macpool.hyperv._ledger
author:
  - the macpool.hyperv contributors (@macpool)
"""

EXAMPLES = r"""
- name: Make the ledger of the plan's scope, where it is missing
  macpool.hyperv.ledger:
    ledger: sqlite:///var/lib/macpool/west.sqlite3
  run_once: true

- name: Check every constraint and the whole history
  macpool.hyperv.ledger:
    state: verified
  run_once: true

- name: Write the text that is committed to Git and reviewed
  macpool.hyperv.ledger:
    state: exported
    path: "{{ playbook_dir }}/ledger/west.txt"
  run_once: true
  diff: true

- name: Check the text of a pull request, where there is no ledger
  macpool.hyperv.ledger:
    state: verified
    path: "{{ playbook_dir }}/ledger/west.txt"
  run_once: true

- name: Back up the ledger before a change
  macpool.hyperv.ledger:
    state: backed_up
    path: /var/backups/macpool/west-2026-11-20.sqlite3
  run_once: true

- name: Put the backup back, and observe all hosts right after
  macpool.hyperv.ledger:
    state: restored
    path: /var/backups/macpool/west-2026-11-20.sqlite3
  run_once: true

- name: Go on with a ledger that came back with a snapshot of the controller
  macpool.hyperv.ledger:
    accept_rollback: true
  run_once: true

- name: Forget a host that was taken apart
  macpool.hyperv.ledger:
    forget_hosts: [hv4]
  run_once: true
"""

RETURN = r"""
ledger:
  description: The ledger as it is after the task. In check mode, a ledger that is missing has only C(url) and C(scope).
  returned: success, except with O(state=exported), with O(path) of O(state=verified), and in check mode of O(state=restored)
  type: dict
  contains:
    url:
      description: Where it is, as the path of its file.
      type: str
      sample: /var/lib/macpool/west.sqlite3
    scope:
      description: The scope of the plan that it belongs to. No address is promised twice within a scope.
      type: str
      sample: west
    id:
      description: The identity that was written when the ledger was made. A copy has the same, a new ledger another one.
      type: str
      sample: 0b9e1f1e-5d0c-4f4e-8f38-1a8e5a0f4c11
    created:
      description: When it was made, UTC.
      type: str
      sample: "2026-11-20T12:00:00.000Z"
    sequence:
      description: The number of the newest entry of the history.
      type: int
      sample: 412
    generation:
      description: The newest generation of the plan that the ledger accepted. 0 before the first one.
      type: int
      sample: 3
    claims:
      description: How many claims there are, of any state.
      type: int
      sample: 208
    leases:
      description: How many leases there are, active or retired.
      type: int
      sample: 4
    hosts:
      description: How many hosts are known, observed or only named as a node of a cluster.
      type: int
      sample: 4
problems:
  description: What is wrong with the ledger, one line each. Empty when all is well. For a text export, see RV(errors).
  returned: with O(state=verified)
  type: list
  elements: str
  sample: []
path:
  description: The file that was written or read.
  returned: when O(path) is given
  type: str
  sample: /var/backups/macpool/west-2026-11-20.sqlite3
errors:
  description: What is wrong, in parts that a machine can read. The text is in RV(ignore:msg).
  returned: on failure
  type: list
  elements: dict
  sample:
    - subject: ledger "/var/lib/macpool/west.sqlite3"
      wanted: a ledger
      found: no such file
      remedy: >-
        Check macpool_ledger and whether the volume is mounted. Only if there never was one, make it: macpool.hyperv.ledger
        with state: present, or playbooks/init.yml.
"""

from ansible_collections.macpool.hyperv.plugins.module_utils._specs.ledger import LEDGER
from ansible_collections.macpool.hyperv.plugins.module_utils._specs.shared import run_as_action


def main() -> None:
    """Say that the task runs on the controller."""
    run_as_action(LEDGER)


if __name__ == "__main__":
    main()
