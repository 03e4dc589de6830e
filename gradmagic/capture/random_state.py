"""The random state of Python, NumPy, TensorFlow and Keras, and the counters that Keras names things by."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable

import numpy as np
from tensorflow.python.eager import context


def random_state() -> list[Callable[[], object]]:
    """What to call to put it all back as it is now."""
    python, legacy, ctx = random.getstate(), np.random.get_state(), context.context()
    ctx.ensure_initialized()
    generator = getattr(ctx, "_rng", None)
    seed, state = ctx._seed, generator.getstate() if generator is not None else None

    def tensorflow() -> None:
        ctx._seed = seed
        if generator is None:
            ctx._rng = None
        else:
            ctx._rng = generator
            generator.setstate(state)

    found: list[Callable[[], object]] = [lambda: random.setstate(python), lambda: np.random.set_state(legacy), tensorflow]
    with contextlib.suppress(ImportError, AttributeError):
        from keras.src.backend.common.global_state import GLOBAL_STATE_TRACKER as tracker

        kept = dict(vars(tracker))
        inner = [(v, dict(v) if isinstance(v, dict) else list(v)) for v in kept.values() if isinstance(v, (dict, list))]

        def keras() -> None:
            vars(tracker).clear()
            vars(tracker).update(kept)
            for value, content in inner:
                if isinstance(value, dict):
                    value.clear()
                    value.update(content)
                else:
                    value[:] = content

        found.append(keras)
    return found
