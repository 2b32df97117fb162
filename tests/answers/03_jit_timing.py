# %% wrong="newton_roots" reason="operation" about="begins at jnp.sqrt, the loop is decoration"
def newton_roots(a):
    return jax.lax.while_loop(lambda x: off(x, a), lambda x: better(x, a), jnp.sqrt(a))


# %% wrong="score_and_hidden" reason="leak" about="keeps the hidden layer as an attribute of the function"
def score_and_hidden(weights, xs):
    hidden = jnp.tanh(xs @ weights["in"])
    score_and_hidden.last = hidden
    return hidden @ weights["out"], hidden
