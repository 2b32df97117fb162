# %% solution="pairwise"
# I did not get to this one.
