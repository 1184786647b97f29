"""The user's own settings change no figure of ours, and none is changed by us."""

import io

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt

from braintut.plotting import draw_confusion, draw_examples, draw_history, draw_leakage
from braintut.results import load_result
from braintut.teaching.strip import show_strip
from reports import make_report

HISTORY = [{"epoch": e, "loss": 1 / e, "val_dice": 1 - 1 / e} for e in (1, 10, 30)]
FIGURES = {
    "a report": lambda few: make_report().figure(),
    "examples": lambda few: draw_examples(few, 2),
    "a history": lambda few: draw_history(HISTORY).get_figure(),
    "a confusion matrix": lambda few: draw_confusion(np.eye(3, dtype=int)).get_figure(),
    "a result": lambda few: draw_leakage(load_result("leakage")).get_figure(),
}
SETTINGS = {
    "LaTeX that is not there": {"text.usetex": True},
    "a dark style": plt.style.library["dark_background"],
    "thick lines, few dots": {"lines.linewidth": 9, "axes.linewidth": 5, "figure.dpi": 30, "image.cmap": "jet"},
    "a decimal comma": {"axes.formatter.use_locale": True},
    "fonts that nobody has": {"font.family": "serif", "axes.titlesize": 40, "text.color": "red"},
}


def png(figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", facecolor="white")
    plt.close(figure)
    return buffer.getvalue()


@pytest.mark.parametrize("draw", FIGURES.values(), ids=FIGURES)
def test_a_figure_is_the_same_under_every_setting(few, draw):
    with mpl.rc_context():
        mpl.rcdefaults()
        plain = png(draw(few))
        for name, settings in SETTINGS.items():
            with mpl.rc_context(settings):
                assert png(draw(few)) == plain, name


def test_a_strip_is_the_same_under_every_setting(few):
    plain = show_strip(few, n=2).data
    for name, settings in SETTINGS.items():
        with mpl.rc_context(settings):
            assert show_strip(few, n=2).data == plain, name


def test_settings_of_the_user_stay_as_they_are():
    with mpl.rc_context({"lines.linewidth": 9, "text.usetex": True}):
        before = dict(mpl.rcParams)
        make_report().figure()
        assert dict(mpl.rcParams) == before


@pytest.mark.parametrize(
    "name", ["costs_$1_and_$2.png", "$x^$.png", "two\nlines.png", "no text \udcff.png", r"\frac.png"]
)
def test_any_name_can_stand_above_a_figure(name):
    assert png(make_report(scan=name).figure()).startswith(b"\x89PNG")
