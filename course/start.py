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
# Each module is a lesson that you run, and exercises that are checked at once. Here is what you
# have done. To bring it up to date, run the cell (click it, then *Shift + Enter*).

# %%
from autograder import resume

resume()

# %% [markdown]
# 1. **Read a lesson.** Make each prediction before you run the cell below it: replace the dots.
#    Your first guess is counted above. When you have made all predictions, the lesson's last cell
#    counts the lesson as read.
# 2. **Do its exercises.** Write each answer, and run the `check` cell under it. If you already know
#    the topic, answer the question at the top: if you pass it, the lesson counts as read.
# 3. **Read the card.** It says what was expected, what came back and what to try. The buttons below
#    the card show the next hint, and the code that was there before your answer. In a cell of your
#    own, `hint("its_name")` shows a hint too. `reset("its_name")` in place of your answer brings the
#    original code back.
# 4. **Validate.** When every card says *passed*, press *Validate* in the toolbar: it runs the
#    notebook once more from the top.
# 5. **Stop whenever you like.** Your notebooks are ordinary files: save them, and go on another day.
#    What you have passed is kept on this machine; `autograder progress` shows it in a terminal.
# 6. **To begin a notebook again, delete it** and start the course again: the notebook comes back as
#    it was at first. What you changed is never overwritten.
#
# ![The map of the course: its modules, with arrows from each module to the modules that it prepares
# for, and a square for each exercise.](../docs/course_map.svg)
