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
# 1. **Read a lesson.** Open [05_vmap](05_vmap.ipynb), and answer each prediction before you run
#    the cell below it.
# 2. **Do its exercises.** Open [exercises/05_vmap](../exercises/05_vmap/vmap.ipynb), write each
#    answer, and run the `check` cell under it.
# 3. **Read the card.** It says what was asked for, what came back and what to try; three hints
#    are folded below.
# 4. **Validate.** When every card says *passed*, press *Validate* in the toolbar: it runs the
#    notebook once more from the top.
# 5. **Stop whenever you like.** Your notebooks are ordinary files: save, and go on another day.
