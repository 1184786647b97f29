"""Copies of slices ("1 (1).mat", or a loose file and the same one in a zip) count once."""

from __future__ import annotations

from collections.abc import Iterable

from braintut.dataset.entries import MatEntry
from braintut.errors import DataError
from braintut.quiet import say

NAMED = 5
"""So many copies are named when some are left out."""


def once_each(entries: Iterable[MatEntry]) -> list[MatEntry]:
    """Leave out copies: files of one number and one content count once, and what was left out is said (`quiet.say`).

    The rest comes by number, then by name. Files of one number that differ are a `DataError`, which names two of them.
    """
    by_id: dict[str, list[MatEntry]] = {}
    for entry in entries:
        by_id.setdefault(entry.id, []).append(entry)
    kept, copies = [], []
    for same in by_id.values():
        best, *others = sorted(same, key=_preference)
        kept.append(best)
        for other in others:
            if other.fingerprint() != best.fingerprint():
                raise DataError(
                    f"{best} and {other} differ, but both are slice '{best.id}'; keep one of them, or give one a "
                    "name of its own."
                )
            copies.append((other, best))
    copies += _copies_under_other_names(kept)
    _tell(copies, kept)
    left_out = {id(copy) for copy, _ in copies}
    return sorted((entry for entry in kept if id(entry) not in left_out), key=_order)


def _order(entry: MatEntry) -> tuple[bool, int, str]:
    return not entry.has_number, int(entry.id) if entry.has_number else 0, entry.id


def _preference(entry: MatEntry) -> tuple[bool, bool, int, str]:
    """Plain names before copies, loose files before members of zips."""
    return entry.stem != entry.id, entry.member is not None, len(entry.within), str(entry)


def _copies_under_other_names(kept: list[MatEntry]) -> list[tuple[MatEntry, MatEntry]]:
    """Files without a number whose content another one has, too, such as "backup of 3.mat"."""
    sizes = {entry.size for entry in kept if not entry.has_number}
    copies = []
    originals: dict[tuple[int, int], MatEntry] = {}
    for entry in sorted(kept, key=_order):  # numbers first
        if entry.size in sizes:
            original = originals.setdefault(entry.fingerprint(), entry)
            if original is not entry and not entry.has_number:
                copies.append((entry, original))
    return copies


def _tell(copies: list[tuple[MatEntry, MatEntry]], kept: list[MatEntry]) -> None:
    if copies:
        how_many = "One copy was" if len(copies) == 1 else f"{len(copies)} copies were"
        names = "; ".join(f"{copy} is the same as {original}" for copy, original in copies[:NAMED])
        more = f"; and {len(copies) - NAMED} more" if len(copies) > NAMED else ""
        say(f"{how_many} left out: {names}{more}.")
    for entry in kept:
        if entry.has_number and entry.stem.lstrip("0") != entry.id.lstrip("0"):
            say(f"{entry} is taken as slice {entry.id}.")
