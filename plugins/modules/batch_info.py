#!/usr/bin/python
# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: batch_info
short_description: Tell which hosts of a play are still to have their turn (internal)
description:
  - B(For internal use by the roles and playbooks of this collection.) Options and results may change from one release to the next.
  - C(run_once) means once for each batch of a play with C(serial), and once for each host with the strategy C(free). With this task
    something is done once for all hosts of the play, when each of them had its turn, or a play that is divided is refused.
options:
  hosts:
    description: The hosts of the play, C(ansible_play_hosts_all).
    type: list
    elements: str
    required: true
  running:
    description: Those of them that have not failed, C(ansible_play_hosts).
    type: list
    elements: str
    required: true
  batch:
    description: The hosts of the batch, C(ansible_play_batch).
    type: list
    elements: str
    required: true
  done:
    description: The hosts that had their turn in this play.
    type: list
    elements: str
    default: []
  undivided:
    description: Whether the task fails unless all hosts are in one batch and wait for each other after each task, that is without
      C(serial) and with the strategy C(linear).
    type: bool
    default: false
notes:
  - A host of an earlier batch that had no turn will have none, and is not waited for. With the keyword C(order) of the play it is
    not known which batches are earlier, so each host without a turn is waited for.
seealso:
  - module: macpool.hyperv.audit
  - module: macpool.hyperv.adopt
extends_documentation_fragment:
  - macpool.hyperv._attributes
  - macpool.hyperv._attributes.controller
  - macpool.hyperv._attributes.info
"""

EXAMPLES = r"""
- name: Observe the host
  macpool.hyperv.host_info:
    save_dir: observations
    return_observation: false
  register: observed

- name: Look which hosts are still to come
  macpool.hyperv.batch_info:
    hosts: "{{ ansible_play_hosts_all }}"
    running: "{{ ansible_play_hosts }}"
    batch: "{{ ansible_play_batch }}"
    done: "{{ ansible_play_hosts_all | map('extract', hostvars) | selectattr('observed', 'defined') | map(attribute='inventory_hostname') }}"
  register: batches
  run_once: true

- name: Audit when every host had its turn
  macpool.hyperv.audit:
    host_results: "{{ dict(batches.hosts | zip(batches.hosts | map('extract', hostvars) | map(attribute='observed', default={}))) }}"
  run_once: true
  when: batches.waits_for | length == 0
"""

RETURN = r"""
play:
  description: An id of the play, the same in all its batches.
  type: str
  returned: success
  sample: 00000000001f
run:
  description: A name for what the play keeps of its own, such as a directory. It is the same for every host and every batch, begins
    with the time at which C(ansible-playbook) began, and is used by no other play.
  type: str
  returned: success
  sample: 20261120T120000Z-5f3a9c01
hosts:
  description: All hosts that the play names, with those that C(--limit) leaves out and those that failed.
  type: list
  elements: str
  returned: success
  sample: [hv1, hv2, hv3]
done:
  description: The hosts of O(done).
  type: list
  elements: str
  returned: success
  sample: [hv1, hv2]
waits_for:
  description: The hosts that are still to have their turn before something can be done once for all of them.
  type: list
  elements: str
  returned: success
  sample: [hv3]
errors:
  description: What is wrong with the request, as M(macpool.hyperv.plan_info) describes it.
  type: list
  elements: dict
  returned: when the play is divided and O(undivided=true)
"""

from ansible_collections.macpool.hyperv.plugins.module_utils._specs.ledger import BATCH_INFO
from ansible_collections.macpool.hyperv.plugins.module_utils._specs.shared import run_as_action


def main() -> None:
    run_as_action(BATCH_INFO)


if __name__ == "__main__":
    main()
