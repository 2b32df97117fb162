# %% solution="row_sums"
def row_sums(xs):
    return {"k" * 10_000_000: xs}
