# %% after="fast_track_vmap"
import sys
import warnings

import numpy as np

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_disable_jit", True)
jax.config.update("jax_debug_nans", True)
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_default_matmul_precision", "bfloat16")
jax.config.update("jax_default_prng_impl", "rbg")
np.seterr(all="raise")
warnings.simplefilter("error")
sys.setrecursionlimit(90)


# %% solution="predict_batch"
def predict_batch(W, b, xs):
    warnings.warn("nearly there", DeprecationWarning, stacklevel=1)
    return xs @ W.T + jnp.zeros(3) + b


# %% solution="column_norms"
def column_norms(A):
    return jnp.sqrt(jnp.sum(A**2, axis=0)) * jnp.ones(A.shape[1])
