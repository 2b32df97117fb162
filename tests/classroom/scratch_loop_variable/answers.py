# %% after="check-attention"
for norm in range(3):
    distance = norm * 2
