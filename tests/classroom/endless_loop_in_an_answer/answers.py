# %% solution="pairwise"
def pairwise(xs, ys):
    i = 0
    while i < len(xs):
        row = distance(xs[i], ys[0])
    return row
