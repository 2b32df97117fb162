# %% solution="row_sums"
forever = jax.jit(lambda n: jax.lax.while_loop(lambda n: n >= 0, lambda n: n * 0, n))
forever(1).block_until_ready()
