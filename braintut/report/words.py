"""What a report says, sentence by sentence: plain values in, plain words out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from braintut.plotting.classifier import GROUPS_IN_WORDS

NOT_FOR_CLINICAL_USE = "A teaching tool, not for clinical use."
FAINT = (
    "The outline is a faint trace: no pixel in it reaches a probability of 0.5. "
    "Heads without a tumour show such traces, too."
)
SEEN = (
    "This pair was trained on slices of this very patient (or of one whose id differs in the last letter only): "
    "the answer shows what it remembers, not how good it is."
)
MEASURES = {
    "shape_area_mm2": ("Area", "mm²", 0),
    "shape_width_mm": ("Width", "mm", 1),
    "shape_height_mm": ("Height", "mm", 1),
    "shape_solidity": ("Solidity (1: no bays)", "", 2),
    "place_depth_mm": ("Mean depth below the surface", "mm", 1),
    "place_midline_mm": ("Distance from the midline", "mm", 1),
    "firstorder_mean_to_head": ("Brightness (head: 1)", "", 2),
    "ring_edge_sharpness": ("Brighter than its surroundings by", "", 2),
}
"""Features that a reader can picture: name -> words, unit, decimals."""

UNFAMILIAR = "unlike the slices it learnt from"

TOLD_FROM = 0.005
"""Groups of features that moved the probability by less than half a point are not worth a word."""


def unlike_in_words(unlike: float | None) -> str:
    """Say of an unfamiliar picture how unlike the training slices it is, as a multiple of the limit.

    Examples
    --------
    >>> unlike_in_words(2.34)[:80]
    'This picture is unlike the slices that the pair learnt from: its look is 2.3 tim'
    """
    said = "This picture is unlike the slices that the pair learnt from"
    if unlike is None or unlike <= 1:
        return f"{said}: it shows no single head with dark air around. The answer may mean nothing."
    return (
        f"{said}: its look is {unlike:.{1 if unlike < 10 else 0}f} times as far from theirs as the limit, below which "
        "99% of the slices of new patients stay. The answer may mean nothing, and how often it is right is not known."
    )


def unseen_in_words(kind: str) -> str:
    """Say that a file calls itself something that the pair has not learnt from."""
    return (
        f"By its header this is {kind}: the pair learnt from T1-weighted slices with contrast agent only, "
        "and has never seen the like."
    )


def series_in_words(
    found: int,
    slices: int,
    probabilities: Mapping[str, float] | None,
    volumes_ml: tuple[float, ...] | None,
    unfamiliar: int = 0,
) -> str:
    """The joint answer of a series in one line; volumes with strict borders, as outlined, with lax borders."""
    unlike = f" ({unfamiliar} of them {UNFAMILIAR})" if unfamiliar else ""
    if not probabilities:
        return f"no tumour found on {slices} slice{'s' * (slices != 1)}{unlike}"
    name = max(probabilities, key=probabilities.__getitem__)
    volume = ""
    if volumes_ml:
        strict, drawn, lax = (f"{ml:.1f}" for ml in volumes_ml)
        volume = f", about {drawn} ml ({strict} to {lax} ml)"
    return f"{name}, probability {probabilities[name]:.0%}, on {found} of {slices} slices{unlike}{volume}"


def volume_in_words(volumes_ml: tuple[float, ...] | None, assumed: bool) -> str:
    """Say what a volume rests on, and how far it may be believed."""
    if volumes_ml is None:
        return "No volume can be told: the files do not state how far the slices lie apart."
    return (
        "The volume adds up outlined area times distance of slices. The range is that of strict and lax borders; "
        "it does not reckon with tumour that was missed on a slice, nor with false alarms."
        + (" The pixel size is assumed, so the volume may be far off." if assumed else "")
    )


def sentence(text: str) -> str:
    """Begin with a capital and end with a full stop."""
    return text[:1].upper() + text[1:] + "."


def in_unit(name: str, value: float) -> str:
    """A measure of `MEASURES` as people write it, for example `20.2 mm`."""
    _, unit, decimals = MEASURES[name]
    return f"{value:.{decimals}f} {unit}".strip()


def doubt_in_words(probabilities: Mapping[str, float]) -> str:
    """Say in a sentence how sure the answer is, given the probability of each type.

    Examples
    --------
    >>> doubt_in_words({"meningioma": 0.15, "glioma": 0.8, "pituitary": 0.05})
    'Some doubt: meningioma gets 15%.'
    """
    (first, p), (second, q) = sorted(probabilities.items(), key=lambda item: -item[1])[:2]
    if p >= 0.9:
        return f"Little doubt: the next likely, {second}, gets {q:.0%}."
    if p - q < 0.15:
        return f"Hardly decided: {second} ({q:.0%}) is nearly as likely as {first} ({p:.0%})."
    word = "Some" if p >= 0.7 else "Much"
    return f"{word} doubt: {second} gets {q:.0%}."


def opinions_in_words(opinions: Mapping[str, Mapping[str, float]]) -> str:
    """Say whether measured features and network agree; nothing where the network has no opinion."""
    if "network" not in opinions:
        return ""
    said = {who: max(p, key=p.get) for who, p in opinions.items()}
    sure = {who: f"{opinions[who][name]:.0%}" for who, name in said.items()}
    if said["features"] == said["network"]:
        return f"Both say so: the measured features ({sure['features']}) and the network by itself ({sure['network']})."
    return (
        f"They disagree: the measured features say {said['features']} ({sure['features']}), "
        f"the network by itself says {said['network']} ({sure['network']})."
    )


def nothing_found_in_words(highest: float) -> str:
    """Say that no type can be named, and how far the likeliest pixel was from it (0..1)."""
    return (
        f"None to name. The highest probability of tumour in any pixel is {highest:.0%}. "
        "That is no proof of health: networks miss tumours."
    )


def presence_in_words(presence: float | None) -> str:
    """Say how likely it is that there is a tumour at all; nothing where the pair does not tell."""
    if presence is None:
        return ""
    percent = "under 1%" if presence < 0.01 else "over 99%" if presence > 0.99 else f"{presence:.0%}"
    return f"That this slice shows a tumour at all is {percent} likely."


def reasons_in_words(reasons: Sequence[tuple[str, float]], sign: int) -> str:
    """The strongest reasons for (`sign` 1) or against (-1) the type, with their points."""
    told = sorted((r for r in reasons if r[1] * sign >= TOLD_FROM), key=lambda r: -abs(r[1]))[:4]
    return ", ".join(f"{GROUPS_IN_WORDS.get(name, name)} ({_signed(100 * effect)} points)" for name, effect in told)


def outlines_in_words(found: bool, truth_shown: bool) -> str:
    """What the lines in the picture are."""
    lines = ["dashed orange: the network's outline"] * found + ["solid blue: the true outline"] * truth_shown
    return "; ".join(lines).capitalize() or "No outline: nothing was found"


def model_in_words(name: str, card: Mapping) -> str:
    """What an answer rests on: the training set of the model, its scores on strangers, and whom it fails for."""
    sentences = [f"The pair '{name}' gave this answer."]
    if "data" in card:
        sentences.append(f"It was trained on {card['data']['summary']}; it knows three types of tumour.")
    if numbers := card.get("numbers"):
        dice, accuracy = numbers["dice"], numbers["accuracy"]
        sentences.append(
            f"On {numbers['n_slices']} slices of {numbers['n_patients']} patients never trained on, its outlines "
            f"reached a mean Dice of {dice['mean']:.2f}, nothing was found on {dice['not_found_fraction']:.0%} "
            f"of the slices, and the type was right on {accuracy['predicted_mask']:.0%}."
        )
    if card.get("fails_for"):
        sentences.append(card["fails_for"])
    if card.get("numbers_from"):
        sentences.append(f"These numbers are those of {card['numbers_from']}.")
    return " ".join(sentences)


def _signed(value: float) -> str:
    return f"{value:+.0f}".replace("-", "\N{MINUS SIGN}")
