# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # NumPy to JAX: start here
#
# | | lesson | exercises | what it is about |
# | --- | --- | --- | --- |
# | 1 | [numpy_to_jax](01_numpy_to_jax.ipynb) | [exercises](../exercises/01_numpy_to_jax/numpy_to_jax.ipynb) | the familiar API, and where it differs |
# | 2 | [mutability](02_mutability.ipynb) | [exercises](../exercises/02_mutability/mutability.ipynb) | arrays that never change: `.at`, copies, donation |
# | 3 | [jit_timing](03_jit_timing.ipynb) | [exercises](../exercises/03_jit_timing/jit_timing.ipynb) | tracing, compiling, and honest timing |
# | 4 | [prng_keys](04_prng_keys.ipynb) | [exercises](../exercises/04_prng_keys/prng_keys.ipynb) | random numbers from keys |
# | 5 | [vmap](05_vmap.ipynb) | [exercises](../exercises/05_vmap/vmap.ipynb) | write for one, run for many |
# | 6 | [pytrees](06_pytrees.ipynb) | [exercises](../exercises/06_pytrees/pytrees.ipynb) | nested containers of arrays |
# | 7 | [grad](07_grad.ipynb) | [exercises](../exercises/07_grad/grad.ipynb) | derivatives of programs |
# | 8 | [shard_map](08_shard_map.ipynb) | [exercises](../exercises/08_shard_map/shard_map.ipynb) | many devices, by hand |
# | 9 | [portability](09_portability.ipynb) | [exercises](../exercises/09_portability/portability.ipynb) | CPU, GPU, TPU, and the capstone |
#
# 1. **Read a lesson.** Answer each prediction before you run the cell below it.
# 2. **Do its exercises.** Write each answer, and run the `check` cell under it. Those who know
#    the topic already find a question for them at the top.
# 3. **Read the card.** It says what was asked for, what came back and what to try; three hints
#    are folded below.
# 4. **Validate.** When every card says *passed*, press *Validate* in the toolbar: it runs the
#    notebook once more from the top.
# 5. **Stop whenever you like.** Your notebooks are ordinary files: save, and go on another day.
