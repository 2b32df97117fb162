# %% after="check-attention"
def pairwise(xs, ys):
    return jax.vmap(jax.vmap(distance, in_axes=(None, 0)), in_axes=(0, None))(xs, ys)


# %% solution="pairwise"
def pairwise(xs, ys):
    """All pairs: xs (n, 3), ys (m, 3) -> (n, m)."""
    raise NotImplementedError()
