# %% solution="fast_track_vmap"
fast_track_vmap = ...  # your answer


# %% solution="ensemble"
def ensemble(params, x):
    return jnp.tanh(params["W"] @ x)
