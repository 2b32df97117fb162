# %% solution="ensemble"
def ensemble(params, x):
    return jnp.tanh(params["W"] @ x)
