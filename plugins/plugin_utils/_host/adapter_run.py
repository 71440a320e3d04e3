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
from typing import Any, Protocol

from ansible.errors import AnsibleConnectionFailure

from ...module_utils._errors import MacPoolError, raise_all
from ...module_utils._mac import format_mac
from .._ledger import model as _contract
from .._ledger.ledger import Ledger
from .._ledger.model import Claim, Confirmation, Fence, Identity, Intent, Job, Outcome, Renewal, Request
from .._ledger.promise import check_promised
from .._observation.model import OFF, RUNNING
from . import adapters as _host
from .adapters import Item, Target, Wish
from .rounds import in_rounds

RESTART = "restart"


class Host(Protocol):
    """What can be asked of a host; both raise Ansible's own error when the connection breaks."""

    def observe(self, gather: Sequence[str], vms: Sequence[str] | None = None) -> dict[str, Any]:
        """Return an observation of a part of the host."""

    def apply(self, operations: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Run operations, or predict them in check mode, and return their results in order."""


@dataclass(frozen=True)
class Power:
    """What may be done to a VM that runs."""

    when_running: str
    shutdown_timeout: int
    force_off: bool


@dataclass
class Row:
    """What became of one adapter."""

    item: Item
    status: str
    reason: str = ""
    error: MacPoolError | None = None

    def as_result(self) -> dict[str, Any]:
        """Return the row for the task's result."""
        target = self.item.target
        after = self.item.after if self.status == "changed" else self.item.before
        return {
            "vm": target.adapter.vm,
            "vm_id": target.adapter.vm_id,
            "name": target.adapter.name,
            "adapter_id": target.adapter.id,
            "owner": target.owner,
            "pool": target.wish.pool,
            "port_profile": profile.as_result() if (profile := target.adapter.profile) else None,
            **after,
            "status": self.status,
            "reason": self.reason,
            "before": self.item.before,
            "after": after,
        }


@dataclass
class Report:
    """What became of all wishes."""

    rows: list[Row] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    recovered: list[str] = field(default_factory=list)
    errors: list[MacPoolError] = field(default_factory=list)
    claimed: bool = False

    def as_result(self) -> dict[str, Any]:
        """Return the result of the task; failed when anything that was begun did not end as wanted."""
        result: dict[str, Any] = {
            "changed": self.claimed or bool(self.recovered) or any(row.status == "changed" for row in self.rows),
            "adapters": [row.as_result() for row in self.rows],
            "pending": sum(row.status == "pending" for row in self.rows),
            "missing": self.missing,
            "recovered": self.recovered,
        }
        if self.errors:
            lines = "\n".join(str(error) for error in self.errors)
            result.update(failed=True, msg=lines, errors=[error.as_dict() for error in self.errors])
        return result

    @property
    def before(self) -> dict[str, Any]:
        """Return the managed keys of the adapters that changed, as they were."""
        return {self._label(row): row.item.before for row in self.rows if row.status == "changed"}

    @property
    def after(self) -> dict[str, Any]:
        """Return the managed keys of the adapters that changed, as they are now."""
        return {self._label(row): row.item.after for row in self.rows if row.status == "changed"}

    @staticmethod
    def _label(row: Row) -> str:
        adapter = row.item.target.adapter
        return f"{adapter.owner_name} ({adapter.vm_id})"


@dataclass
class Pusher:
    """One task's worth of addresses for one host."""

    ledger: Ledger
    job: Job
    host: Host
    preview: bool
    reserve_for: int
    power: Power
    skip_missing_vms: bool = False
    bound: str = "fail"

    def run(self, wishes: Sequence[Wish]) -> Report:
        """Fulfil the wishes; VMs that move away meanwhile are looked for again."""
        report = Report()
        # What was claimed or changed before an error must be told with it.
        report.errors += in_rounds(
            wishes, lambda left, last: self._round(left, report, last), lambda: report.claimed or bool(report.rows)
        )
        return report

    def _round(self, wishes: Sequence[Wish], report: Report, last: bool) -> list[Wish]:
        """Fulfil what can be fulfilled now and return the wishes for VMs that moved away in between."""
        intents = self._restarts()
        vms = {wish.vm: None for wish in wishes} | {intent.vm_id: None for intent in intents}
        observation = self.host.observe(["vms", "cluster", "port_profiles"], list(vms))
        targets = _host.find_targets(observation, wishes, self.skip_missing_vms)
        found = {target.wish for target in targets}
        report.missing = [*report.missing, *(wish.vm for wish in wishes if wish not in found)]

        predicted = self._addresses(targets, preview=True)
        items = self._decide(targets, predicted)
        now = [item.target for item in items if item.status != "pending"]
        outcomes = self._addresses(now, preview=self.preview)
        report.claimed |= any(outcome.changed for outcome in outcomes.values())
        report.rows += [Row(item, "pending", item.reason) for item in items if item.status == "pending"]
        items = self._decide(now, outcomes)

        operations = _host.adapter_operations(items, self.power.shutdown_timeout, self.power.force_off)
        states = {vm["id"]: vm["state"] for vm in observation["vms"]}
        open_here = {intent.vm_id: intent for intent in intents if intent.vm_id in states}
        left_off = [vm_id for vm_id in open_here if states[vm_id] == OFF]
        operations += _host.start_operations(left_off)

        claims = {key: outcome.claim for key, outcome in outcomes.items()}
        if operations and not self.preview:
            claims |= self._mark(items, claims, observation["host"]["name"], operations, open_here)
        results = self._apply(operations)
        moved = self._read_back(items, results, report, last)
        if not self.preview:
            self._confirm([row for row in report.rows if row.item in items], claims, observation["host"]["name"])
        self._finish(open_here, states, operations, results, report)
        return moved

    def _decide(self, targets: Sequence[Target], outcomes: Mapping[Target, Outcome]) -> list[Item]:
        return _host.decide_adapters(_with_addresses(targets, outcomes), self.power.when_running, self.bound)

    def _addresses(self, targets: Sequence[Target], preview: bool) -> dict[Target, Outcome]:
        """Claim, or predict, the address of each target that shall have a static one."""
        requests: dict[Target, Request] = {}
        errors: list[MacPoolError] = []
        for target in targets:
            try:
                if request := self._request(target):
                    requests[target] = request
            except MacPoolError as error:
                errors.append(error)
        raise_all("nothing was changed", errors)
        if not requests:
            return {}
        outcomes = self.ledger.ensure(list(requests.values()), self.job, reserve_for=self.reserve_for, preview=preview)
        return dict(zip(requests, outcomes, strict=True))

    def _request(self, target: Target) -> Request | None:
        adapter, wish = target.adapter, target.wish
        identity = Identity(adapter.vm_id, adapter.id, adapter.cluster)
        if wish.goal == "dynamic":
            return None
        if wish.goal == "pin":
            address = _host.check_pin(target)
            return None if address is None else Request(target.owner, "", address, identity, adopt=True)
        if wish.address is not None:
            check_promised(self.ledger, target.adapter.label, target.owner, wish.address, self.preview)
            return Request(target.owner, "", wish.address, identity)
        return Request(target.owner, wish.pool or "", None, identity)

    def _mark(
        self,
        items: Sequence[Item],
        claims: Mapping[Target, Claim],
        host: str,
        operations: Sequence[Mapping[str, Any]],
        open_here: Mapping[str, Intent],
    ) -> dict[Target, Claim]:
        """Write down what is about to happen: after this, a lost connection leaves a trace."""
        for operation in operations:
            if operation.get("power") == RESTART and operation["vm_id"] not in open_here:
                self.ledger.intend(host, operation["vm_id"], self.job, kind=RESTART)
        pushed = [item.target for item in items if item.status == "change" and item.target in claims]
        if not pushed:
            return {}
        renewals = [
            Renewal(_fence(claims[target]), _contract.Push(host, target.adapter.vm_id, target.adapter.id))
            for target in pushed
        ]
        outcomes = self.ledger.renew(renewals, self.job, reserve_for=self.reserve_for)
        return {target: outcome.claim for target, outcome in zip(pushed, outcomes, strict=True)}

    def _apply(self, operations: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        if not operations:
            return []
        try:
            return self.host.apply(operations)
        except AnsibleConnectionFailure as error:
            if self.preview:
                raise
            raise AnsibleConnectionFailure(
                f"{str(error).rstrip('.')}. {len(operations)} operations were under way, and nobody knows how far they"
                " got. The ledger keeps the addresses promised and remembers which VMs to start again. Run the same task"
                " once more when the host answers: it finishes the work and takes no second address."
            ) from None

    def _read_back(
        self, items: Sequence[Item], results: Sequence[Mapping[str, Any]], report: Report, last: bool
    ) -> list[Wish]:
        """Compare what the host shows with what was wanted, and return the wishes for VMs that moved away."""
        by_vm = {result["id"]: result for result in results if result["op"] == "set_vm_macs"}
        moved: list[Wish] = []
        for item in items:
            if item.status != "change":
                report.rows.append(Row(item, item.status))
                continue
            adapter = item.target.adapter
            result = by_vm[f"set_vm_macs {adapter.vm_id}"]
            if result.get("reason") == "moved" and not last:
                moved.append(item.target.wish)
                continue
            wanted = "dynamic" if item.address is None else f"static {format_mac(item.address, 'dash')}"
            error = _host.result_error(adapter.label, wanted, result)
            if error is None and not self.preview and not _host.is_carried(item, result):
                error = MacPoolError(
                    adapter.label,
                    wanted,
                    f"{_host.carried_after(result).get(adapter.id.casefold())} when read back",
                    "Look at the host's event log, then run again; nothing was confirmed.",
                )
            if error:
                report.errors.append(error)
                report.rows.append(Row(item, result["status"] if result["status"] != "done" else "failed", str(error)))
            else:
                report.rows.append(Row(item, "changed", item.reason))
        return moved

    def _confirm(self, rows: Sequence[Row], claims: Mapping[Target, Claim], host: str) -> None:
        """Tell the ledger what was read back, and of what was refused untouched that it is not under way any more."""
        confirmations = []
        untouched = []
        for row in rows:
            claim = claims.get(row.item.target)
            if claim is None:
                continue
            adapter = row.item.target.adapter
            if row.status in ("changed", "unchanged"):
                if claim.state != "applied" or claim.unsure:
                    identity = Identity(adapter.vm_id, adapter.id, adapter.cluster)
                    confirmations.append(Confirmation(_fence(claim), f"read back on host {host}", identity))
            elif row.status in ("refused", "skipped") and claim.unsure:
                untouched.append(Renewal(_fence(claim)))
        if confirmations:
            self.ledger.confirm(confirmations, self.job)
        if untouched:
            self.ledger.renew(untouched, self.job, reserve_for=self.reserve_for)

    def _finish(
        self,
        open_here: Mapping[str, Intent],
        states: Mapping[str, str],
        operations: Sequence[Mapping[str, Any]],
        results: Sequence[Mapping[str, Any]],
        report: Report,
    ) -> None:
        """Close the intents of VMs that run again; one that does not stays open for the next run."""
        restarted = {operation["vm_id"] for operation in operations if operation.get("power") == RESTART}
        running = {vm_id for vm_id in open_here.keys() - restarted if states[vm_id] in RUNNING}
        for operation, result in zip(operations, results, strict=True):
            vm_id = operation["vm_id"]
            after = result.get("after") or {}
            if operation["op"] == "start_vm":
                if error := _host.result_error(f"VM {vm_id}", "to start again after an interrupted restart", result):
                    report.errors.append(error)
                else:
                    report.recovered.append(vm_id)
                    running.add(vm_id)
            elif operation.get("power") == RESTART and (
                result["status"] in ("done", "unchanged", "refused", "skipped") or after.get("state") in RUNNING
            ):
                running.add(vm_id)
        if not self.preview:
            for intent in self._restarts():
                if intent.vm_id in running:
                    self.ledger.finish_intent(intent.id, self.job)

    def _restarts(self) -> list[Intent]:
        return [intent for intent in self.ledger.open_intents() if intent.kind == RESTART]


def _with_addresses(targets: Sequence[Target], outcomes: Mapping[Target, Outcome]) -> list[tuple[Target, int | None]]:
    return [(target, outcomes[target].claim.address if target in outcomes else None) for target in targets]


def _fence(claim: Claim) -> Fence:
    return Fence(claim.address, claim.owner, claim.generation)
