# %% after="check-column_norms"
def column_norms(A):
    return A


# %% solution="ensemble"
def ensemble(params, x):
    return jnp.tanh(params["W"] @ x)


# %% after="check-ensemble"
def ensemble(params, x):
    return jnp.tanh(params["W"] @ x + params["b"])
