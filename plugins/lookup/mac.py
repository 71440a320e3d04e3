# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask the ledger for an owner's address from a template."""

from __future__ import annotations

DOCUMENTATION = r"""
name: mac
short_description: Get the MAC address of an owner from the ledger
version_added: 0.1.0
author: macpool.hyperv contributors (@macpool)
description:
  - Returns the address that the ledger has promised to an owner. The same owner always gets the same address, in this job and
    in all later jobs, no matter how often the template is evaluated.
  - An owner without an address gets one from O(pool), unless O(claim) is V(false). With C(--check) this address is
    predicted and nothing is written.
  - A lookup cannot see C(check_mode) of a single task. If you need this, use the task
    M(macpool.hyperv.allocation) or O(claim=false).
  - Lookups run on the controller, where the ledger is.
options:
  _terms:
    description:
      - The owners. An owner is named C(<vm>/<adapter>), such as V(web01/eth0), before the VM exists and afterwards.
    type: list
    elements: str
    required: true
  pool:
    description:
      - The pool of the plan for owners without an address, or V(host/<name>) for the static part of the block of a
        host.
      - You may omit it if the plan has only one pool, or if each owner already has an address.
    type: str
  claim:
    description:
      - Whether an owner without an address gets one.
      - With V(false) such an owner is an error that explains how to claim an address first, and nothing is ever written.
    type: bool
    default: true
  format:
    description:
      - The format of the address.
      - V(hyperv) is V(221DD8012345), as Hyper-V shows it; V(dash) is V(22-1D-D8-01-23-45); V(colon) is
        V(22:1D:D8:01:23:45); V(dot) is V(221d.d801.2345); V(linux) is V(22:1d:d8:01:23:45), as Linux guests match it.
    type: str
    default: hyperv
    choices: [hyperv, dash, colon, dot, linux]
  reserve_for:
    description:
      - How long the job needs to set the address on an adapter, such as V(4h). After this time the reservation is suspect,
        but the address is never given to another owner without proof that it is unused.
    type: str
    default: 4h
  plan:
    description:
      - The plan. The default is the variable C(macpool_plan), then the YAML file in E(MACPOOL_PLAN).
    type: dict
  ledger:
    description:
      - The ledger, as a path or as C(sqlite:///path). The default is the variable C(macpool_ledger), then
        E(MACPOOL_LEDGER), then C(~/.local/state/macpool/<scope>.sqlite3).
    type: str
  lock_timeout:
    description: How many seconds to wait while another task writes to the ledger, from 0 to 3600.
    type: int
    default: 30
seealso:
  - module: macpool.hyperv.allocation
  - module: macpool.hyperv.allocation_info
  - plugin: macpool.hyperv.mac
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show the address of an adapter, and claim one the first time
  ansible.builtin.debug:
    msg: "{{ lookup('macpool.hyperv.mac', 'web01/eth0', pool='tenant') }}"

- name: Write a netplan file with the address as Linux matches it
  ansible.builtin.copy:
    dest: /tmp/60-eth0.yaml
    mode: "0644"
    content: |
      network:
        version: 2
        ethernets:
          eth0:
            match:
              macaddress: "{{ lookup('macpool.hyperv.mac', 'web01/eth0', pool='tenant', format='linux') }}"

- name: Never claim an address in a template
  ansible.builtin.debug:
    msg: "{{ query('macpool.hyperv.mac', 'web01/eth0', 'web02/eth0', claim=false) }}"
"""

RETURN = r"""
_raw:
  description: One address for each owner, in the order of the owners.
  type: list
  elements: str
  sample: ["221DD8012345"]
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import partial
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ..module_utils._errors import MacPoolError
from ..module_utils._formats import format_mac
from ..module_utils._specs.limits import check_limit
from ..plugin_utils._ledger.reader import Reader
from ..plugin_utils._plain import plain_data
from ..plugin_utils._settings import Settings

# Every host's task runs in a process of its own, and ansible-core keeps no bytecode of collections: whatever is imported
# is compiled for each host again. What only a new address needs is imported when there is one to claim.


class LookupModule(LookupBase):
    """The lookup macpool.hyperv.mac."""

    def run(self, terms: list[Any], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[str]:
        """Return one address for each owner."""
        variables = variables or {}
        self.set_options(var_options=variables, direct=kwargs)
        options = {name: self.get_option(name) for name in ("plan", "ledger")}
        settings = Settings(options, variables, self._templar.template)
        try:
            self._check_names(kwargs)
            timeout = self.get_option("lock_timeout")
            check_limit("lock_timeout", timeout)
            with Reader.open(settings.ledger_url(), settings.scope(), timeout=timeout) as ledger:
                addresses = ledger.addresses_of(
                    plain_data(terms),
                    self.get_option("pool"),
                    # Only the command line's --check reaches a lookup: ansible.utils.vars.load_options_vars.
                    partial(self._claim, ledger, settings, preview=bool(variables.get("ansible_check_mode")))
                    if self.get_option("claim")
                    else None,
                )
            return [format_mac(address, self.get_option("format")) for address in addresses]
        except MacPoolError as error:
            # Without the cause, which newer versions of ansible-core would say once more.
            raise AnsibleLookupError(f"macpool.hyperv.mac: {error}") from None

    def _claim(self, ledger: Reader, settings: Settings, owners: Sequence[str], *, preview: bool) -> list[int]:
        """Return a new address for each owner."""
        from ..plugin_utils._ledger.ensure import ensure
        from ..plugin_utils._ledger.model import Request
        from ..plugin_utils._ledger.sqlite.store import SqliteStore
        from ..plugin_utils._plan.read import parse_duration

        plan, job, pool = settings.plan(), settings.job(), self.get_option("pool") or ""
        requests = [Request(owner, pool) for owner in owners]
        reserve_for = parse_duration(self.get_option("reserve_for"), "reserve_for")
        with closing(SqliteStore.over(ledger.store)) as store:
            store.witness_place = settings.witness()
            for warning in store.warnings():
                self._display.warning(warning)
            outcomes = store.write(lambda session: ensure(session, plan, requests, job, reserve_for), preview=preview)
        return [outcome.claim.address for outcome in outcomes]

    def _check_names(self, given: Mapping[str, Any]) -> None:
        """Refuse an unknown option: Ansible ignores it, and ``claims=false`` would claim."""
        known = [name for name in self.option_definitions if name != "_terms"]
        for name in sorted(given.keys() - {*known, "wantlist"}):  # a loop with_macpool.hyperv.mac says wantlist
            from ..plugin_utils._plan.model import nearest

            remedy = f"Remove or rename it{nearest(name, known)}."
            raise MacPoolError(f"option {name}", f"one of {', '.join(known)}", "an unknown one", remedy)
