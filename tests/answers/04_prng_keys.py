# %% wrong="two_noises" reason="correlated" about="the second is the first in reverse"
def two_noises(key, signal):
    a = jax.random.normal(key, signal.shape)
    return a, a[::-1]


# %% wrong="two_noises" reason="distribution" about="truncated at two standard deviations"
def two_noises(key, signal):
    k1, k2 = jax.random.split(key)
    return (
        jax.random.truncated_normal(k1, -2.0, 2.0, signal.shape),
        jax.random.truncated_normal(k2, -2.0, 2.0, signal.shape),
    )


# %% wrong="two_noises" reason="correlated" about="the second has the sign of the first turned at random (same size)"
def two_noises(key, signal):
    k1, k2 = jax.random.split(key)
    a = jax.random.normal(k1, signal.shape)
    return a, a * jax.random.rademacher(k2, signal.shape, dtype=jnp.float32)


# %% wrong="fresh_params" reason="correlated" about="value is query with its rows in another order"
def fresh_params(key, width):
    q, b = jax.random.split(key)
    w = 0.1 * jax.random.normal(q, (width, 2000))
    return {"query": w, "value": w[::-1, ::-1], "bias": jax.random.uniform(b, (2000,), minval=-1.0)}


# %% wrong="noisy_dropout" reason="correlated" about="mask is repeated: second half like the first"
def noisy_dropout(key, x):
    a, b = jax.random.split(key)
    h = jax.random.bernoulli(b, 0.5, (len(x) // 2,))
    return jnp.where(jnp.concatenate([h, h]), 2 * (x + jax.random.normal(a, x.shape)), 0.0)


# %% wrong="bootstrap_means" reason="distribution" about="samples are one value too small"
def bootstrap_means(key, data):
    n = len(data)
    return data[jax.random.randint(key, (1000, n - 1), 0, n)].mean(axis=1)


# %% wrong="bootstrap_means" reason="correlated" about="500 samples, each given twice"
def bootstrap_means(key, data):
    n = len(data)
    m = data[jax.random.randint(key, (500, n), 0, n)].mean(axis=1)
    return jnp.concatenate([m, m])


# %% wrong="fresh_params" reason="key reuse" about="draws from the parent key after splitting it (for a matrix; for a vector it is caught)"
def fresh_params(key, width):
    key_value, key_bias = jax.random.split(key)
    return {
        "query": 0.1 * jax.random.normal(key, (width, 2000)),
        "value": 0.1 * jax.random.normal(key_value, (width, 2000)),
        "bias": jax.random.uniform(key_bias, (2000,), minval=-1.0, maxval=1.0),
    }


# %% wrong="two_noises" reason="correlated" about="the key is ignored: every number comes from PRNGKey(signal.size)"
def two_noises(key, signal):
    a, b = jax.random.split(jax.random.PRNGKey(signal.size))
    return jax.random.normal(a, signal.shape), jax.random.normal(b, signal.shape)
