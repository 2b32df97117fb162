# %% solution="row_sums"
def row_sums(xs):
    while True:
        print("x" * 2**16)
