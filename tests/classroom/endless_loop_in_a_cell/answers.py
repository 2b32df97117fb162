# %% after="column_norms"
i = 0
while i < 10:
    norm(jnp.ones(3))
