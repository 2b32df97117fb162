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
# Each module is a lesson that you run, and exercises that answer at once. Here is what you have
# done. To bring it up to date, run the cell (click it, then *Shift + Enter*).

# %%
from autograder import resume

resume()

# %% [markdown]
# 1. **Read a lesson.** Answer each prediction before you run the cell below it: replace the dots.
#    Your first guess is counted above. The lesson's last cell counts it as read when no prediction
#    is left open.
# 2. **Do its exercises.** Write each answer, and run the `check` cell under it. Those who know
#    the topic already find a question for them at the top: passing it counts the lesson as read.
# 3. **Read the card.** It says what was asked for, what came back and what to try. Three hints
#    for each exercise come one at a time, by `hint("its_name")` in a cell of your own, and
#    `reset("its_name")` in place of an answer brings back what stood there.
# 4. **Validate.** When every card says *passed*, press *Validate* in the toolbar: it runs the
#    notebook once more from the top.
# 5. **Stop whenever you like.** Your notebooks are ordinary files: save, and go on another day.
#    What you have passed is kept on this machine; `autograder progress` shows it in a terminal.
# 6. **Delete a notebook to begin it again**, and start the course anew: it comes back as it was.
#    What you changed is never overwritten.
#
# ![The map of the course: its modules, with an arrow from each to those that it prepares for, and
# a square for each exercise.](../docs/course_map.svg)
