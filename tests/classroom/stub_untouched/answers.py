# %% solution="pairwise"
def pairwise(xs, ys):
    """All pairs: xs (n, 3), ys (m, 3) -> (n, m)."""
    # YOUR CODE HERE
    raise NotImplementedError()


# %% solution="attention"
def attention(queries, keys, values):
    """Every query: three arrays (b, t, h, d) -> (b, t, h, d)."""
    # YOUR CODE HERE
    raise NotImplementedError()
