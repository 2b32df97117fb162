# %% after="check-attention"
import numpy as jnp

np = jnp
