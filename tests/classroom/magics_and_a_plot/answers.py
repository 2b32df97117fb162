# %% after="column_norms"
# %matplotlib inline
# %load_ext autoreload
import matplotlib.pyplot as plt

# %timeit -n 1 -r 1 column_norms(jnp.ones((5, 7)))
# !echo a shell command
plt.plot(column_norms(jnp.ones((5, 7))))
plt.show()
jnp.ones(3)


# %% solution="predict_batch"
# %time ready = True
def predict_batch(W, b, xs):
    return jax.vmap(predict, in_axes=(None, None, 0))(W, b, xs)
