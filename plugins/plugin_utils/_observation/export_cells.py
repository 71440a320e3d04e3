# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Single cells of exported files, as PowerShell, a spreadsheet or another tool wrote them. Pure, and nothing raises.

What a cell does not say is None. What it says but what cannot be understood is told apart from that, so that the file
can be named: it is never taken for an absence.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ...module_utils._mac import format_mac, is_mac, parse_mac
from .._names import plain_guid, plain_id
from .values import read_count

STATES = {2: "Running", 3: "Off", 4: "Stopping", 6: "Saved", 9: "Paused", 10: "Starting", 11: "Reset"}
STATES |= {32773: "Saving", 32776: "Pausing", 32777: "Resuming", 32779: "FastSaved", 32780: "FastSaving"}
STATES |= {32781: "ForceShutdown", 32782: "ForceReboot", 32783: "Hibernated", 32784: "ComponentServicing"}
_CRITICAL = "Running Off Stopping Saved Paused Starting Reset Saving Pausing Resuming FastSaved FastSaving"
STATES |= {32785 + place: f"{word}Critical" for place, word in enumerate(_CRITICAL.split())}
REPLICATION = {0: "None", 1: "Primary", 2: "Replica", 3: "TestReplica", 4: "ExtendedReplica"}
VLAN_MODES = {0: "Untagged", 1: "Access", 2: "Trunk", 3: "Private"}

_NO_GUID = frozenset("0-")

# What spreadsheets write for true and false, by the language of the user, and what people (who tick a cell with x) and
# other tools write.
_TRUE = """true wahr vrai verdadero vero verdadeiro waar sant sann sand tosi prawda pravda igaz doğru истина істина
    adevărat αληθης αληθες tõene patiess teisinga cert egia istina točno tačno тачно resnično satt 真 是 참 đúng benar
    จริง אמת صحيح yes y ja oui si sim да так tak ano igen evet kyllä on enabled 1 -1 t x"""
_FALSE = """false falsch faux falso onwaar falskt usann falsk epätosi fałsz falsz nepravda hamis yanliş ложь хибність
    fals ψευδης ψευδες väär aplams klaidinga faltsua gezurra лъжа laž neistina netočno netačno нетачно neresnično ósatt
    假 偽 否 거짓 sai salah เท็จ שקר خطأ no n nein nej nei non não nao нет ні nie ne nem hayir ei off disabled 0 f"""

_SEPARATED = re.compile(
    r"[0-9A-Fa-f]{2}([-:. _])[0-9A-Fa-f]{2}(?:\1[0-9A-Fa-f]{2}){4}|[0-9A-Fa-f]{4}([-:. _])[0-9A-Fa-f]{4}\2[0-9A-Fa-f]{4}"
)
_LONGEST_ADDRESS = 17
_NOT_HEX = re.compile(r"[^0-9A-Fa-f]")
_BETWEEN_ADDRESSES = re.compile(r"[\s,;|/]+")
_LONGER = re.compile(r"[0-9A-Fa-f]{2}(?:[-:][0-9A-Fa-f]{2}){7,}")
_CHANGED = re.compile(
    r"[-+]?[0-9][0-9.,'\s]*(?:E[-+]?[0-9]+)?"  # a number
    r"|[0-9]{1,4}[-./][0-9]{1,2}(?:[-./][0-9]{1,4})?(?:[ T][0-9:.]+)?"  # a date
    r"|[0-9]+(?::[0-9]+)+"  # a time
    r"|[0-9]{1,2}[-. ]+\w{3,9}(?:[-. ]+[0-9]{2,4})?|[^\W\d]{3,9}[-. ]+[0-9]{2,4}"  # a date with the name of the month
    r"|#.*",  # an error such as #NUM!
    re.IGNORECASE,
)


def _folded(word: str) -> str:
    """Return what spellings of a word share: no case, no accents, and no dots on or off the i."""
    apart = unicodedata.normalize("NFKD", word.strip().replace("\u0131", "i")).casefold()
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


_WORDS = {_folded(word): True for word in _TRUE.split()} | {_folded(word): False for word in _FALSE.split()}


