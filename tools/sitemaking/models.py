"""One page for each shipped pair, made from its card."""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path

from braintut.pipeline.card import load_card, shipped_pairs

LONG = ("patients", "merged_patients", "files", "loss_per_epoch")
"""Lists that a card needs and nobody reads."""


def rows(entry: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """The numbers and words below an entry of a card, each with the way to it."""
    if isinstance(entry, dict):
        for key, value in entry.items():
            if key not in LONG:
                yield from rows(value, (*path, str(key)))
    elif isinstance(entry, list) and any(isinstance(item, dict | list) for item in entry):
        for number, item in enumerate(entry, start=1):
            yield from rows(item, (*path, str(number)))
    else:
        yield " / ".join(path).replace("_", " "), _words(entry)


def _words(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(_words(item) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return html.escape(str(value)).replace("|", "\\|")


def page(name: str) -> str:
    """The card of a pair as a page, in Markdown."""
    card = load_card(name)
    hashes = ((f"`{file}`", f"`{digest[:16]}...`") for file, digest in card["files"].items())
    parts = [
        f"# The pair `{name}`",
        f"{card['use']} Trained on {card['data']['summary']}. {card.get('fails_for', '')}".rstrip(),
        "## Patients", _table(("what", "how many"), rows(card["data"])),
        "## How good it is", _about_numbers(card), _table(("number", "value"), rows(card.get("numbers", {}))),
        "## How it was trained", _table(("setting", "value"), rows(card["settings"])),
        "## Made with", _table(("what", "version"), rows(card["versions"])),
        "## Files", _table(("file", "SHA-256"), hashes),
        f"The whole card, with the hashes of the {len(card['patients'])} patients: `load_card(\"{name}\")`, or "
        f"`braintut/assets/models/{name}/card.json`.",
    ]  # fmt: skip
    return "\n\n".join(part for part in parts if part) + "\n"


def _about_numbers(card: dict) -> str:
    source = card.get("numbers_from")
    return f"Counted with {source}." if source else "Counted on patients that the pair never saw."


def _table(head: tuple[str, str], lines) -> str:
    body = [f"| {name} | {value} |" for name, value in lines]
    if not body:
        return "None stored."
    return "\n".join([f"| {head[0]} | {head[1]} |", "| --- | --- |", *body])


def write_all(folder: Path) -> list[str]:
    """Write a page for each shipped pair and return their names."""
    folder.mkdir(parents=True, exist_ok=True)
    names = shipped_pairs()
    for name in names:
        (folder / f"{name}.md").write_text(page(name), encoding="utf-8")
    return names
