# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the stand-in modules: C# cmdlets from the contracts, their objects, and a manifest for each module.

A build goes to ``.cache/powershell/<hash of everything that it is made from>`` and is used until something changes.
It takes a few seconds. Of several processes one builds, and the others wait; a result appears whole or not at all.

A contract lists the parameters of a cmdlet as ``name type [alias=a,b] [sets=Set:flags;Set:flags] [values=a,b] [notempty]``;
the flags of a parameter set are m (mandatory), p (pipeline by value), n (pipeline by property name) and a digit (position).
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from . import pwsh

HERE = Path(__file__).resolve().parent
CACHE = HERE.parents[2] / ".cache" / "powershell"

HYPERV = "Microsoft.HyperV.PowerShell"
CLUSTERS = "Microsoft.FailoverClusters.PowerShell"
SCVMM = "Microsoft.SystemCenter.VirtualMachineManager"
# Where the objects of a module live.
NAMESPACES = {"Hyper-V": HYPERV, "FailoverClusters": CLUSTERS, "VirtualMachineManager": SCVMM}
# Namespace and suffix of the classes behind the cmdlets: both show in FullyQualifiedErrorId.
COMMANDS = {
    "Hyper-V": (f"{HYPERV}.Commands", ""),
    "FailoverClusters": (CLUSTERS, "Command"),
    "VirtualMachineManager": (f"{SCVMM}.Cmdlets", "Cmdlet"),
    "Windows": ("Microsoft.PowerShell.Commands", "Command"),
}
VERSIONS = {"VirtualMachineManager": "1.0.523.0"}
ALIASES = {"Get-VMSnapshot": "Get-VMCheckpoint", "Get-CimInstance": "gcim"}
# What a contract calls a type, in lower case, and what C# calls it.
SIMPLE = {
    "string": "string",
    "bool": "bool",
    "boolean": "bool",
    "int": "int",
    "int16": "short",
    "int32": "int",
    "int64": "long",
    "long": "long",
    "uint16": "ushort",
    "uint32": "uint",
    "uint64": "ulong",
    "decimal": "decimal",
    "object": "object",
    "guid": "System.Guid",
    "timespan": "System.TimeSpan",
    "datetime": "System.DateTime",
    "version": "System.Version",
    "switch": "SwitchParameter",
    "switchparameter": "SwitchParameter",
    "psobject": "PSObject",
    "pscredential": "PSCredential",
    "hashtable": "System.Collections.Hashtable",
    "system.collections.specialized.stringcollection": "System.Collections.Specialized.StringCollection",
}


