"""The U-Net's sizes, parameters and folded normalisation."""

import numpy as np
import pytest

from braintut.errors import ModelError
from braintut.segmentation.unet import build_unet, fold_normalisation

TINY = {"filters": 4, "depth": 2}


def test_unet_takes_any_size_that_its_depth_divides():
    model = build_unet(filters=4, depth=3)
    for size in (32, 48):
        assert model.predict_on_batch(np.zeros((1, size, size, 1), "f4")).shape == (1, size, size, 1)


@pytest.mark.parametrize("normalisation", ["batch", "group", "none"])
def test_unet_gives_probabilities(normalisation):
    images = np.random.default_rng(0).random((2, 32, 32, 1))
    out = build_unet(32, **TINY, normalisation=normalisation).predict_on_batch(images)
    assert 0 < out.min() < out.max() < 1


def test_unet_refuses_what_it_cannot_build():
    with pytest.raises(ModelError, match="100 px cannot be halved 4 times"):
        build_unet(100)
    with pytest.raises(ModelError, match="Unknown normalisation 'layer'"):
        build_unet(32, normalisation="layer")
    with pytest.raises(ModelError, match=r"1 class .* or 4 .*, not 3"):
        build_unet(32, classes=3)


def test_a_stem_shrinks_the_inside_and_keeps_the_outside():
    model = build_unet(64, **TINY, stem=2)
    assert model.output.shape == (None, 64, 64, 1)
    assert max(layer.output.shape[1] for layer in model.layers if "batch_norm" in layer.name) == 32
    with pytest.raises(ModelError, match="36 px cannot be halved 2 times after a stem of 2; use a multiple of 8"):
        build_unet(36, **TINY, stem=2)


def test_parameters_as_counted_by_hand():
    # depth 1, 2 filters, no normalisation: 3x3 kernels with biases, a 2x2 up-convolution, a 1x1 output.
    convolutions = [(1, 2), (2, 2), (2, 4), (4, 4), (4, 2), (2, 2)]
    by_hand = sum(9 * a * b + b for a, b in convolutions) + (4 * 4 * 2 + 2) + (2 * 1 + 1)
    assert build_unet(filters=2, depth=1, normalisation="none").count_params() == by_hand


@pytest.mark.parametrize("more", [{}, {"stem": 2, "classes": 4}])
def test_folded_normalisation_gives_the_same_answers(few, more):
    model = build_unet(32, **TINY, **more)
    rng = np.random.default_rng(0)
    model.set_weights([w + rng.uniform(0.1, 0.5, w.shape) for w in model.get_weights()])  # as if trained
    folded = fold_normalisation(model, build_unet(32, **TINY, **more, normalisation="none"))
    seen = few.resized(32).images[:4, ..., None]
    np.testing.assert_allclose(folded.predict_on_batch(seen), model.predict_on_batch(seen), atol=1e-4)
    assert not any("normalization" in layer.name for layer in folded.layers)
