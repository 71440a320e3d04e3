# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guide to the Network Controller shows can be copied, and the words of errors that it explains are those that are said."""

from __future__ import annotations

import re
import shlex
import shutil
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509 import load_pem_x509_certificate

from ansible_collections.macpool.hyperv.plugins.module_utils._specs import host, network_controller
from ansible_collections.macpool.hyperv.plugins.plugin_utils._sdn import tenant_entries
from tests.lab.network_controller.tls import Authority

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "docsite" / "rst" / "guide_network_controller.rst").read_text("utf-8")
TENANTS = (ROOT / "examples" / "tenants.yml").read_text("utf-8")
ROLES = ("mac_tenant_vm", "mac_interfaces")
Json = dict[str, Any]


def blocks(language: str) -> list[str]:
    """Return the blocks of a language."""
    return re.findall(rf"^\.\. code-block:: {language}\n\n((?:    .*\n|\n)+)", GUIDE, flags=re.MULTILINE)


def commands(program: str) -> list[str]:
    """Return the commands of the guide that start a program."""
    lines = [line.strip().removeprefix("$ ") for block in blocks("console") for line in block.splitlines()]
    return [line for line in lines if line.startswith(program)]


def variables() -> Json:
    """Return the variables that the guide sets; of those that it sets twice, the last."""
    found: Json = {}
    for block in blocks("yaml"):
        found |= yaml.safe_load(block)
    return found


