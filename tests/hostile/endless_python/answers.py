# %% solution="row_sums"
def row_sums(xs):
    while True:
        pass
