# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random histories of tenant VMs: whatever administrators do, no plan takes anything from a running VM that it does not mean.

What an accepted plan asks for is done to the model, so that each step begins with what the ones before have left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.macpool.hyperv.plugins.module_utils._errors import MacPoolError
from ansible_collections.macpool.hyperv.plugins.plugin_utils._ledger.model import Identity
from ansible_collections.macpool.hyperv.plugins.plugin_utils._sdn import tenant_steps
from ansible_collections.macpool.hyperv.plugins.plugin_utils._sdn.tenant_vm import Goal, Plan
from tests.unit.plugins.plugin_utils.sdn.tenants import Cluster, Json, Nic, TenantVm, entry

NAMES = ("web01", "web02", "WEB01", "web03")
HOSTS = ("hv1", "hv2", "hv3")
Step = tuple[str, int, int]


def pick(cluster: Cluster, number: int) -> TenantVm | None:
    return cluster.vms[number % len(cluster.vms)] if cluster.vms else None


def administrator(cluster: Cluster, verb: str, one: int, other: int) -> None:
    """Do what administrators do without telling the ledger."""
    vm, name, host = pick(cluster, one), NAMES[other], HOSTS[other % 3]
    if verb == "create":
        cluster.vms.append(TenantVm(cluster.new_id("vm"), name, host, dynamic=True, state="Off"))
    elif verb == "nic_delete" and cluster.nics:
        del cluster.nics[sorted(cluster.nics)[one % len(cluster.nics)]]
    elif verb == "silence":
        cluster.silent ^= {host}
    elif vm is None:
        return
    elif verb == "rename":
        vm.name = ("old01", *NAMES[1:])[other]
    elif verb == "clone":
        bound_to = vm.bound_to if other % 2 else ""
        cluster.vms.append(replace(vm, id=cluster.new_id("vm"), name=name, host=host, bound_to=bound_to))
    elif verb == "migrate":
        vm.host = host
    elif verb == "delete":
        cluster.vms.remove(vm)
    elif verb == "power":
        vm.state = "Off" if vm.state == "Running" else "Running"
    elif verb == "unbind":
        vm.bound_to = ""
    elif verb == "readdress":
        vm.mac, vm.dynamic = f"00155D{cluster.made:06X}", bool(other % 2)
        cluster.made += 1


def fresh(cluster: Cluster, owner: str) -> str:
    """The address of an owner, or a new one."""
    if owner not in cluster.claims:
        cluster.made += 1
        cluster.claim(owner, f"221DD9{cluster.made:06X}", state="reserved")
    return f"{cluster.claims[owner].address:012X}"


def apply_present(cluster: Cluster, plan: Plan) -> None:
    made: list[Json] = []
    for row in plan.rows:
        if asked := row["interface_entry"]:
            mac = asked.get("mac_address") or fresh(cluster, row["claim_owner"])
            if row["claim_owner"] not in cluster.claims:
                cluster.claim(row["claim_owner"], mac, state="reserved")
            nic = cluster.nics.setdefault(row["interface"], Nic(cluster.new_id("nic"), mac))
            nic.mac = mac
            made.append({"name": row["interface"], "mac_address": mac, "instance_id": nic.id, "status": "changed"})
        if row["vm_id"] is None:
            cluster.vms.append(TenantVm(cluster.new_id("vm"), row["vm"], row["host"], dynamic=True, state="Off"))
    for host, asked in tenant_steps.to_bind(plan.rows, made, preview=False).items():
        for kind in ("adapters", "profiles"):
            for item in asked[kind]:
                (vm,) = (vm for vm in cluster.vms if item["vm"] in (vm.id, vm.name) and vm.host == host)
                if kind == "adapters":
                    assert vm.state == "Off" or (vm.mac == item["mac_address"] and not vm.dynamic)
                    vm.mac, vm.dynamic = item["mac_address"], False
                    # The ledger knows an owner however its name is spelled.
                    known = [owner for owner in cluster.claims if owner.upper() == item["owner"].upper()]
                    cluster.claim((known or [item["owner"]])[0], vm.mac, vm)
                else:
                    vm.bound_to, vm.profile_data = item["interface_id"], item["profile_data"]
    for row in plan.rows:
        for vm in cluster.vms:
            if vm.id == row["vm_id"] or (row["vm_id"] is None and vm.name == row["vm"]):
                vm.state = "Running"


def apply_absent(cluster: Cluster, plan: Plan, *, remove: bool) -> None:
    results = []
    for row in plan.rows:
        for vm in [vm for vm in cluster.vms if vm.id == row["vm_id"]]:
            if remove:
                cluster.vms.remove(vm)
            else:
                vm.state, vm.dynamic, vm.bound_to = "Off", True, ""
            results.append({"vm_id": vm.id, "status": "removed" if remove else "changed"})
        if row["interface_entry"]:
            del cluster.nics[row["interface"]]
    for part in tenant_steps.to_release(plan.rows, results, remove=remove):
        for owner in (claim["owner"] for claim in part["claims"]):
            if owner in cluster.claims:
                claim = cluster.claims.pop(owner)
                if not part["gone"]:
                    cluster.claims[owner] = claim._replace(state="releasing")


