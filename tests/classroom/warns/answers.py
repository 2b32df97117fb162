# %% solution="predict_batch"
import sys
import warnings

warnings.warn("vmap is new to me", stacklevel=1)


def predict_batch(W, b, xs):
    warnings.warn("nearly there", DeprecationWarning, stacklevel=1)
    print("predicting", xs.shape, file=sys.stderr)
    return jax.vmap(predict, in_axes=(None, None, 0))(W, b, xs)
