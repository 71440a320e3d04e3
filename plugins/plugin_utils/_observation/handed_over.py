# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents of the hosts of a run, from what host_info and nc_info returned for each of them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...module_utils._errors import MacPoolError
from .._files import read_file
from .model import DEFAULT_NAME, Observation

CONTROLLER = "the Network Controller"
NO_RESULT = "this run has no result of it, as with --limit"


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What the hosts of a run came to."""

    documents: list[dict[str, Any]] = field(default_factory=list)
    unseen: list[dict[str, str]] = field(default_factory=list)
    """Hosts that were not observed, each with name and reason."""
    blind: list[str] = field(default_factory=list)
    """What else was to be observed and was not."""


def take_over(
    hosts: Mapping[str, Mapping[str, Any]], controllers: Sequence[Mapping[str, Any]], now: dt.datetime
) -> HandedOver:
    """Return the documents of all hosts that were observed, and the names of those that were not.

    :param hosts: what host_info returned for each host; nothing for a host that had no turn
    :param controllers: what nc_info returned
    :raises MacPoolError: when a host was observed and its document cannot be found
    """
    taken = HandedOver()
    lost: dict[str, str] = {}

    def take(name: str, result: Mapping[str, Any]) -> None:
        try:
            taken.documents.append(_document(result))
        except ValueError as error:
            lost[name] = str(error)

    for name, result in hosts.items():
        if "summary" in result:
            take(name, result)
        else:
            taken.unseen.append({"name": name, "reason": _reason(result) if result else NO_RESULT})
    for result in controllers:
        if "summary" in result:
            take(CONTROLLER, result)
        elif not result.get("skipped"):
            taken.blind.append(CONTROLLER)
            unread = {"schema": 1, "kind": "network_controller", "name": DEFAULT_NAME, "warnings": [_cause(result)]}
            taken.documents.append({**unread, "observed_at": f"{now:%Y-%m-%dT%H:%M:%SZ}"})
    if lost:
        raise MacPoolError(
            f"documents of {', '.join(lost)}",
            "the document of each host that was observed in this run",
            "; ".join(f"{name}: {reason}" for name, reason in lost.items()),
            "Let nothing change or delete the files of a run while it runs, and run it again.",
        )
    return taken


def unseen_hosts(observation: Observation, expected: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the names of the hosts that were to be observed and of which there is no document."""
    names = (str(row["name"]) for row in expected)
    return [name for name in names if observation.names.key(name) not in observation.hosts]


def not_observed(names: Sequence[str]) -> MacPoolError:
    """Return why nothing is promised while hosts are unseen: each of them may carry any address."""
    return MacPoolError(
        "adopting",
        "an observation of every host of the run, because each of them may carry any address",
        f"none of {', '.join(names)}. Nothing was promised",
        "See what these hosts say, run it again for all hosts of the play, or set missing (mac_adopt_missing in the role) to"
        " report to promise without them.",
    )


def _reason(result: Mapping[str, Any]) -> str:
    return str(result.get("msg") or "no answer")


def _cause(result: Mapping[str, Any]) -> str:
    """Return what a task of this collection found, without what it wanted."""
    errors = result.get("errors") or [{}]
    return str(errors[0].get("found") or _reason(result))


def _document(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document of a result.

    :raises ValueError: in words, when it is not there
    """
    if isinstance(document := result.get("observation"), dict):
        return document
    if not result.get("path"):
        raise ValueError("the result has neither a path nor an observation")
    path = Path(str(result["path"]))
    try:
        document = json.loads(read_file(path))
    except MacPoolError as error:
        raise ValueError(error.found) from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not valid JSON") from error
    seen = result["summary"].get("observed_at")
    if not isinstance(document, dict) or document.get("observed_at") != seen:
        raise ValueError(f"{path} is not the document of {seen}")
    return document