@dataclass
class Parameter:
    """A parameter of a cmdlet, as its contract has it."""

    name: str
    type: str
    aliases: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    not_empty: bool = False
    # Parameter set -> flags
    sets: dict[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Parameter:
        """Read the notation of the contracts."""
        name, kind, *options = text.split()
        given = dict(option.split("=", 1) for option in options if "=" in option)
        sets = dict(entry.partition(":")[::2] for entry in given.get("sets", "(All)").split(";"))
        return cls(name, kind, listed(given.get("alias")), listed(given.get("values")), "notempty" in options, sets)


@dataclass
class Cmdlet:
    """A cmdlet, as its contract has it."""

    name: str
    parameters: list[Parameter]
    default_set: str | None = None
    should_process: bool = False
    confirm_impact: str = "Medium"


def listed(text: str | None) -> list[str]:
    """Return the entries of a list that is written with commas."""
    return text.split(",") if text else []


@functools.cache
def contracts() -> dict[str, dict[str, Cmdlet]]:
    """Return the cmdlets of each module."""
    return {
        path.stem: {
            name: Cmdlet(
                name,
                [Parameter.parse(text) for text in entry["parameters"]],
                entry.get("default"),
                entry.get("should_process", False),
                entry.get("confirm_impact", "Medium"),
            )
            for name, entry in json.loads(path.read_text(encoding="utf-8"))["cmdlets"].items()
        }
        for path in sorted((HERE / "contracts").glob("*.json"))
        if path.stem != "objects"
    }


@functools.cache
def generate() -> Path:
    """Return the folder of the current build: StandIn.dll, Behaviour.psm1 and modules/<Module>/<Module>/<Module>.psd1."""
    target = CACHE / f"standin-{digest(inputs())}"
    if target.is_dir():
        return target
    with one_at_a_time():
        if not target.is_dir():
            work = Path(tempfile.mkdtemp(dir=CACHE))
            try:
                build(work)
                work.rename(target)
            finally:
                shutil.rmtree(work, ignore_errors=True)
    return target


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let other processes wait for what this one builds."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def inputs() -> list[Path]:
    """Return all files that a build is made from."""
    folders = {"types": "*.cs", "behaviour": "*.ps1", "contracts": "*.json"}
    return [
        *(path for folder, names in folders.items() for path in sorted((HERE / folder).glob(names))),
        Path(__file__),
    ]


def digest(paths: Iterable[Path]) -> str:
    """Return a name for what these files hold and for the PowerShell that compiles them."""
    content = hashlib.sha256(repr(pwsh.version()).encode())
    for path in paths:
        content.update(path.read_bytes())
    return content.hexdigest()[:16]


def build(work: Path) -> None:
    """Write and compile everything into a folder."""
    known = known_types()
    (work / "Generated.cs").write_text(objects_source(known), encoding="utf-8")
    behaviours = [path.read_text(encoding="utf-8") for path in sorted((HERE / "behaviour").glob("*.ps1"))]
    (work / "Behaviour.psm1").write_text("\n".join(behaviours), encoding="utf-8")
    sources = [*sorted((HERE / "types").glob("*.cs")), work / "Generated.cs"]
    for module, cmdlets in contracts().items():
        # A folder of its own for each module: PSModulePath names only those of the modules that a node has.
        folder = work / "modules" / module / module
        folder.mkdir(parents=True)
        (folder / f"{module}.psd1").write_text(manifest(module, cmdlets), encoding="utf-8")
        (folder / "Cmdlets.cs").write_text(cmdlets_source(module, cmdlets, known), encoding="utf-8")
    run_pwsh(f"""
        $quiet = @{{ IgnoreWarnings = $true; WarningAction = 'SilentlyContinue' }}
        Add-Type @quiet -Path {literals(sources)} -OutputAssembly {literals([work / "StandIn.dll"])}
        $references = {literals([work / "StandIn.dll"])}, [psobject].Assembly.Location,
            'System.Collections.Specialized', 'System.Collections.NonGeneric'
        foreach ($folder in Get-ChildItem -Path {literals([work / "modules"])} -Directory) {{
            $module = "$folder/$($folder.Name)"
            Add-Type @quiet -Path "$module/Cmdlets.cs" -ReferencedAssemblies $references `
                -OutputAssembly "$module/StandIn.$($folder.Name).dll"
        }}""")


@functools.cache
def ansible_folder() -> Path:
    """Return the folder module_utils of the installed ansible-core."""
    import ansible

    return Path(ansible.__path__[0]) / "module_utils"


def compiled(sources: list[Path]) -> Path:
    """Return one assembly of C# utils that Ansible sends with a module."""
    target = CACHE / f"ansible-{digest([*sources, Path(__file__)])}.dll"
    if target.exists():
        return target
    with one_at_a_time():
        if not target.exists():
            work = target.with_suffix(".new.dll")
            compile_utils(sources, work)
            work.replace(target)
    return target


def compile_utils(sources: list[Path], target: Path) -> None:
    """Compile C# utils as Ansible does."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    types = dict.fromkeys(re.findall(r"^//AssemblyReference -Type (\S+) -CLR Core", text, re.MULTILINE))
    more = "".join(f" + [{name}].Assembly.Location" for name in types)
    run_pwsh(f"""
        $references = @((Get-ChildItem -LiteralPath "$PSHOME/ref" -Filter *.dll -ErrorAction Ignore).FullName)
        $references += @([psobject].Assembly.Location){more}
        Add-Type -Path {literals(sources)} -OutputAssembly {literals([target])} -CompilerOptions '-define:CORECLR;UNIX' `
            -IgnoreWarnings -WarningAction SilentlyContinue -ReferencedAssemblies $references""")


def run_pwsh(script: str) -> str:
    """Run PowerShell text and return what it prints."""
    program = pwsh.find()
    assert program is not None, "no pwsh on the PATH"
    done = subprocess.run(
        [program, "-NoProfile", "-NonInteractive", "-Command", "$ErrorActionPreference = 'Stop'\n" + script],
        env={**os.environ, **pwsh.ENVIRONMENT},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"pwsh failed:\n{done.stdout}\n{done.stderr}")
    return done.stdout


def literals(paths: Iterable[Path]) -> str:
    """Return paths as a list of PowerShell's literals."""
    return ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)


def known_types() -> set[str]:
    """Return the full names of the classes and enums that are written by hand in types/*.cs."""
    found: set[str] = set()
    namespace = ""
    declaration = re.compile(
        r"^namespace (\S+)|^\s+public (?:(?:abstract|static|partial|sealed) )*(?:class|enum) (\w+)", re.MULTILINE
    )
    for source in sorted((HERE / "types").glob("*.cs")):
        for match in declaration.finditer(source.read_text(encoding="utf-8")):
            namespace = match[1] or namespace
            if match[2]:
                found.add(f"{namespace}.{match[2]}")
    return found


def csharp(name: str, known: set[str], namespace: str = "") -> str:
    """Return the C# type for a contract's type; object where it does not exist here."""
    if name.endswith("[]"):
        return csharp(name[:-2], known, namespace) + "[]"
    if inner := re.fullmatch(r"System\.Nullable[\[<](.+)[\]>]", name):
        mapped = csharp(inner[1], known, namespace)
        return mapped if mapped == "object" else mapped + "?"
    simple = SIMPLE.get(name.removeprefix("System.").lower()) or SIMPLE.get(name.lower())
    if simple:
        return simple
    if "+" in name:
        outer, nested = name.split("+")
        return f"{outer}.{nested}" if outer in known else "object"
    return next((full for full in (name, f"{namespace}.{name}") if full in known), "object")


def cmdlets_source(module: str, cmdlets: dict[str, Cmdlet], known: set[str]) -> str:
    """Return the C# classes of the cmdlets of a module."""
    types = NAMESPACES.get(module, "")
    namespace, suffix = COMMANDS.get(module, (f"StandIn.{module}", ""))
    parts = [f"using System.Management.Automation;\nnamespace {namespace}\n{{\n"]
    for cmdlet in cmdlets.values():
        verb, noun = cmdlet.name.split("-", 1)
        options = [f'"{verb}", "{noun}"']
        if cmdlet.default_set:
            options.append(f'DefaultParameterSetName = "{cmdlet.default_set}"')
        if cmdlet.should_process:
            options.append(f"SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.{cmdlet.confirm_impact}")
        alias = f'[Alias("{ALIASES[cmdlet.name]}")] ' if cmdlet.name in ALIASES else ""
        parts.append(f"    {alias}[Cmdlet({', '.join(options)})]\n")
        parts.append(f"    public class {verb}{noun}{suffix} : StandIn.StandInCmdlet\n    {{\n")
        parts += [parameter_source(row, csharp(row.type, known, types)) for row in cmdlet.parameters]
        parts.append("    }\n")
    parts.append("}\n")
    return "".join(parts)


def parameter_source(parameter: Parameter, kind: str) -> str:
    """Return the C# property of a parameter."""
    attributes = []
    for set_name, flags in parameter.sets.items():
        position = re.search(r"\d+", flags)
        arguments = [] if set_name == "(All)" else [f'ParameterSetName = "{set_name}"']
        arguments += ["Mandatory = true"] * ("m" in flags)
        arguments += [f"Position = {position[0]}"] if position else []
        arguments += ["ValueFromPipeline = true"] * ("p" in flags)
        arguments += ["ValueFromPipelineByPropertyName = true"] * ("n" in flags)
        attributes.append(f"[Parameter({', '.join(arguments)})]")
    if parameter.aliases:
        attributes.append(f"[Alias({quoted(parameter.aliases)})]")
    if parameter.not_empty:
        attributes.append("[ValidateNotNullOrEmpty]")
    if parameter.values:
        attributes.append(f"[ValidateSet({quoted(parameter.values)})]")
    if parameter.name == "ClusterObject":
        attributes.append(f'[PSTypeName("{CLUSTERS}.ClusterObject")]')
    return f"        {' '.join(attributes)} public {kind} {parameter.name} {{ get; set; }}\n"


def quoted(values: list[str]) -> str:
    """Return C# string literals."""
    return ", ".join(json.dumps(value) for value in values)


def objects_source(known: set[str]) -> str:
    """Return the properties of the real objects that types/Objects.cs does not give a meaning: they have default values."""
    written = own_properties()
    parts = ["using System.Collections.Generic;\n"]
    for module, content in json.loads((HERE / "contracts" / "objects.json").read_text(encoding="utf-8")).items():
        parts.append(f"namespace {NAMESPACES[module]}\n{{\n")
        for name, properties in content["classes"].items():
            parts.append(f"    public {'partial ' if name in written else ''}class {name}\n    {{\n")
            done: set[str] = set()
            base: str | None = name
            while base in written:
                base, own = written[base]
                done |= own
            for prop, kind in properties.items():
                if prop not in done:
                    mapped = "object" if "<" in kind and "Nullable" not in kind else csharp(kind, known)
                    parts.append(f"        public {mapped} {prop} {{ get; internal set; }}\n")
            parts.append("    }\n")
        parts.append("}\n")
    return "".join(parts)


def own_properties() -> dict[str, tuple[str | None, set[str]]]:
    """Return the base class of each class in types/Objects.cs, and the properties that are written there."""
    classes: dict[str, tuple[str | None, set[str]]] = {}
    current = ""
    for line in (HERE / "types" / "Objects.cs").read_text(encoding="utf-8").splitlines():
        if header := re.match(r"    public (?:abstract )?(?:partial )?class (\w+)(?: : (\w+))?", line):
            current = header[1]
            classes[current] = (header[2], set())
        member = re.match(r"        public (?:virtual |override |abstract )*[\w.<>\[\]?]+ (\w+)(?: =>| \{|$)", line)
        if member and current:
            classes[current][1].add(member[1])
    return classes


def manifest(module: str, cmdlets: dict[str, Cmdlet]) -> str:
    """Return the manifest of a module."""
    aliases = [ALIASES[name] for name in cmdlets if name in ALIASES]
    # What every node has, in one module: importing one costs more than a call. The registry provider comes with it.
    nested = "NestedModules = @('../../../StandIn.dll')\n" if module == "Windows" else ""
    return (
        f"@{{\nRootModule = 'StandIn.{module}.dll'\n{nested}ModuleVersion = '{VERSIONS.get(module, '2.0.0.0')}'\n"
        f"GUID = '{hashlib.sha256(module.encode()).hexdigest()[:8]}-0000-4000-8000-000000000000'\nAuthor = 'macpool.hyperv'\n"
        f"FunctionsToExport = @()\nCmdletsToExport = @({', '.join(map(repr, cmdlets))})\n"
        f"AliasesToExport = @({', '.join(map(repr, aliases))})\n}}\n"
    )
