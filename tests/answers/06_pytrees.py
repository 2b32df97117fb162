# %% wrong="clip_gradients" reason="values" about="0 / 0 for a gradient that is zero"
def clip_gradients(grads, limit):
    n = jnp.linalg.norm(ravel_pytree(grads)[0])
    return jax.tree.map(lambda g: g / n * jnp.minimum(n, limit), grads)
