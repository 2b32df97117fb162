# %% solution="row_sums"
raise RuntimeError("\x1b]0;owned\x07\x1b[2J you see nothing")
