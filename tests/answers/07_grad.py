# %% wrong="force" reason="values" about="central differences with a step of 0.01"
def force(x):
    h = 0.01
    d = h * jnp.eye(x.size)
    return -jax.vmap(lambda e: (energy(x + e) - energy(x - e)) / (2 * h))(d)
