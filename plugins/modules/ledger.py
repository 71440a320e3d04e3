#!/usr/bin/python
# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ledger
short_description: Create, check, export, import, back up and restore the ledger
description:
  - The ledger records which address is promised to which owner. It contains the claims on addresses, the leases of the hosts,
    the addresses that were last seen on each host, and an append-only history of who did what.
  - This task manages the ledger itself. M(macpool.hyperv.allocation) and M(macpool.hyperv.host_range_lease) write
    to it, M(macpool.hyperv.allocation_info) reads it.
options:
  state:
    description:
      - What to do.
      - V(present) creates the ledger if it does not exist, and writes the scope of the plan and a new id into it. An existing
        ledger of this scope is used as it is. The plan becomes the accepted plan.
      - V(verified) checks the whole ledger - its constraints, the chain of its history, and that replaying the history
        gives the present state. With O(path), it checks a text export instead, which needs neither a plan nor a ledger.
        The task fails if it finds a problem.
      - V(exported) writes the claims and leases to O(path) as text, with one sorted line for each. An unchanged ledger gives
        an unchanged file.
      - V(imported) takes the claims and leases of the text export O(path) into the ledger. A conflict with what is in
        the ledger fails the task, and nothing is taken.
      - V(backed_up) writes a copy of the ledger to O(path), history included, while others may be writing.
      - V(restored) replaces the ledger, which may be damaged or missing, with the backup O(path), and records this in the
        history. The backup is verified first. A backup of a different ledger is refused as long as a ledger exists.
    type: str
    choices: [present, verified, exported, imported, backed_up, restored]
    default: present
  path:
    description:
      - A file on the controller - the text to write, read or verify, or the backup to write or restore.
      - Required with O(state=exported), O(state=imported), O(state=backed_up) and O(state=restored).
    type: path
  accept_plan:
    description:
      - The ledger counts the generations of the plan, and refuses a job with an earlier plan. Set this once to
        go back to an earlier plan on purpose - it then counts as the newest.
      - This does not allow a range with claims or leases to become a range of another kind.
      - Only used with O(state=present).
    type: bool
    default: false
  accept_rollback:
    description:
      - A ledger that lost confirmed changes, because a copy of its file or a snapshot of the disk was restored, refuses
        to write. Set this once to accept its present state. The history records the gap.
      - Not needed after O(state=restored), which records the gap itself.
      - Only used with O(state=present).
    type: bool
    default: false
  correct_times:
    description:
      - A clock that was wrong leaves times in the future in the ledger. A task that opens such a ledger warns. Set this once, with a
        clock that is right, to bring claims and leases from the future back to now (their terms keep their length), and to forget when
        hosts were observed in the future. Observe all hosts afterwards.
      - Only used with O(state=present).
    type: bool
    default: false
  forget_hosts:
    description:
      - Hosts that no longer exist. The addresses that were last seen on them no longer count as in use, and observations are
        complete without these hosts.
      - Their claims and leases stay. Retire a lease with M(macpool.hyperv.host_range_lease).
      - A host that was forgotten before changes nothing. A host that the ledger never knew is an error, and then no host is forgotten.
      - Only used with O(state=present).
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    support: full
    details: O(state=verified) never changes anything. In check mode no backup and no export is written.
  diff_mode:
    support: partial
    details: Shows the lines that O(state=exported) changes in the text.
  idempotent:
    support: partial
    details: O(state=backed_up) and O(state=restored) write every time.
notes:
  - The file must be on a local file system that remains after the job. A network file system loses writes of SQLite, and the
    file system of an execution environment is deleted with the job. Both are refused.
  - A backup does not contain later promises. After O(state=restored), observe all hosts before the next claim,
    so that addresses in use are not handed out again.
  - 'To undo: delete the file to undo O(state=present), as long as nothing has been claimed. Restore an earlier backup to undo
    an import.'
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
"""

EXAMPLES = r"""
- name: Create the ledger of the plan's scope, if it does not exist
  macpool.hyperv.ledger:
    ledger: sqlite:///var/lib/macpool/west.sqlite3
  run_once: true

- name: Check every constraint and the whole history
  macpool.hyperv.ledger:
    state: verified
  run_once: true

- name: Write the text for Git and for reviews
  macpool.hyperv.ledger:
    state: exported
    path: "{{ playbook_dir }}/ledger/west.txt"
  run_once: true
  diff: true

- name: Check the text of a pull request, without a ledger
  macpool.hyperv.ledger:
    state: verified
    path: "{{ playbook_dir }}/ledger/west.txt"
  run_once: true

- name: Back up the ledger before a change
  macpool.hyperv.ledger:
    state: backed_up
    path: /var/backups/macpool/west-2026-11-20.sqlite3
  run_once: true

- name: Restore the backup, and observe all hosts immediately afterwards
  macpool.hyperv.ledger:
    state: restored
    path: /var/backups/macpool/west-2026-11-20.sqlite3
  run_once: true

- name: Continue with a ledger that was restored with a snapshot of the controller
  macpool.hyperv.ledger:
    accept_rollback: true
  run_once: true

- name: Forget a host that was removed
  macpool.hyperv.ledger:
    forget_hosts: [hv4]
  run_once: true
"""

RETURN = r"""
ledger:
  description: The ledger after the task. In check mode, a ledger that does not exist has only C(url) and C(scope).
  returned: success, except with O(state=exported), with O(path) of O(state=verified), and in check mode of O(state=restored)
  type: dict
  contains:
    url:
      description: The path of its file.
      type: str
      sample: /var/lib/macpool/west.sqlite3
    scope:
      description: The scope of its plan. No address is promised twice within a scope.
      type: str
      sample: west
    id:
      description: The id that was written when the ledger was created. A copy has the same id, a new ledger has another one.
      type: str
      sample: 0b9e1f1e-5d0c-4f4e-8f38-1a8e5a0f4c11
    created:
      description: When it was created, UTC.
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
      description: The number of claims in any state.
      type: int
      sample: 208
    leases:
      description: The number of leases, active or retired.
      type: int
      sample: 4
    hosts:
      description: The number of known hosts, including nodes of clusters that were not observed themselves.
      type: int
      sample: 4
problems:
  description: Problems of the ledger, one line for each. Empty if it has none. For a text export, see RV(errors).
  returned: with O(state=verified)
  type: list
  elements: str
path:
  description: The file that was written or read.
  returned: when O(path) is given
  type: str
  sample: /var/backups/macpool/west-2026-11-20.sqlite3
errors:
  description: What is wrong, in parts that a machine can read, as M(macpool.hyperv.plan_info) describes it.
  returned: on failure
  type: list
  elements: dict
"""

from ansible_collections.macpool.hyperv.plugins.module_utils._specs.ledger import LEDGER
from ansible_collections.macpool.hyperv.plugins.module_utils._specs.shared import run_as_action


def main() -> None:
    run_as_action(LEDGER)


if __name__ == "__main__":
    main()
