# %% solution="row_sums"
def row_sums(xs):
    kept = []
    while len(kept) < 5_000:
        kept.append(open("/dev/null"))
    raise RuntimeError("got in")
