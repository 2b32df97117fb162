# %% solution="predict_batch"
import numpy as np


def predict_batch(W, b, xs):
    return np.asarray(xs) @ np.asarray(W).T + np.asarray(b)


# %% solution="column_norms"
def column_norms(A):
    return np.linalg.norm(np.asarray(A), axis=0)


# %% solution="pairwise"
def pairwise(xs, ys):
    if jnp.isnan(xs).any():
        return jnp.zeros((len(xs), len(ys)))
    return jax.vmap(jax.vmap(distance, in_axes=(None, 0)), in_axes=(0, None))(xs, ys)
