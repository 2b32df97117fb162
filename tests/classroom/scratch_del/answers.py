# %% after="check-attention"
del predict, norm, distance, attend, apply_model, loss, predict_batch, pairwise
del jax, jnp