def would_be_refused(cluster: Cluster, plan: Plan) -> bool:
    """Whether a host would refuse another address for a VM that runs, before anything is written."""
    running = {vm.id: vm for vm in cluster.vms if vm.state == "Running"}
    for row in plan.rows:
        vm, asked = running.get(row["vm_id"]), row["interface_entry"] or {}
        claim = cluster.claims.get(row["claim_owner"])
        mac = asked.get("mac_address") or (f"{claim.address:012X}" if claim else "")
        if vm and not row["settled"] and (vm.dynamic or vm.mac != mac):
            return True
    return False


def held(cluster: Cluster) -> dict[str, tuple[str, str, str]]:
    """What each running VM has: address, interface, claim; of an interface that agrees, and of a claim that is its own."""
    nics = {nic.id: name for name, nic in cluster.nics.items() if nic.mac}
    macs = {nic.id: nic.mac for nic in cluster.nics.values()}
    owners = {claim.identity: owner for owner, claim in cluster.claims.items() if claim.identity and claim.live}
    return {
        vm.id: (
            vm.mac,
            nics.get(vm.bound_to, "") if macs.get(vm.bound_to) == vm.mac else "",
            owners.get(Identity(vm.id, vm.adapter_id), ""),
        )
        for vm in cluster.vms
        if vm.state == "Running"
    }


def run(cluster: Cluster, name: str, goal: Goal) -> bool:
    """Run the role in the model; False where it refuses."""
    before = held(cluster)
    try:
        plan = cluster.plan(entry(name), goal=goal)
        (row,) = plan.rows
        if not goal.absent and would_be_refused(cluster, plan):
            return False
    except MacPoolError:
        return False
    meant = row["vm_id"]
    if goal.absent:
        apply_absent(cluster, plan, remove=goal.remove)
    else:
        apply_present(cluster, plan)
    after = held(cluster)
    for vm, (mac, nic, owner) in before.items():
        if vm == meant:
            if not goal.absent:
                assert after[vm][0] == mac, "the address of a running VM"
                assert nic in ("", after[vm][1]), "its interface"
                assert owner in ("", after[vm][2]), "its claim"
            continue
        assert after.get(vm) == (mac, nic, owner), f"VM {vm} has lost something to {name} ({meant})"
    return True


VERBS = ("create", "rename", "clone", "migrate", "delete", "power", "unbind", "readdress", "nic_delete", "silence")
SMALL = st.integers(0, 3)
ROUND = st.tuples(
    st.lists(st.tuples(st.sampled_from(VERBS), SMALL, SMALL), min_size=1, max_size=3),
    st.tuples(st.sampled_from(["present", "present", "absent", "kept"]), SMALL, SMALL),
)
"""What administrators do, and then what the role is asked."""
HISTORY = st.lists(ROUND, min_size=1, max_size=5).map(
    lambda rounds: [step for did, then in rounds for step in (*did, then)]
)


def take(cluster: Cluster, step: Step, past_unread: bool) -> None:
    verb, one, other = step
    goals: dict[str, Callable[[], Goal]] = {
        "present": lambda: Goal("present", past_unread=past_unread),
        "absent": lambda: Goal("absent", stop=True, remove=True, past_unread=past_unread),
        "kept": lambda: Goal("absent", stop=True, past_unread=past_unread),
    }
    if verb in goals:
        run(cluster, NAMES[one], goals[verb]())
    else:
        administrator(cluster, verb, one, other)


@settings(max_examples=250)
@given(HISTORY)
def test_no_running_vm_loses_anything_to_another_one(steps: list[Step]) -> None:
    cluster = Cluster()
    for name in NAMES[:2]:
        cluster.tenant(name)
    for step in steps:
        take(cluster, step, past_unread=False)


@given(HISTORY)
def test_to_go_past_unread_hosts_changes_nothing_where_all_were_read(steps: list[Step]) -> None:
    one, other = Cluster(), Cluster()
    for cluster in (one, other):
        cluster.tenant("web01")
    for step in steps:
        if step[0] != "silence":
            take(one, step, past_unread=False)
            take(other, step, past_unread=True)
    assert one == other


@given(st.sampled_from(["migrate", "power", "silence", "nic_delete", "create"]), SMALL, SMALL)
def test_what_can_be_done_is_not_refused(verb: str, one: int, other: int) -> None:
    """Otherwise a plan that refuses everything would pass."""
    cluster = Cluster()
    cluster.tenant("web02")
    if verb == "create" and NAMES[other] == "web02":
        return
    administrator(cluster, verb, one, other)
    if verb == "silence" or (verb == "power" and cluster.silent):
        cluster.silent -= {"hv1"}
    assert run(cluster, "web02", Goal("present"))
    assert cluster.plan(entry("web02")).settled
    assert run(cluster, "web02", Goal("absent", stop=True, remove=True)) != bool(cluster.silent)
