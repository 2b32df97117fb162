# %% solution="row_sums"
open("/dev/tty", "w").write("\a")
raise RuntimeError("got in")
