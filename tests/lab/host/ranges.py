# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""set_host_range and clear_host_range."""

from __future__ import annotations

from typing import Any

from ..model import MacRange, WorldError
from .context import Context, Failed, Outcome, Refused, cmdlet

Json = dict[str, Any]
LATER = "the registry was written beside an installed Hyper-V: it takes effect when VMMS restarts"


def set_host_range(context: Context) -> Outcome:
    operation, host = context.operation, context.host
    method = operation["method"]
    if method == "auto":
        method = "cmdlet" if host.hyperv else "registry"
    if method == "cmdlet" and not host.hyperv:
        raise Refused("unsupported", f"{host.name} has no Hyper-V: method cmdlet cannot work")
    wanted = MacRange(operation["start"], operation["end"])
    context.before = _read(context, method)
    if _values(context.before) == (wanted.start, wanted.end):
        return context.unchanged()
    _refuse_other(context)
    context.refuse_late()
    message = LATER if method == "registry" and host.hyperv else None
    if context.check:
        return Outcome("done", _show(wanted, method), message=message)
    try:
        _write(context, wanted, method)
        context.stage("after_set")
        if _values(_read(context, method)) != (wanted.start, wanted.end):
            raise Failed(
                "readback", f"the range of {host.name} reads {_values(_read(context, method))} after it was set"
            )
    except Failed as problem:
        return context.failed(problem, _read(context, method))
    return Outcome("done", _read(context, method), message=message)


def clear_host_range(context: Context) -> Outcome:
    """Deletes the two values, so that VMMS makes its own at its next start (facts 8, 23)."""
    context.before = _read(context, "registry")
    if context.before is None:
        return context.unchanged()
    _refuse_other(context)
    message = LATER if context.host.hyperv else None
    if context.check:
        return Outcome("done", message=message)
    try:
        _write(context, None, "registry")
        context.stage("after_set")
        if _read(context, "registry") is not None:
            raise Failed("readback", f"the values of {context.host.name} are still there after they were deleted")
    except Failed as problem:
        return context.failed(problem, _read(context, "registry"))
    return Outcome("done", message=message)


def _read(context: Context, method: str) -> Json | None:
    found = context.host.active if method == "cmdlet" else context.host.registry
    return _show(found, method) if found else None


def _show(found: MacRange, method: str) -> Json:
    return {"start": found.start, "end": found.end, "source": method}


def _values(shown: Json | None) -> tuple[str, str] | None:
    return (shown["start"], shown["end"]) if shown else None


def _refuse_other(context: Context) -> None:
    found, expect = _values(context.before), _values(context.operation["expect"])
    if found != expect:
        raise Refused("changed", f"the range of {context.host.name} is {found}, expected {expect}")


def _write(context: Context, wanted: MacRange | None, method: str) -> None:
    context.stage("before_set")
    if wanted:
        context.fail_late()
    if not context.fault("ignore_set"):
        try:
            if method == "cmdlet" and wanted:
                context.world.set_range(context.host.name, wanted.start, wanted.end)
            else:
                context.world.write_registry(context.host, wanted)
        except WorldError as problem:
            raise cmdlet(problem) from problem
    context.touch()
