# %% solution="row_sums"
import os

path = os.path.join(os.path.dirname(jax.__file__), "hostile.pyc")
open(path, "x").close()
os.remove(path)
raise RuntimeError("got in")
