# %% solution="row_sums"
def row_sums(xs):
    kept = []
    while True:
        kept.append(bytearray(2**24))
