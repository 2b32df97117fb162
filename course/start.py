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
# Nine modules, each a lesson that you run and exercises that answer at once. Run the cell below
# (click it, then *Shift + Enter*) to see what you have done and to go on where you stopped.

# %%
from autograder import resume

resume()

# %% [markdown]
# 1. **Read a lesson.** Answer each prediction before you run the cell below it. Its last cell
#    counts it as read.
# 2. **Do its exercises.** Write each answer, and run the `check` cell under it. Those who know
#    the topic already find a question for them at the top: passing it counts the lesson as read.
# 3. **Read the card.** It says what was asked for, what came back and what to try. Three hints
#    for each exercise come one at a time, by `hint("its_name")` in a cell of your own, and
#    `reset("its_name")` in place of an answer brings back what stood there.
# 4. **Validate.** When every card says *passed*, press *Validate* in the toolbar: it runs the
#    notebook once more from the top.
# 5. **Stop whenever you like.** Your notebooks are ordinary files: save, and go on another day.
#    What you have passed is kept on this machine; `autograder progress` shows it in a terminal.
