# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of an address to an adapter: observe → decide → claim → apply → read back → confirm.

The rules are in ``adapters.py`` and in the ledger; here is their order, which is what makes a broken connection harmless:
the claim is marked as unsure, and a restart as intended, before the host is touched. Whatever happens then, the next run
finds the same claim, sees what the adapter carries, and starts a VM that was left off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible.errors import AnsibleConnectionFailure

from ...module_utils._errors import MacPoolError, collected
from .._ledger.ledger import Ledger
from .._ledger.model import Claim, Confirmation, Identity, Intent, Job, Outcome, Push, Renewal, Request
from .._ledger.promise import check_promised
from .._names import plain_id
from .._observation.model import OFF, RUNNING, Vm
from . import adapters as rules
from .adapters import RESTART, AdapterDecision, Target, Wish
from .observed import ObservedHost, find_adapters
from .power import Power
from .run import Connection, Report, Row, result_error


@dataclass
class AdapterRow(Row[AdapterDecision]):
    """What became of one adapter."""

    @property
    def changed(self) -> bool:
        """Tell whether the adapter was changed."""
        return self.status == "changed"

    @property
    def change(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the managed keys before and after."""
        before = self.decision.before
        return before, self.decision.after if self.changed else before

    def as_result(self) -> dict[str, Any]:
        """Return the row for the task's result."""
        adapter, (before, after) = self.decision.target.adapter, self.change
        return {
            **adapter.as_result(),
            "owner": self.decision.target.owner,
            "pool": self.decision.wish.pool,
            "port_profile": adapter.profile.as_result() if adapter.profile else None,
            **after,
            "status": self.status,
            "reason": str(self.error) if self.error else self.decision.reason,
            "before": before,
            "after": after,
        }


@dataclass
class AdapterReport(Report[AdapterRow]):
    """What became of all wishes, and of VMs that an earlier run left off."""

    kind: str = "adapters"
    recovered: list[str] = field(default_factory=list)
    claimed: bool = False

    @property
    def changed(self) -> bool:
        """Tell whether anything was changed, in the ledger or on the host."""
        return self.claimed or bool(self.recovered) or super().changed

    @property
    def begun(self) -> bool:
        """Tell whether there is anything that must be told together with an error."""
        return self.changed or super().begun

    def as_result(self) -> dict[str, Any]:
        """Return the result of the task."""
        pending = sum(row.status == "pending" for row in self.rows)
        return {**super().as_result(), "pending": pending, "recovered": self.recovered}


@dataclass
class AdapterRun:
    """One task's worth of addresses for one host."""

    ledger: Ledger
    job: Job
    connection: Connection
    preview: bool
    reserve_for: int
    power: Power
    skip_missing_vms: bool = False
    bound: str = "fail"

    def run(self, wishes: Sequence[Wish]) -> AdapterReport:
        """Fulfil the wishes; VMs that move away meanwhile are looked for again."""
        report = AdapterReport()
        report.fulfil(wishes, lambda left: self._round(left, report))
        return report

    def _round(self, wishes: Sequence[Wish], report: AdapterReport) -> None:
        """Fulfil what can be fulfilled now."""
        intents = self._restarts()
        vms = {wish.vm: None for wish in wishes} | {intent.vm_id: None for intent in intents}
        host = ObservedHost.read(self.connection.observe(["vms", "cluster", "port_profiles"], list(vms)))
        targets = [Target(*pair) for pair in find_adapters(host, wishes, self.skip_missing_vms)]
        found = {target.wish for target in targets}
        report.missing += [wish.vm for wish in wishes if wish not in found]

        predicted = self._addresses(targets, preview=True)
        decisions = self._decide(targets, predicted)
        now = [decision.target for decision in decisions if decision.status != "pending"]
        outcomes = self._addresses(now, preview=self.preview)
        report.claimed |= any(outcome.changed for outcome in outcomes.values())
        report.rows += [AdapterRow(decision, "pending") for decision in decisions if decision.status == "pending"]
        decisions = self._decide(now, outcomes)

        operations = rules.adapter_operations(decisions, self.power.shutdown_timeout, self.power.force_off)
        seen = {vm.id: vm for vm in host.vms}
        open_here = {vm_id: seen[vm_id] for intent in intents if (vm_id := plain_id(intent.vm_id)) in seen}
        operations += rules.start_operations(vm for vm in open_here.values() if vm.state == OFF)

        claims = {target: outcome.claim for target, outcome in outcomes.items()}
        if operations and not self.preview:
            claims |= self._mark(decisions, claims, host.name, operations, open_here)
        results = self._apply(operations)
        by_id = {result["id"]: result for result in results}
        rows = [self._row(decision, by_id.get(decision.operation_id, {})) for decision in decisions]
        report.rows += rows
        if not self.preview:
            self._confirm(rows, claims, host.name)
        self._finish(open_here, operations, results, report)

    def _decide(self, targets: Sequence[Target], outcomes: Mapping[Target, Outcome]) -> list[AdapterDecision]:
        addressed = [(target, outcomes[target].claim.address if target in outcomes else None) for target in targets]
        return rules.decide_adapters(addressed, self.power.when_running, self.bound)

    def _addresses(self, targets: Sequence[Target], preview: bool) -> dict[Target, Outcome]:
        """Claim, or predict, the address of each target that is to have a static one."""
        asked = collected("nothing was changed", targets, self._request)
        requests = {target: request for target, request in zip(targets, asked, strict=True) if request}
        if not requests:
            return {}
        outcomes = self.ledger.ensure(list(requests.values()), self.job, reserve_for=self.reserve_for, preview=preview)
        return dict(zip(requests, outcomes, strict=True))

    def _request(self, target: Target) -> Request | None:
        wish, identity = target.wish, _identity(target)
        if wish.goal == "dynamic":
            return None
        if wish.goal == "pin":
            address = rules.check_pin(target)
            return None if address is None else Request(target.owner, "", address, identity, adopt=True)
        if wish.address is not None:
            check_promised(self.ledger, target.adapter.label, target.owner, wish.address, self.preview)
            return Request(target.owner, "", wish.address, identity)
        return Request(target.owner, wish.pool or "", None, identity)

    def _mark(
        self,
        decisions: Sequence[AdapterDecision],
        claims: Mapping[Target, Claim],
        host: str,
        operations: Sequence[Mapping[str, Any]],
        open_here: Mapping[str, Vm],
    ) -> dict[Target, Claim]:
        """Write down what is about to happen: after this, a lost connection leaves a trace."""
        for operation in operations:
            if operation.get("power") == RESTART and plain_id(operation["vm_id"]) not in open_here:
                self.ledger.intend(host, operation["vm_id"], self.job, kind=RESTART)
        pushed = [item.target for item in decisions if item.status == "change" and item.target in claims]
        if not pushed:
            return {}
        renewals = [
            Renewal(claims[target].fence, Push(host, target.adapter.vm.given_id, target.adapter.given_id))
            for target in pushed
        ]
        outcomes = self.ledger.renew(renewals, self.job, reserve_for=self.reserve_for)
        return {target: outcome.claim for target, outcome in zip(pushed, outcomes, strict=True)}

    def _apply(self, operations: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        if not operations:
            return []
        try:
            return self.connection.apply(operations)
        except AnsibleConnectionFailure as error:
            if self.preview:
                raise
            sent = "1 operation was" if len(operations) == 1 else f"{len(operations)} operations were"
            raise AnsibleConnectionFailure(
                f"{str(error).rstrip('.')}. {sent} sent, and it is not known what the host did."
                " The ledger keeps the addresses promised and remembers which VMs to start again. Run the same task"
                " once more when the host answers: it finishes the work and takes no second address."
            ) from None

    def _row(self, decision: AdapterDecision, result: Mapping[str, Any]) -> AdapterRow:
        """Compare what the host shows with what was wanted."""
        if decision.status != "change":
            return AdapterRow(decision, decision.status)
        adapter, wanted = decision.target.adapter, rules.address_words(decision.address)
        if error := result_error(adapter.label, wanted, result):
            return AdapterRow(decision, result["status"], error, overtaken=result.get("reason") == "moved")
        if self.preview or rules.is_carried(decision, result):
            return AdapterRow(decision, "changed")
        mac, dynamic = rules.carried_after(adapter, result)
        error = MacPoolError(
            adapter.label,
            wanted,
            f"{mac} ({'dynamic' if dynamic else 'static'}) when read back" if mac else "nothing when read back",
            "Look at the host's event log, then run again; nothing was confirmed.",
        )
        return AdapterRow(decision, "failed", error)

    def _confirm(self, rows: Sequence[AdapterRow], claims: Mapping[Target, Claim], host: str) -> None:
        """Tell the ledger what was read back, and of what was refused untouched that it is not under way any more."""
        confirmations = []
        untouched = []
        for row in rows:
            claim = claims.get(row.decision.target)
            if claim is None:
                continue
            if row.status in ("changed", "unchanged"):
                if claim.state != "applied" or claim.unsure:
                    identity = _identity(row.decision.target)
                    confirmations.append(Confirmation(claim.fence, f"read back on host {host}", identity))
            elif row.status == "refused" and claim.unsure:
                untouched.append(Renewal(claim.fence))
        if confirmations:
            self.ledger.confirm(confirmations, self.job)
        if untouched:
            self.ledger.renew(untouched, self.job, reserve_for=self.reserve_for)

    def _finish(
        self,
        open_here: Mapping[str, Vm],
        operations: Sequence[Mapping[str, Any]],
        results: Sequence[Mapping[str, Any]],
        report: AdapterReport,
    ) -> None:
        """Close the intents of VMs that run again; one that does not run stays open for the next run."""
        restarted = {plain_id(operation["vm_id"]) for operation in operations if operation.get("power") == RESTART}
        running = {vm_id for vm_id in open_here.keys() - restarted if open_here[vm_id].state in RUNNING}
        for operation, result in zip(operations, results, strict=True):
            vm_id = operation["vm_id"]
            after = result.get("after") or {}
            if operation["op"] == "start_vm":
                if error := result_error(f"VM {vm_id}", "to start again after an interrupted restart", result):
                    report.errors.append(error)
                else:
                    report.recovered.append(vm_id)
                    running.add(plain_id(vm_id))
            elif operation.get("power") == RESTART and (
                result["status"] in ("done", "unchanged", "refused") or after.get("state") in RUNNING
            ):
                running.add(plain_id(vm_id))
        if not self.preview:
            for intent in self._restarts():
                if plain_id(intent.vm_id) in running:
                    self.ledger.finish_intent(intent.id, self.job)

    def _restarts(self) -> list[Intent]:
        return [intent for intent in self.ledger.open_intents() if intent.kind == RESTART]


def _identity(target: Target) -> Identity:
    adapter = target.adapter
    return Identity(adapter.vm.given_id, adapter.given_id, adapter.host.cluster_name)
