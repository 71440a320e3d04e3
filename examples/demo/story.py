# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of the demo: each runs what a user would run, and shows the result."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import yaml

from examples.demo.numbers import examples, open_findings, table, wrapped
from examples.demo.stage import Ansible, DemoError, Lab, Run
from examples.demo.wanted import Seen, as_variables, read, restartable, shared, wanted

PENDING = {"mac_adapters_when_running": "pending"}
MARK = ".macpool-demo"
TENANTS = Path(__file__).parent / "tenants.yml"
WORST = ("duplicate-address", "range-overlap", "departed", "static-in-dynamic-range", "stranded")


def main(root: Path, directory: Path) -> int:
    """Run the demo; 0 only if every step ended as expected.

    :param directory: for all files; those of an earlier demo are removed
    """
    # A terminated demo also ends its lab.
    signal.signal(signal.SIGTERM, lambda *_arguments: sys.exit(143))
    story = Story(root, directory)
    try:
        story.tell()
    except DemoError as problem:
        print(f"\nThe demo failed: {problem}\nWhat ansible-playbook printed is in {story.log}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. The simulated hosts have ended.", file=sys.stderr)
        return 130
    return 0


class Story:
    """The state of the demo."""

    def __init__(self, root: Path, directory: Path) -> None:
        self._began = time.monotonic()
        self._step_number = 0
        self._root = root
        self._directory = directory
        self._observations = self._directory / "observations"
        self.log = self._shown(self._directory / "ansible.log")
        self._ansible = Ansible(root, self._directory, self._directory / "ansible.log")

    def tell(self) -> None:
        """Run every step, from a cluster without a plan to one whose addresses are all known."""
        print(
            "A Hyper-V cluster that grew without a plan, and how macpool.hyperv puts it in order.\n"
            "The hosts are SIMULATED: no Windows is needed. Everything else is real: the playbooks of the\n"
            "collection, ansible-core, and its winrm connection.\n"
            f"The output of ansible-playbook goes to {self.log}"
        )
        self._clear()
        with ExitStack() as stack:
            self._say("Start the lab")
            lab = stack.enter_context(Lab(self._root, self._directory))
            hosts, vms, adapters = lab.size
            self._came_to(f"{hosts} hosts, {vms} VMs, {adapters} network adapters, without any plan of addresses.")

            self._init()
            before = self._look("Observe every host and find the problems", "report-before")
            self._print(wrapped(examples(before, WORST)))
            self._ranges()
            everyone = read(self._observations)
            self._push(everyone)
            self._restart(everyone)
            after = self._look("Observe the hosts again", "report-after")
            self._compare(before, after)
            self._ask(everyone)
            self._tenants()
            self._again()
        print(
            f"\nDone in {time.monotonic() - self._began:.0f} s. The simulated hosts have ended."
            f" Observations, ledger and reports are in {self._shown(self._directory)}."
        )

    def _clear(self) -> None:
        """Remove only the files of an earlier demo."""
        if self._directory.exists() and any(self._directory.iterdir()) and not (self._directory / MARK).exists():
            raise DemoError(f"{self._directory} has files that no demo wrote. Use another directory.")
        shutil.rmtree(self._directory, ignore_errors=True)
        self._directory.mkdir(parents=True)
        (self._directory / MARK).touch()

    def _init(self) -> None:
        run = self._run("Create the ledger, which stores the owner of every address", "macpool.hyperv.init")
        self._came_to("The ledger for the scope of the plan is still empty.", run)

    def _look(self, title: str, name: str) -> dict[str, Any]:
        run = self._run(title, "macpool.hyperv.observe", {"macpool_observations_dir": str(self._observations)})
        reports = self._directory / name
        audit = self._quietly(
            "macpool.hyperv.audit",
            {
                "mac_audit_observations_dir": str(self._observations),
                "mac_audit_report_dir": str(reports),
                "mac_audit_fail_at": "never",
            },
        )
        report: dict[str, Any] = json.loads((reports / "report.json").read_text(encoding="utf-8"))
        found = ", ".join(f"{number} {severity}" for severity, number in report["summary"]["severities"].items())
        state = "complete" if report["complete"] else "INCOMPLETE"
        self._came_to(f"The observation is {state}. Findings by severity: {found}.", run, audit)
        return report

    def _ranges(self) -> None:
        run = self._run(
            "Give each host its own range: refused, because addresses would change",
            "macpool.hyperv.apply",
            None,
            "--tags=ranges",
            fails=True,
        )
        failed = sorted(run.failures.items())
        refusals = [refusal for _host, result in failed for refusal in result.get("errors", ())]
        if not refusals or len(failed) != len(refusals):
            raise DemoError("the ranges were refused for another reason than VMs that would change address.")
        self._came_to("The hosts now have leases in the ledger, but still their old ranges:", run)
        self._print(
            wrapped([f"{refusal['subject']}: {refusal['found'].splitlines()[0].rstrip(':')}" for refusal in refusals])
        )
        first = refusals[0]["found"].splitlines()[1:3]
        self._print(wrapped([line.strip() for line in first], bullet="  such as "))
        carried = self._carried()
        run = self._run(
            "Allow it, because the next step gives those adapters static addresses",
            "macpool.hyperv.apply",
            {"mac_ranges_stranded": "allow"},
            "--tags=ranges",
        )
        if self._carried() != carried:
            raise DemoError("an adapter changed while the ranges of the hosts were set.")
        self._came_to("Each host has its own range, and every adapter still has its address.", run)

    def _push(self, everyone: Sequence[Seen]) -> None:
        chosen = wanted(everyone)
        path = self._write("adapters.yml", chosen, everyone)
        run = self._run(
            "Claim static addresses, and set them if the VM is off",
            "macpool.hyperv.apply",
            {"file": path, **PENDING},
            "--tags=adapters",
        )
        now = self._carried()
        done = [
            adapter for adapter in chosen if not now[adapter.vm_id, adapter.name]["dynamic"] and _moved(adapter, now)
        ]
        states = [adapter.state for adapter in chosen if adapter not in done]
        self._came_to(
            f"{len(chosen)} adapters have a dynamic address, or one that another VM also uses"
            f" (listed in {self._shown(path)}).\n"
            f"    {len(done)} of them now have a static one from pool tenant, read back from the host."
            f" {len(states)} wait: Hyper-V changes an\n    address only while the VM is off"
            f" ({states.count('Running')} run, {states.count('Saved')} are saved, {states.count('Paused')} paused).",
            run,
        )
        self._print(wrapped([_change(adapter, now) for adapter in done if adapter in shared(everyone)][:3]))

    def _restart(self, everyone: Sequence[Seen]) -> None:
        chosen = restartable(wanted(everyone))
        path = self._write("restart.yml", chosen, everyone)
        run = self._run(
            "Shut down the running VMs that the cluster can move, set their addresses and start them again",
            "macpool.hyperv.apply",
            {"file": path, "mac_adapters_when_running": "restart"},
            "--tags=adapters",
        )
        now = self._carried()
        running = sum(now[adapter.vm_id, adapter.name]["state"] == "Running" for adapter in chosen)
        self._came_to(f"{len(chosen)} adapters have their static address; the VMs of {running} of them run again.", run)
        self._print(wrapped([_change(adapter, now) for adapter in chosen if adapter in shared(everyone)][:2]))

    def _compare(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        self._print("\n".join(f"    {line}" for line in table(before, after)))
        self._print(
            "    Step 4 listed the adapters that get another address at their next start, and step 5 allowed it. They wait until\n"
            "    their VM is off; then run the command of step 6 again. Until then every report lists them. Also still open:"
        )
        self._print(wrapped(open_findings(after, "duplicate-address")))

    def _ask(self, everyone: Sequence[Seen]) -> None:
        now = self._carried()
        chosen = next(adapter for adapter in restartable(wanted(everyone)) if adapter in shared(everyone))
        mac = _dashed(now[chosen.vm_id, chosen.name]["mac"])
        run = self._run(f"Who has {mac}?", "examples/who_has.yml", {"mac": mac})
        first, *history = run.message
        self._came_to(first, run)
        self._print("\n".join(f"    {line}" for line in history))

    def _tenants(self) -> None:
        fixed = self._run(
            "Keep the Network Controller's interfaces in sync with the adapters bound to them", "examples/in_step.yml"
        )
        self._came_to(fixed.message[0], fixed)
        self._print(wrapped(fixed.message[1:]))
        run = self._run(
            "Create complete tenant VMs, from address to start", "macpool.hyperv.tenant_vm", {"file": TENANTS}
        )
        self._came_to(
            "One VM for each source of an address: a pool of the plan, the host's own block, the Network Controller.",
            run,
        )
        self._print(wrapped(run.message))

    def _again(self) -> None:
        everything = {"file": self._directory / "adapters.yml", "mac_ranges_stranded": "allow", **PENDING}
        init = self._run("Run everything again: nothing may change", "macpool.hyperv.init")
        apply = self._quietly("macpool.hyperv.apply", everything)
        tenants = self._quietly("macpool.hyperv.tenant_vm", {"file": TENANTS})
        changed = init.changed + apply.changed + tenants.changed
        if changed:
            raise DemoError(f"{changed} tasks of the second run changed something.")
        self._came_to("changed=0 on every host.", init, apply, tenants)

    def _carried(self) -> dict[tuple[str, str], Mapping[str, Any]]:
        """Return each VM's adapter from the simulated world itself, without the collection."""
        from tests.lab.client import LabClient

        return {
            (vm["id"], adapter["name"]): {**adapter, "state": vm["state"]}
            for host in LabClient.of(self._directory).state()["hosts"]
            for vm in host["vms"]
            if vm["replication_mode"] != "Replica"
            for adapter in vm["adapters"]
        }

    def _write(self, name: str, chosen: Sequence[Seen], everyone: Sequence[Seen]) -> Path:
        path = self._directory / name
        text = yaml.safe_dump(as_variables(chosen, everyone), default_flow_style=None, sort_keys=False, width=160)
        path.write_text(f"---\n{text}", encoding="utf-8")
        return path

    def _run(
        self,
        title: str,
        playbook: str,
        variables: Mapping[str, Any] | None = None,
        *arguments: str,
        fails: bool = False,
    ) -> Run:
        """Announce a step and run its playbook, which must end as expected."""
        self._say(title)
        return self._checked(self._ansible.playbook(playbook, variables, *arguments), fails)

    def _quietly(self, playbook: str, variables: Mapping[str, Any]) -> Run:
        return self._checked(self._ansible.playbook(playbook, variables), fails=False)

    def _checked(self, run: Run, fails: bool) -> Run:
        if bool(run.code) != fails:
            reasons = [f"{host}: {result.get('msg')}" for host, result in run.failures.items()]
            said = "\n".join(reasons) or run.output[-2000:]
            verb = "succeeded, which it should not" if fails else f"failed with exit code {run.code}"
            raise DemoError(f"{run.line}\n{verb}.\n{said}")
        return run

    def _say(self, title: str) -> None:
        self._step_number += 1
        self._print(f"\n{self._step_number:>2}. {title}")

    def _came_to(self, text: str, *runs: Run) -> None:
        for run in runs:
            self._print(f"    $ {run.line.replace(f'{self._root}{os.sep}', '')}    ({run.seconds:.1f} s)")
        self._print(f"    {text}")

    def _shown(self, path: Path) -> str:
        return str(path.relative_to(self._root) if path.is_relative_to(self._root) else path)

    _print: Callable[..., None] = staticmethod(print)


def _moved(adapter: Seen, now: Mapping[tuple[str, str], Mapping[str, Any]]) -> bool:
    return bool(now[adapter.vm_id, adapter.name]["mac"] != adapter.mac)


def _change(adapter: Seen, now: Mapping[tuple[str, str], Mapping[str, Any]]) -> str:
    after = now[adapter.vm_id, adapter.name]
    kind = "dynamic" if adapter.dynamic else "static"
    return f"{adapter.label}: {kind} {_dashed(adapter.mac)}, now static {_dashed(after['mac'])}"


def _dashed(mac: str) -> str:
    return "-".join(mac[index : index + 2] for index in range(0, 12, 2))
