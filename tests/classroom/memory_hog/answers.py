# %% solution="ensemble"
def ensemble(params, x):
    everything = bytearray(2**40)
    return jax.vmap(apply_model, in_axes=({"W": 0, "b": None}, None))(params, x) + everything[0]


# %% solution="pairwise"
def pairwise(xs, ys):
    table = jnp.sort(jnp.outer(jnp.arange(2.0**17), jnp.arange(2.0**17)))
    return jnp.zeros((len(xs), len(ys))) + table[-1, -1]
