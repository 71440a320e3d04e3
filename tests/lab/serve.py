# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Serve the lab in the foreground until it is told to stop."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from .lab import Lab
from .seed import DEFAULT_HOSTS, DEFAULT_SEED, DEFAULT_VMS, MOST_HOSTS

ROOT = Path(__file__).resolve().parents[2]


class SettingError(Exception):
    """A variable of the environment that the lab cannot use."""


def number(environment: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = environment.get(name) or str(default)
    if not text.isdecimal() or not least <= int(text) <= most:
        raise SettingError(f"{name} is {text!r}: give a whole number from {least} to {most}")
    return int(text)


def main(environment: Mapping[str, str] | None = None) -> int:
    environment = os.environ if environment is None else environment
    try:
        hosts = number(environment, "LAB_HOSTS", DEFAULT_HOSTS, 1, MOST_HOSTS)
        vms = number(environment, "LAB_VMS", DEFAULT_VMS, 0, 100_000)
        seed = number(environment, "LAB_SEED", DEFAULT_SEED, 0, 2**63)
    except SettingError as problem:
        print(f"lab: {problem}", file=sys.stderr)
        return 2
    directory = Path(environment.get("LAB_DIR") or ".lab")

    stopping = threading.Event()
    for number_of_signal in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number_of_signal, lambda *_arguments: stopping.set())
    with Lab.seeded(hosts, vms, seed) as lab:
        lab.write_files(directory)
        adapters = sum(len(vm.adapters) for _host, vm in lab.world.sightings())
        carriers = sum(1 for _sighting in lab.world.sightings())
        print(
            f"lab: ready: {hosts} simulated Hyper-V hosts (no Windows here), {carriers} VMs, {adapters} adapters, seed {seed}; "
            f"inventory {directory / 'inventory.yml'}; Network Controller {lab.controller.url}",
            flush=True,
        )
        print("lab: for your own playbooks, in another terminal:")
        print(f'  export PATH="{ROOT}/.venv/bin:$PATH" ANSIBLE_COLLECTIONS_PATH="{ROOT}/.cache/collections"')
        print(f"  ansible-playbook -i {(directory / 'inventory.yml').absolute()} macpool.hyperv.audit", flush=True)
        stopping.wait()
    lab.remove_files(directory)
    print("lab: stopped", flush=True)
    return 0
