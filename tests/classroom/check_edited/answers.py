# %% solution="column_norms"
def column_norms(A):
    return jnp.sum(A**2, axis=0)