def role_options(role: str) -> Json:
    """Return what a role says of its variables."""
    text = (ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text("utf-8")
    options: Json = yaml.safe_load(text)["argument_specs"]["main"]["options"]
    return options


def role_defaults(role: str) -> Json:
    """Return the defaults of a role."""
    defaults: Json = yaml.safe_load((ROOT / "roles" / role / "defaults" / "main.yml").read_text("utf-8"))
    return defaults


def column(title: str, number: int = 0) -> str:
    """Return a column of the first table below a title."""
    section = re.split(r"\n[-~]{5,}\n", GUIDE.partition(f"\n{title}\n")[2].partition("\n")[2])[0]
    rows = re.split(r"^   \* - ", section, flags=re.MULTILINE)[2:]
    return "\n".join(re.split(r"^     - ", row, flags=re.MULTILINE)[number] for row in rows)


def said() -> str:
    """Return all that the collection can say about interfaces, pools and tenant VMs, on one line."""
    paths = [
        *(ROOT / "plugins" / "module_utils").glob("_n*.py"),
        *(ROOT / "plugins" / "plugin_utils").rglob("*.py"),
        *(ROOT / "roles" / "mac_tenant_vm" / "tasks").glob("*.yml"),
    ]
    return re.sub(r"\s+", " ", " ".join(path.read_text("utf-8") for path in paths))


@pytest.mark.parametrize("text", [GUIDE, TENANTS], ids=["guide", "example"])
def test_the_list_of_tenants_is_one_that_the_role_takes(text: str) -> None:
    wanted = variables()["mac_tenant_vm_wanted"] if text is GUIDE else yaml.safe_load(text)["mac_tenant_vm_wanted"]
    spec = {"mac_tenant_vm_wanted": role_options("mac_tenant_vm")["mac_tenant_vm_wanted"]}
    validated = ArgumentSpecValidator(spec).validate({"mac_tenant_vm_wanted": wanted})
    assert not validated.error_messages
    sources = [{"pool", "dynamic", "mac_address"} & entry.keys() for entry in wanted]
    assert len(wanted) == 3
    assert all(len(source) == 1 for source in sources)
    assert [str(entry.get("pool", "")).partition("/")[0] for entry in wanted] == ["tenant", "host", ""]


def test_the_role_takes_what_its_tasks_take() -> None:
    """An entry is handed on to three tasks; an option that one of them lost or got must be known here."""
    entry = role_options("mac_tenant_vm")["mac_tenant_vm_wanted"]["options"]
    taken = network_controller.TENANT_VM_PLAN["argument_spec"]["wanted"]["options"]
    vm = host.VM["argument_spec"]["vms"]["options"]
    interface = network_controller.NC_NETWORK_INTERFACE["argument_spec"]["interfaces"]["options"]
    profile = host.VM_PORT_PROFILE["argument_spec"]["profiles"]["options"]
    assert entry.keys() == taken.keys()
    assert {*tenant_entries.VM_KEYS, "adapter_name", "clustered"} == vm.keys()
    assert {*tenant_entries.SOURCES} - {"keep_address"} <= interface.keys()
    assert {*tenant_entries.SETTINGS} <= interface.keys()
    of_adapters = {"interface", "owner", "profile_data", *tenant_entries.SOURCES, *tenant_entries.SETTINGS}
    assert {"name", *of_adapters} == taken["adapters"]["options"].keys()
    assert {*vm.keys(), *of_adapters, "adapters"} == entry.keys()
    assert entry["ip_configurations"]["options"].keys() == interface["ip_configurations"]["options"].keys()
    assert entry["profile_data"]["choices"] == profile["profile_data"]["choices"]
    for key, option in entry.items():
        assert (option.get("type"), option.get("choices")) == (taken[key]["type"], taken[key].get("choices")), key


@pytest.mark.parametrize("role", ROLES)
def test_a_role_says_each_of_its_variables_with_its_default(role: str) -> None:
    options, defaults = role_options(role), role_defaults(role)
    assert options.keys() - {"mac_tenant_vm_wanted"} == defaults.keys()
    fixed = {name: value for name, value in defaults.items() if "{{" not in str(value)}
    assert {name: options[name].get("default") for name in fixed} == fixed
    readme = (ROOT / "roles" / role / "README.md").read_text("utf-8")
    assert set(re.findall(rf"^\| `({role}_\w+)` \|", readme, flags=re.MULTILINE)) >= options.keys()


def test_every_variable_and_playbook_of_the_guide_exists() -> None:
    for role in ROLES:
        for variable in set(re.findall(rf"\b{role}_\w+", GUIDE)):
            assert variable in role_options(role), variable
    plays = commands("ansible-playbook")
    assert len(plays) >= 5
    for words in map(shlex.split, plays):
        target = next(word for word in words[1:] if word.startswith(("macpool.hyperv.", "examples/")))
        name = target.removeprefix("macpool.hyperv.")
        path = ROOT / target if target.startswith("examples/") else ROOT / "playbooks" / f"{name}.yml"
        assert path.exists(), target


def test_the_options_for_all_tasks_are_known_to_all_tasks() -> None:
    """A default of an action group that one of its tasks does not know makes that task fail."""
    options = variables()["macpool_network_controller"]
    assert "url" in options
    for name in ("NC_INFO", "NC_MAC_POOL", "NC_MAC_POOL_INFO", "NC_NETWORK_INTERFACE", "NC_NETWORK_INTERFACE_INFO"):
        assert options.keys() <= getattr(network_controller, name)["argument_spec"].keys(), name


@pytest.mark.parametrize("inventory", ["kerberos", "credssp", "certificate"])
def test_the_options_in_the_example_inventories_are_known(inventory: str) -> None:
    path = ROOT / "examples" / "inventory" / inventory / "group_vars" / "all" / "macpool.yml"
    commented = path.read_text("utf-8").partition("# macpool_network_controller:\n")[2]
    options = yaml.safe_load("\n".join(line.removeprefix("#") for line in commented.splitlines()))
    assert "url" in options
    spec = {"argument_spec": {"o": {"type": "dict", "options": network_controller.NETWORK_CONTROLLER_OPTIONS}}}
    assert not ArgumentSpecValidator(**spec).validate({"o": options}).error_messages


def test_every_choice_of_managed_by_is_explained() -> None:
    explained = re.findall(r"^``(\w+)``", column("SDN that Azure Arc manages"), flags=re.MULTILINE)
    choices = network_controller.NC_NETWORK_INTERFACE["argument_spec"]["managed_by"]["choices"]
    assert sorted(explained) == sorted(choices)


@pytest.mark.parametrize("title", ["What errors mean", "Keeping interfaces in sync"])
def test_the_words_of_errors_are_those_that_are_said(title: str) -> None:
    words = re.findall(r"``([^`]+)``", column(title))
    assert len(words) >= 4
    everything = said()
    for word in words:
        for part in re.split(r", but found |\.\.\.", word):
            # What comes before is put together from the parts of an error, or is an example.
            text = re.sub(r"^(expected|wanted|found|failed:|left out:.*|\d+(?= ))\s*", "", part.strip())
            assert text in everything, text


def test_the_messages_that_it_shows_are_those_that_are_said() -> None:
    shown = re.sub(r"\s+", " ", " ".join(blocks("text")))
    everything = said()
    for text in (
        "it is not known what the host did. The ledger keeps the addresses promised and remembers which VMs to start again.",
        "Nothing was changed, because these VMs run:",
        "Shut them down, or set mac_tenant_vm_stop to true to have it done.",
        "an address that the Network Controller chooses",
        "Change it through Azure (portal, az stack-hci-vm, ARM templates). You can still read and audit it.",
    ):
        assert text in shown
        assert text in re.sub(r'" f?"', "", everything), text


def run(command: str, directory: Path, *more: str) -> None:
    """Run a command of the guide."""
    subprocess.run([*shlex.split(command), *more], cwd=directory, check=True, capture_output=True)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_the_commands_make_files_that_python_can_log_on_with(tmp_path: Path) -> None:
    authority = Authority("Example CA")
    certificate, key = (text.encode() for text in authority.issue("macpool", server=False))
    private: Any = load_pem_private_key(key, None)
    sealed = BestAvailableEncryption(b"secret")
    pfx = pkcs12.serialize_key_and_certificates(b"x", private, load_pem_x509_certificate(certificate), None, sealed)
    (tmp_path / "client.pfx").write_bytes(pfx)
    der = load_pem_x509_certificate(authority.pem.encode()).public_bytes(Encoding.DER)
    (tmp_path / "nc-ca.cer").write_bytes(der)
    to_pem, from_der = commands("openssl")
    run(to_pem, tmp_path, "-passin", "pass:secret")
    run(from_der, tmp_path)
    context = ssl.create_default_context(cafile=str(tmp_path / "nc-ca.pem"))
    context.load_cert_chain(tmp_path / "client.pem")
    assert context.get_ca_certs()
