# %% solution="row_sums"
import sys

sys.path.insert(0, "@COURSE@/solutions/05_vmap")
import vmap

raise RuntimeError(f"got in: {vmap.WHAT_NOBODY_MAY_READ}")
