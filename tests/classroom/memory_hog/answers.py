# %% solution="ensemble"
def ensemble(params, x):
    everything = bytearray(2**40)
    return jax.vmap(apply_model, in_axes=({"W": 0, "b": None}, None))(params, x) + everything[0]


# %% solution="pairwise"
def pairwise(xs, ys):
    table = jnp.outer(jnp.arange(2.0**14), jnp.arange(2.0**14))
    table = jnp.sort(table) @ jnp.sort(jnp.sin(table), axis=0) + jnp.sort(jnp.cos(table))
    return jnp.zeros((len(xs), len(ys))) + table[-1, -1]
