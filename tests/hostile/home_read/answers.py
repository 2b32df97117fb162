# %% solution="row_sums"
loot = open("@CANARY@/private", "rb").read()
raise RuntimeError(f"got in: {loot[:40]}")
