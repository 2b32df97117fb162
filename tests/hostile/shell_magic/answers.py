# %% solution="row_sums"
get_ipython().system("touch @CANARY@/shell_magic")


def row_sums(xs):
    return xs[:, 0]
