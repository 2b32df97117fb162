# %% wrong="init_network" reason="key reuse" about="the carried key is used and then split"
def init_network(key, widths):
    net = []
    for i, o in zip(widths, widths[1:]):
        net.append({"w": jax.random.normal(key, (i, o)) * i**-0.5, "b": jnp.zeros(o)})
        key = jax.random.split(key)[0]
    return net
