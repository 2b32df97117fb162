# %% solution="row_sums"
def row_sums(xs):
    tree = xs
    for _ in range(100_000):
        tree = [tree]
    return tree
