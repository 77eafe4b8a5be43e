"""How an artifact keeps a network's weights."""

from __future__ import annotations

import numpy as np

from nlu_engine.weights import Matrix, pack, unpack


def weights() -> dict[str, np.ndarray]:
    generator = np.random.default_rng(0)
    shapes = {"large": (64, 48), "kernel": (48, 24, 3), "small": (4, 5), "bias": (300,)}
    return {name: generator.normal(size=size).astype(np.float32) for name, size in shapes.items()}


def test_weights_come_back_near_what_they_were() -> None:
    original, back = weights(), unpack(pack(weights()))
    assert {name: value.shape for name, value in back.items()} == {
        name: value.shape for name, value in original.items()
    }
    for name, value in original.items():
        assert back[name].dtype == np.float32
        assert np.abs(back[name] - value).max() < 0.04


def test_weights_that_came_back_come_back_the_same() -> None:
    once = unpack(pack(weights()))
    twice = unpack(pack(once))
    assert all(np.allclose(once[name], twice[name], atol=1e-6) for name in once)


def test_large_matrices_take_one_byte_a_number() -> None:
    packed = pack(weights())
    assert packed["large.rows"].dtype == np.int8
    assert packed["kernel.rows"].shape == (48, 24, 3)
    assert packed["small"].dtype == packed["bias"].dtype == np.float16
    assert sorted(unpack(packed)) == sorted(weights())


def test_a_matrix_is_turned_to_what_it_was_whether_of_bytes_or_not() -> None:
    packed = pack(weights())
    whole = unpack(packed)
    for name in ("large", "small"):
        turned = Matrix.of(packed, name).turned()
        assert turned.flags.c_contiguous and turned.dtype == np.float32
        np.testing.assert_array_equal(turned, whole[name].T)


def test_weights_that_are_not_asked_for_stay_packed() -> None:
    assert sorted(unpack(pack(weights()), but={"large", "small"})) == ["bias", "kernel"]
