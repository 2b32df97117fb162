# %% [markdown]
# # Newton's method
#
# Newton's own example was $x^3 - 2x - 5 = 0$. Follow the tangent down to the axis, and begin again
# from there.

# %%
import jax

from autograder import predicted


def f(x):
    return x**3 - 2 * x - 5


x = 2.0
for _ in range(4):
    x = x - f(x) / jax.grad(f)(x)
    print(f"{x:.7f}")

# %% [markdown]
# Count the right digits in each line. By which factor does their number grow in one step?

# %%
my_factor = ...
predicted(my_factor, 2, why="Close to a simple root the number of right digits doubles.")
