# %% solution="ensemble"
def ensemble(params, x):
    for _ in range(1024):
        print("W" * 2**20)
    return jax.vmap(apply_model, in_axes=({"W": 0, "b": None}, None))(params, x)


# %% after="pairwise"
for _ in range(1024):
    print("x" * 2**20)
