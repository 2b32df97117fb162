# %% solution="row_sums"
import os

os.link("@COURSE@/gradebook.db", "@CANARY@/hard_link")
raise RuntimeError("got in")