def scalar(value: object) -> object:
    """Return a single value out of the mapping as which PowerShell writes one that crossed a session."""
    if isinstance(value, dict):
        for key in ("Value", "value", "Guid", "guid"):
            if key in value and not isinstance(value[key], (dict, list)):
                return value[key]
    return value


def text_of(value: object) -> str | None:
    """Return text; None for nothing and for the empty field that a CSV file writes for nothing."""
    value = scalar(value)
    if isinstance(value, str):
        return value.strip() or None
    return str(value) if value is not None and not isinstance(value, (dict, list)) else None


def id_of(value: object) -> str | None:
    """Return an id as ids are compared; None for none and for the id of zeros."""
    text = plain_id(text_of(value))
    return text if set(text) - _NO_GUID else None


def owner_in(adapter_id: str | None) -> str | None:
    """Return the id of the VM or checkpoint that an adapter's id begins with: ``Microsoft:<VM>\\<adapter>``."""
    return id_of(plain_guid(plain_id(adapter_id).removeprefix("microsoft:").partition("\\")[0]))


def number_of(value: object) -> int | None:
    """Return a whole number; None for everything else, such as an address without letters."""
    text = text_of(value)
    return read_count(text) if text and len(text) < 12 else None


def word_of(value: object, names: Mapping[int, str]) -> str | None:
    """Return an enumeration's name from its number or from its text."""
    number = number_of(value)
    return text_of(value) if number is None else names.get(number, str(number))


def truth_of(value: object) -> bool | None:
    """Return whether a cell says true or false, in any language; None when it says neither."""
    text = text_of(value)
    return None if text is None else _meaning(text)


@lru_cache(maxsize=256)
def _meaning(word: str) -> bool | None:
    return _WORDS.get(_folded(word.removeprefix("$")))


def spoofing_of(value: object) -> bool | None:
    """Return whether MacAddressSpoofing is on; as a number it is an OnOffState of Hyper-V, where On is 0 (fact 33)."""
    text = text_of(value)
    return text == "0" if text in ("0", "1") else truth_of(value)


def uncovered(text: str) -> str:
    """Return text without what keeps a spreadsheet from reading a number in it: ``="..."`` or an apostrophe."""
    bare = text.strip().strip("\u200b\ufeff")
    if bare.startswith("="):
        bare = bare[1:].strip()
    return bare.lstrip("'`\u2018\u2019").strip().strip('"').strip()


def address_of(value: object) -> str | None:
    """Return the address in a cell as 12 upper-case hex digits; None when it holds none that is beyond doubt.

    A whole number of 12 digits lost none of them; a shorter one lost some, and they are not guessed.
    """
    if isinstance(value, str) and is_mac(value):
        return format_mac(parse_mac(value))
    text = text_of(value)
    if text is None or isinstance(scalar(value), (bool, float)):
        return None
    bare = uncovered(text)
    if not is_mac(bare):
        blank = " ".join(bare.split())
        if not _SEPARATED.fullmatch(blank):
            return None
        bare = _NOT_HEX.sub("", blank)
    return format_mac(parse_mac(bare))


def addresses_of(value: object) -> list[str] | None:
    """Return the addresses of a cell that holds two or more and nothing else; None for any other cell."""
    if isinstance(value, dict):
        value = next((value[key] for key in ("value", "$values") if isinstance(value.get(key), list)), None)
    parts: list[Any] = value if isinstance(value, list) else []
    if isinstance(value, str) and len(value) > _LONGEST_ADDRESS and address_of(value) is None:
        parts = [part for part in _BETWEEN_ADDRESSES.split(uncovered(value)) if part]
    found = [address for part in parts if (address := address_of(part)) is not None]
    return found if len(found) == len(parts) and (len(found) > 1 or isinstance(value, list)) and found else None


def is_longer_address(value: object) -> bool:
    """Tell whether a cell holds the address of something that is no Ethernet: InfiniBand, a tunnel."""
    return _LONGER.fullmatch(text_of(value) or "") is not None


def is_changed(text: str) -> bool:
    """Tell whether text in a column of addresses is what a spreadsheet makes of one: a number, a date, an error."""
    return _CHANGED.fullmatch(uncovered(text)) is not None
