# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file in which a proposed plan is written, and which only its own kind replaces."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import yaml

from ...module_utils._errors import MacPoolError
from .._files import read_file, write_file
from .._text import plain
from .plan import Proposal

MARK = "# Proposed by macpool.hyperv.adopt, sha256 "


def proposal_text(proposal: Proposal, unseen: Sequence[str] = ()) -> str:
    """Return the proposal as YAML, with the advice as comments. The first line lets a later run know its own work.

    :param unseen: what keeps the picture from being whole, as sentences
    """
    lines = [
        "# Review it, then put macpool_plan into group_vars/all. Nothing was changed by writing this file.",
        "#",
        "# Hosts:",
        *[f"#   {plain(item.host)}: {item.words}" for item in proposal.hosts],
    ]
    if unseen:
        lines += ["#", "# Not seen. Observe it and propose again before you use this plan: it may use any land.", "#"]
        lines += [f"#   {plain(words, 600)}" for words in unseen]
    if proposal.notes:
        lines += ["#", "# Left out:", *[f"#   {note}" for note in proposal.notes]]
    # Text from a host may be Ansible's own kind of text, which YAML would not write.
    plan = json.loads(json.dumps(proposal.plan))
    text = yaml.safe_dump({"macpool_plan": plan}, sort_keys=False, width=120, allow_unicode=False)
    body = "\n".join([*lines, "---", text])
    return f"{MARK}{_digest(body)}\n{body}"


def write_proposal(path: Path, proposal: Proposal, unseen: Sequence[str], *, preview: bool) -> bool:
    """Write a proposal into a file unless it says the same already, and return whether it changes.

    :raises MacPoolError: when the file is not what an earlier run wrote
    """
    text = proposal_text(proposal, unseen)
    known = read_file(path) if path.exists() else None
    if known == text:
        return False
    if known is not None:
        check_own_work(known, str(path))
    if not preview:
        write_file(path, text)
    return True


def check_own_work(text: str, path: str) -> None:
    """Refuse to replace a proposal that somebody has edited.

    :raises MacPoolError: when the text is not what a run wrote
    """
    first, _feed, body = text.partition("\n")
    if first != f"{MARK}{_digest(body)}":
        raise MacPoolError(
            f'file "{path}"',
            "a proposal that nobody has edited, or no file",
            "a file that was edited since, or is no proposal",
            "Move it away, or name another file with plan_file.",
        )


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:16]
