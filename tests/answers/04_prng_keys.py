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


# %% wrong="noisy_dropout" reason="shape" about="mask is repeated: second half like the first"
def noisy_dropout(key, x):
    a, b = jax.random.split(key)
    h = jax.random.bernoulli(b, 0.5, (len(x) // 2,))
    return jnp.where(jnp.concatenate([h, h]), 2 * (x + jax.random.normal(a, x.shape)), 0.0)


# %% wrong="bootstrap_means" reason="distribution" about="samples are one value too small"
def bootstrap_means(key, data):
    n = len(data)
    return data[jax.random.randint(key, (1000, n - 1), 0, n)].mean(axis=1)


# %% wrong="bootstrap_means" reason="distribution" about="500 samples, each given twice"
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


# %% right="two_noises" about="a raw key, split"
def two_noises(key, signal):
    one, two = jax.random.split(jax.random.key_data(key))
    return jax.random.normal(one, signal.shape), jax.random.normal(two, signal.shape)


# %% right="two_noises" about="vmap over the children, then taken apart"
def two_noises(key, signal):
    both = jax.vmap(lambda k: jax.random.normal(k, signal.shape))(jax.random.split(key))
    return tuple(both)


# %% right="two_noises" about="fold_in of two numbers"
def two_noises(key, signal):
    return tuple(jax.random.normal(jax.random.fold_in(key, i), signal.shape) for i in (3, 8))


# %% right="two_noises" about="the inverse of the distribution function, by hand"
def two_noises(key, signal):
    one, two = jax.random.split(key)

    def draw(k):
        u = jax.random.uniform(k, signal.shape, minval=jnp.finfo(jnp.float32).tiny)
        return jax.scipy.stats.norm.ppf(u)

    return draw(one), draw(two)


# %% right="two_noises" about="a carried key, used and renewed"
def two_noises(key, signal):
    noises = []
    for _ in range(2):
        key, now = jax.random.split(key)
        noises.append(jax.random.normal(now, signal.shape))
    return tuple(noises)


# %% right="two_noises" about="one long draw, even and odd places"
def two_noises(key, signal):
    long = jax.random.normal(key, (2 * signal.size,))
    return long[::2], long[1::2]


# %% right="two_noises" about="Box and Muller"
def two_noises(key, signal):
    one, two = jax.random.split(key)
    r = jnp.sqrt(-2 * jnp.log1p(-jax.random.uniform(one, signal.shape)))
    angle = 2 * jnp.pi * jax.random.uniform(two, signal.shape)
    return r * jnp.cos(angle), r * jnp.sin(angle)


# %% right="two_noises" about="both signs turned"
def two_noises(key, signal):
    one, two = jax.random.split(key)
    return -jax.random.normal(one, signal.shape), -jax.random.normal(two, signal.shape)


# %% wrong="two_noises" reason="correlated" about="the second is the first, rolled"
def two_noises(key, signal):
    a = jax.random.normal(key, signal.shape)
    return a, jnp.roll(a, 1)


# %% wrong="two_noises" reason="correlated" about="the second is the first, shuffled"
def two_noises(key, signal):
    one, two = jax.random.split(key)
    a = jax.random.normal(one, signal.shape)
    return a, jax.random.permutation(two, a)


# %% wrong="two_noises" reason="correlated" about="the second shares a third of its variance with the first"
def two_noises(key, signal):
    one, two = jax.random.split(key)
    a = jax.random.normal(one, signal.shape)
    return a, jnp.sqrt(1 / 3) * a + jnp.sqrt(2 / 3) * jax.random.normal(two, signal.shape)


# %% wrong="two_noises" reason="distribution" about="cut at three standard deviations"
def two_noises(key, signal):
    return tuple(jnp.clip(jax.random.normal(k, signal.shape), -3, 3) for k in jax.random.split(key))


# %% wrong="two_noises" reason="distribution" about="truncated at two and a half"
def two_noises(key, signal):
    return tuple(
        jax.random.truncated_normal(k, -2.5, 2.5, signal.shape) for k in jax.random.split(key)
    )


# %% wrong="two_noises" reason="distribution" about="a tenth too much noise"
def two_noises(key, signal):
    return tuple(1.1 * jax.random.normal(k, signal.shape) for k in jax.random.split(key))


# %% wrong="two_noises" reason="distribution" about="off by 0.08"
def two_noises(key, signal):
    return tuple(0.08 + jax.random.normal(k, signal.shape) for k in jax.random.split(key))


# %% wrong="two_noises" reason="distribution" about="a sum of three uniform numbers in place of a normal one"
def two_noises(key, signal):
    return tuple(
        2 * jax.random.uniform(k, (3, *signal.shape)).sum(0) - 3 for k in jax.random.split(key)
    )


# %% wrong="two_noises" reason="distribution" about="half of the noise, given twice"
def two_noises(key, signal):
    n = signal.size

    def draw(k):
        half = jax.random.normal(k, ((n + 1) // 2,))
        return jnp.concatenate([half, half])[:n]

    return tuple(draw(k) for k in jax.random.split(key))


# %% wrong="two_noises" reason="correlated" about="looks at the first number of the key only"
def two_noises(key, signal):
    one, two = jax.random.split(jax.random.PRNGKey(jax.random.key_data(key)[0]))
    return jax.random.normal(one, signal.shape), jax.random.normal(two, signal.shape)


# %% wrong="two_noises" reason="correlated" about="looks at the second number of the key only"
def two_noises(key, signal):
    one, two = jax.random.split(jax.random.PRNGKey(jax.random.key_data(key)[1]))
    return jax.random.normal(one, signal.shape), jax.random.normal(two, signal.shape)


# %% wrong="two_noises" reason="correlated" about="the second comes from a fixed seed"
def two_noises(key, signal):
    return (
        jax.random.normal(key, signal.shape),
        jax.random.normal(jax.random.PRNGKey(1), signal.shape),
    )


# %% wrong="two_noises" reason="correlated" about="the second is turned where it has the sign of the first"
def two_noises(key, signal):
    one, two = jax.random.split(key)
    a, b = jax.random.normal(one, signal.shape), jax.random.normal(two, signal.shape)
    return a, jnp.abs(b) * jnp.sign(a)


# %% wrong="two_noises" reason="key reuse" about="one key for normal and for the other by uniform and ppf" misconception="draws twice from the same key"
def two_noises(key, signal):
    return (
        jax.random.normal(key, signal.shape),
        jax.scipy.stats.norm.ppf(jax.random.uniform(key, signal.shape, minval=1e-7)),
    )


# %% wrong="two_noises" reason="key reuse" about="child 0 of a split, and 0 folded in"
def two_noises(key, signal):
    return (
        jax.random.normal(jax.random.split(key)[0], signal.shape),
        jax.random.normal(jax.random.fold_in(key, 0), signal.shape),
    )


# %% wrong="two_noises" reason="shape" about="keys in place of the second noise"
def two_noises(key, signal):
    one, two = jax.random.split(key)
    noise = jax.random.normal(one, signal.shape)
    return noise, jnp.broadcast_to(two, noise.shape)


# %% wrong="cooling_walk" reason="structure" about="returns the key as well"
def cooling_walk(key, starts, steps):
    def step(_, state):
        x, k = state
        k, now = jax.random.split(k)
        return 0.5 * x + jax.random.normal(now, x.shape), k

    return jax.lax.fori_loop(0, steps, step, (starts, key))


# %% wrong="two_noises" reason="structure" about="one array with both"
def two_noises(key, signal):
    return jax.random.normal(key, (2, *signal.shape))


# %% wrong="two_noises" reason="TypeError" about="adds 1 to a typed key"
def two_noises(key, signal):
    return jax.random.normal(key, signal.shape), jax.random.normal(key + 1, signal.shape)


# %% right="fresh_params" about="a key for each leaf by tree.map"
def fresh_params(key, width):
    shapes = {"query": (width, 2000), "value": (width, 2000), "bias": (2000,)}
    keys = dict(zip(shapes, jax.random.split(key, 3)))
    params = {name: 0.1 * jax.random.normal(keys[name], shapes[name]) for name in shapes}
    params["bias"] = jax.random.uniform(keys["bias"], (2000,), jnp.float32, -1, 1)
    return params


# %% right="fresh_params" about="query and value from one draw"
def fresh_params(key, width):
    weights, bias = jax.random.split(key)
    query, value = 0.1 * jax.random.normal(weights, (2, width, 2000))
    return {"query": query, "value": value, "bias": jax.random.uniform(bias, (2000,), minval=-1)}


# %% right="fresh_params" about="a key for every row"
def fresh_params(key, width):
    rows = jax.random.split(key, 2 * width + 1)
    draw = jax.vmap(lambda k: 0.1 * jax.random.normal(k, (2000,)))
    return {
        "query": draw(rows[:width]),
        "value": draw(rows[width : 2 * width]),
        "bias": jax.random.uniform(rows[-1], (2000,), minval=-1.0, maxval=1.0),
    }


# %% right="fresh_params" about="a chain of splits"
def fresh_params(key, width):
    key, now = jax.random.split(key)
    query = jax.random.normal(now, (width, 2000)) / 10
    key, now = jax.random.split(key)
    value = jax.random.normal(now, (width, 2000)) / 10
    bias = 1 - 2 * jax.random.uniform(key, (2000,))
    return {"bias": bias, "value": value, "query": query}


# %% right="fresh_params" about="jitted, with raw keys"
@jax.jit
def draw_all(key, like):
    one, two, three = jax.random.split(jax.random.key_data(key), 3)
    return {
        "query": 0.1 * jax.random.normal(one, like.shape),
        "value": 0.1 * jax.random.normal(two, like.shape),
        "bias": jax.random.uniform(three, like.shape[1:], minval=-1.0),
    }


def fresh_params(key, width):
    return draw_all(key, jnp.zeros((width, 2000)))


# %% right="fresh_params" about="folds in a hash of each name"
def fresh_params(key, width):
    import zlib

    k = {name: jax.random.fold_in(key, zlib.crc32(name.encode())) for name in ("q", "v", "b")}
    return {
        "query": 0.1 * jax.random.normal(k["q"], (width, 2000)),
        "value": 0.1 * jax.random.normal(k["v"], (width, 2000)),
        "bias": jax.random.uniform(k["b"], (2000,), minval=-1.0, maxval=1.0),
    }


# %% wrong="fresh_params" reason="distribution" about="a standard deviation of 0.107"
def fresh_params(key, width):
    one, two, three = jax.random.split(key, 3)
    return {
        "query": 0.107 * jax.random.normal(one, (width, 2000)),
        "value": 0.107 * jax.random.normal(two, (width, 2000)),
        "bias": jax.random.uniform(three, (2000,), minval=-1.0, maxval=1.0),
    }


# %% wrong="fresh_params" reason="distribution" about="the bias goes up to 0.9"
def fresh_params(key, width):
    one, two, three = jax.random.split(key, 3)
    return {
        "query": 0.1 * jax.random.normal(one, (width, 2000)),
        "value": 0.1 * jax.random.normal(two, (width, 2000)),
        "bias": jax.random.uniform(three, (2000,), minval=-1.0, maxval=0.9),
    }


# %% wrong="fresh_params" reason="distribution" about="the bias lies between -1.15 and 1.15"
def fresh_params(key, width):
    one, two, three = jax.random.split(key, 3)
    return {
        "query": 0.1 * jax.random.normal(one, (width, 2000)),
        "value": 0.1 * jax.random.normal(two, (width, 2000)),
        "bias": jax.random.uniform(three, (2000,), minval=-1.15, maxval=1.15),
    }


# %% wrong="fresh_params" reason="distribution" about="a variance of 0.1"
def fresh_params(key, width):
    one, two, three = jax.random.split(key, 3)
    return {
        "query": 0.1**0.5 * jax.random.normal(one, (width, 2000)),
        "value": 0.1**0.5 * jax.random.normal(two, (width, 2000)),
        "bias": jax.random.uniform(three, (2000,), minval=-1.0, maxval=1.0),
    }


# %% wrong="fresh_params" reason="correlated" about="value is query with its rows shuffled"
def fresh_params(key, width):
    one, two, three = jax.random.split(key, 3)
    query = 0.1 * jax.random.normal(one, (width, 2000))
    return {
        "query": query,
        "value": jax.random.permutation(two, query),
        "bias": jax.random.uniform(three, (2000,), minval=-1.0, maxval=1.0),
    }


# %% wrong="fresh_params" reason="distribution" about="all rows of a matrix are the same"
def fresh_params(key, width):
    one, two, three = jax.random.split(key, 3)
    rows = jnp.ones((width, 1))
    return {
        "query": rows * 0.1 * jax.random.normal(one, (2000,)),
        "value": rows * 0.1 * jax.random.normal(two, (2000,)),
        "bias": jax.random.uniform(three, (2000,), minval=-1.0, maxval=1.0),
    }


# %% wrong="fresh_params" reason="key reuse" about="the bias is drawn from the key that was split in two"
def fresh_params(key, width):
    one, two = jax.random.split(key)
    return {
        "query": 0.1 * jax.random.normal(one, (width, 2000)),
        "value": 0.1 * jax.random.normal(two, (width, 2000)),
        "bias": jax.random.uniform(key, (2000,), minval=-1.0, maxval=1.0),
    }


# %% wrong="fresh_params" reason="key reuse" about="two splits of one key"
def fresh_params(key, width):
    return {
        "query": 0.1 * jax.random.normal(jax.random.split(key, 2)[1], (width, 2000)),
        "value": 0.1 * jax.random.normal(jax.random.split(key, 3)[2], (width, 2000)),
        "bias": jax.random.uniform(jax.random.split(key, 2)[0], (2000,), minval=-1.0),
    }


# %% wrong="fresh_params" reason="correlated" about="keys made of the width"
def fresh_params(key, width):
    one, two, three = jax.random.split(jax.random.key(width), 3)
    return {
        "query": 0.1 * jax.random.normal(one, (width, 2000)),
        "value": 0.1 * jax.random.normal(two, (width, 2000)),
        "bias": jax.random.uniform(three, (2000,), minval=-1.0, maxval=1.0),
    }


# %% wrong="fresh_params" reason="structure" about="forgets the bias"
def fresh_params(key, width):
    one, two = jax.random.split(key)
    return {
        "query": 0.1 * jax.random.normal(one, (width, 2000)),
        "value": 0.1 * jax.random.normal(two, (width, 2000)),
    }


# %% right="numbered_noise" about="lax.map over the numbers"
def numbered_noise(key, ids):
    return jax.lax.map(lambda i: jax.random.normal(jax.random.fold_in(key, i), (3,)), ids)


# %% right="numbered_noise" about="scan over the numbers"
def numbered_noise(key, ids):
    def step(_, i):
        return None, jax.random.normal(jax.random.fold_in(key, i), (3,))

    return jax.lax.scan(step, None, ids)[1]


# %% right="numbered_noise" about="a raw key, in_axes"
def numbered_noise(key, ids):
    def noise(k, i):
        return jax.random.normal(jax.random.fold_in(k, i), (3,))

    return jax.vmap(noise, in_axes=(None, 0))(jax.random.key_data(key), ids)


# %% right="numbered_noise" about="jnp.vectorize"
@jax.jit
def numbered_noise(key, ids):
    draw = jnp.vectorize(
        lambda i: jax.random.normal(jax.random.fold_in(key, i), (3,)), signature="()->(k)"
    )
    return draw(ids)


# %% right="numbered_noise" about="numbers as uint32"
def numbered_noise(key, ids):
    keys = jax.vmap(lambda i: jax.random.fold_in(key, i))(ids.astype(jnp.uint32))
    return jax.vmap(lambda k: jax.random.normal(k, (3,)))(keys)


# %% wrong="numbered_noise" reason="values" about="counts the examples of the batch" misconception="gives keys by the place in the batch"
def numbered_noise(key, ids):
    places = jnp.arange(ids.shape[0])
    return jax.vmap(lambda i: jax.random.normal(jax.random.fold_in(key, i), (3,)))(places)


# %% wrong="numbered_noise" reason="values" about="numbers modulo 2**16"
def numbered_noise(key, ids):
    return jax.vmap(lambda i: jax.random.normal(jax.random.fold_in(key, i % 65536), (3,)))(ids)


# %% wrong="numbered_noise" reason="values" about="numbers through float32"
def numbered_noise(key, ids):
    rounded = ids.astype(jnp.float32).astype(jnp.uint32)
    return jax.vmap(lambda i: jax.random.normal(jax.random.fold_in(key, i), (3,)))(rounded)


# %% wrong="numbered_noise" reason="values" about="the number is a seed"
def numbered_noise(key, ids):
    return jax.vmap(lambda i: jax.random.normal(jax.random.key(i), (3,)))(ids)


# %% wrong="numbered_noise" reason="TypeError" about="adds the number to the key"
def numbered_noise(key, ids):
    return jax.vmap(lambda i: jax.random.normal(key + i.astype(jnp.uint32), (3,)))(ids)


# %% wrong="numbered_noise" reason="values" about="adds the number to the key's data"
def numbered_noise(key, ids):
    raw = jax.random.key_data(key)
    return jax.vmap(lambda i: jax.random.normal(raw + i.astype(jnp.uint32), (3,)))(ids)


# %% wrong="numbered_noise" reason="values" about="splits once more after folding"
def numbered_noise(key, ids):
    def noise(i):
        return jax.random.normal(jax.random.split(jax.random.fold_in(key, i))[1], (3,))

    return jax.vmap(noise)(ids)


# %% wrong="numbered_noise" reason="values" about="uniform noise"
def numbered_noise(key, ids):
    return jax.vmap(lambda i: jax.random.uniform(jax.random.fold_in(key, i), (3,)))(ids)


# %% wrong="numbered_noise" reason="shape" about="squeezes: a batch of one loses its axis"
def numbered_noise(key, ids):
    noise = jax.vmap(lambda i: jax.random.normal(jax.random.fold_in(key, i), (3,)))(ids)
    return jnp.squeeze(noise)


# %% wrong="numbered_noise" reason="shape" about="the batch is the last axis"
def numbered_noise(key, ids):
    return jax.vmap(lambda i: jax.random.normal(jax.random.fold_in(key, i), (3,)), out_axes=1)(ids)


# %% wrong="numbered_noise" reason="values" about="a number that comes twice gets other noise the second time"
def numbered_noise(key, ids):
    first = jnp.argmax(ids[:, None] == ids[None], axis=1)
    again = first != jnp.arange(ids.shape[0])

    def noise(i, twice):
        return jax.random.normal(
            jax.random.fold_in(jax.random.fold_in(key, i), 1), (3,)
        ) * twice + (jax.random.normal(jax.random.fold_in(key, i), (3,)) * (1 - twice))

    return jax.vmap(noise)(ids, again.astype(jnp.float32))


# %% wrong="numbered_noise" reason="batch loop" earns=0.5 about="a Python loop over pairs" misconception="loops over the numbers in Python"
def numbered_noise(key, ids):
    draw = jax.vmap(lambda i: jax.random.normal(jax.random.fold_in(key, i), (3,)))
    return jnp.concatenate([draw(ids[n : n + 2]) for n in range(0, ids.shape[0], 2)])


# %% right="shuffle_pairs" about="take"
def shuffle_pairs(key, x, y):
    order = jax.random.permutation(key, len(x))
    return jnp.take(x, order, axis=0), jnp.take(y, order)


# %% right="shuffle_pairs" about="glued together and permuted"
def shuffle_pairs(key, x, y):
    both = jax.random.permutation(key, jnp.concatenate([x, y[:, None]], axis=1))
    return both[:, :-1], both[:, -1]


# %% right="shuffle_pairs" about="permutes arange"
def shuffle_pairs(key, x, y):
    order = jax.random.permutation(jax.random.key_data(key), jnp.arange(y.size))
    return jax.tree.map(lambda a: a[order], (x, y))


# %% right="shuffle_pairs" about="choice without replacement"
def shuffle_pairs(key, x, y):
    order = jax.random.choice(key, y.shape[0], (y.shape[0],), replace=False)
    return x[order], y[order]


# %% right="shuffle_pairs" about="vmap of the look-up"
@jax.jit
def shuffle_pairs(key, x, y):
    return jax.vmap(lambda i: (x[i], y[i]))(jax.random.permutation(key, y.shape[0]))


# %% wrong="shuffle_pairs" reason="values" about="sorts by random numbers: another order"
def shuffle_pairs(key, x, y):
    order = jnp.argsort(jax.random.uniform(key, y.shape))
    return x[order], y[order]


# %% wrong="shuffle_pairs" reason="values" about="picks with replacement"
def shuffle_pairs(key, x, y):
    order = jax.random.randint(key, y.shape, 0, y.shape[0])
    return x[order], y[order]


# %% wrong="shuffle_pairs" reason="values" about="scatters in place of gathering" misconception="applies the order backwards"
def shuffle_pairs(key, x, y):
    order = jax.random.permutation(key, y.shape[0])
    return jnp.zeros_like(x).at[order].set(x), jnp.zeros_like(y).at[order].set(y)


# %% wrong="shuffle_pairs" reason="values" about="shuffles the columns"
def shuffle_pairs(key, x, y):
    return jax.random.permutation(key, x, axis=1), jax.random.permutation(key, y)


# %% wrong="shuffle_pairs" reason="values" about="splits the key and uses a child"
def shuffle_pairs(key, x, y):
    order = jax.random.permutation(jax.random.split(key)[0], y.shape[0])
    return x[order], y[order]


# %% wrong="shuffle_pairs" reason="values" about="y is sorted, x follows"
def shuffle_pairs(key, x, y):
    order = jnp.argsort(y)
    return x[order], y[order]


# %% wrong="shuffle_pairs" reason="values" about="rolls by a random number"
def shuffle_pairs(key, x, y):
    by = jax.random.randint(key, (), 0, y.shape[0])
    return jnp.roll(x, by, axis=0), jnp.roll(y, by)


# %% wrong="shuffle_pairs" reason="shape" about="squeezes: one pair loses its axis"
def shuffle_pairs(key, x, y):
    order = jax.random.permutation(key, y.shape[0])
    return jnp.squeeze(x[order]), jnp.squeeze(y[order])


# %% wrong="shuffle_pairs" reason="structure" about="returns a list"
def shuffle_pairs(key, x, y):
    order = jax.random.permutation(key, y.shape[0])
    return [x[order], y[order]]


# %% wrong="shuffle_pairs" reason="values" about="the order of a fixed seed"
def shuffle_pairs(key, x, y):
    order = jax.random.permutation(jax.random.key(0), y.shape[0])
    return x[order], y[order]


# %% right="noisy_dropout" about="multiplies by the mask"
def noisy_dropout(key, x):
    a, b = jax.random.split(key)
    kept = jax.random.bernoulli(a, 0.5, x.shape)
    return kept * 2.0 * (x + jax.random.normal(b, x.shape))


# %% right="noisy_dropout" about="select and rademacher"
def noisy_dropout(key, x):
    a, b = jax.random.split(jax.random.key_data(key))
    kept = jax.random.rademacher(a, x.shape) > 0
    noisy = x + jax.random.normal(b, x.shape)
    return jax.lax.select(kept, noisy + noisy, jnp.zeros_like(x))


# %% right="noisy_dropout" about="divides by the probability"
@jax.jit
def noisy_dropout(key, x):
    rate = 0.5
    noise = jax.random.normal(jax.random.fold_in(key, 1), x.shape)
    kept = jax.random.uniform(jax.random.fold_in(key, 2), x.shape) < rate
    return jnp.where(kept, (x + noise) / rate, 0.0)


# %% right="noisy_dropout" about="a mask of zeros and twos"
def noisy_dropout(key, x):
    a, b = jax.random.split(key)
    mask = 2.0 * jax.random.randint(a, x.shape, 0, 2)
    return mask * (x + jax.random.normal(b, x.shape))


# %% right="noisy_dropout" about="one entry at a time, a key for each"
def noisy_dropout(key, x):
    def one(k, value):
        a, b = jax.random.split(k)
        return jnp.where(jax.random.bernoulli(a), 2 * (value + jax.random.normal(b)), 0.0)

    return jax.vmap(one)(jax.random.split(key, x.shape[0]), x)


# %% wrong="noisy_dropout" reason="distribution" about="keeps with probability 0.51"
def noisy_dropout(key, x):
    a, b = jax.random.split(key)
    kept = jax.random.bernoulli(a, 0.51, x.shape)
    return jnp.where(kept, 2 * (x + jax.random.normal(b, x.shape)), 0)


# %% wrong="noisy_dropout" reason="distribution" about="a factor of 2.05"
def noisy_dropout(key, x):
    a, b = jax.random.split(key)
    kept = jax.random.bernoulli(a, 0.5, x.shape)
    return jnp.where(kept, 2.05 * (x + jax.random.normal(b, x.shape)), 0)


# %% wrong="noisy_dropout" reason="distribution" about="noise of standard deviation 1.1"
def noisy_dropout(key, x):
    a, b = jax.random.split(key)
    kept = jax.random.bernoulli(a, 0.5, x.shape)
    return jnp.where(kept, 2 * (x + 1.1 * jax.random.normal(b, x.shape)), 0)


# %% wrong="noisy_dropout" reason="distribution" about="one coin for the whole array"
def noisy_dropout(key, x):
    a, b = jax.random.split(key)
    return jnp.where(jax.random.bernoulli(a), 2 * (x + jax.random.normal(b, x.shape)), 0.0)


# %% wrong="noisy_dropout" reason="distribution" about="one noise for the whole array"
def noisy_dropout(key, x):
    a, b = jax.random.split(key)
    kept = jax.random.bernoulli(a, 0.5, x.shape)
    return jnp.where(kept, 2 * (x + jax.random.normal(b)), 0.0)


# %% wrong="noisy_dropout" reason="correlated" about="mask is repeated, whatever the length"
def noisy_dropout(key, x):
    a, b = jax.random.split(key)
    half = jax.random.bernoulli(a, 0.5, ((x.shape[0] + 1) // 2,))
    kept = jnp.tile(half, 2)[: x.shape[0]]
    return jnp.where(kept, 2 * (x + jax.random.normal(b, x.shape)), 0.0)


# %% wrong="noisy_dropout" reason="correlated" about="keeps every second entry"
def noisy_dropout(key, x):
    kept = jnp.arange(x.shape[0]) % 2 == 0
    return jnp.where(kept, 2 * (x + jax.random.normal(key, x.shape)), 0.0)


# %% wrong="noisy_dropout" reason="correlated" about="the mask of a fixed seed"
def noisy_dropout(key, x):
    kept = jax.random.bernoulli(jax.random.key(3), 0.5, x.shape)
    return jnp.where(kept, 2 * (x + jax.random.normal(key, x.shape)), 0.0)


# %% wrong="noisy_dropout" reason="correlated" about="neighbours are kept together"
def noisy_dropout(key, x):
    a, b = jax.random.split(key)
    pairs = jax.random.bernoulli(a, 0.5, ((x.shape[0] + 1) // 2,))
    kept = jnp.repeat(pairs, 2)[: x.shape[0]]
    return jnp.where(kept, 2 * (x + jax.random.normal(b, x.shape)), 0.0)


# %% wrong="noisy_dropout" reason="key reuse" about="the same key for both, the mask upside down"
def noisy_dropout(key, x):
    u = jax.random.uniform(key, (2, *x.shape), minval=1e-7)
    kept = jax.random.bernoulli(key, 0.5, (2, *x.shape))[1]
    return jnp.where(kept, 2 * (x + jax.scipy.stats.norm.ppf(u[0])), 0.0)


# %% wrong="noisy_dropout" reason="dtype" about="the mask as integers, the result as float16"
def noisy_dropout(key, x):
    a, b = jax.random.split(key)
    noisy = (x + jax.random.normal(b, x.shape)).astype(jnp.float16)
    return jnp.where(jax.random.bernoulli(a, 0.5, x.shape), 2 * noisy, 0)


# %% right="bootstrap_means" about="places by randint, keys for each sample"
def bootstrap_means(key, data):
    n = data.shape[0]
    pick = jax.vmap(lambda k: data[jax.random.randint(k, (n,), 0, n)].mean())
    return pick(jax.random.split(key, 1000))


# %% right="bootstrap_means" about="lax.map over the keys"
def bootstrap_means(key, data):
    keys = jax.random.split(jax.random.key_data(key), 1000)
    return jax.lax.map(lambda k: jnp.mean(jax.random.choice(k, data, data.shape)), keys)


# %% right="bootstrap_means" about="one wide choice"
def bootstrap_means(key, data):
    return jax.random.choice(key, data, (1000, *data.shape)).mean(1)


# %% right="bootstrap_means" about="how often each value is picked, by counting"
def bootstrap_means(key, data):
    n = data.shape[0]
    picked = jax.random.randint(key, (1000, n), 0, n)
    counts = jax.vmap(lambda row: jnp.zeros(n).at[row].add(1.0))(picked)
    return counts @ data / n


# %% right="bootstrap_means" about="scan over numbered samples"
def bootstrap_means(key, data):
    def step(_, i):
        one = jax.random.choice(jax.random.fold_in(key, i), data, data.shape)
        return None, one.sum() / data.size

    return jax.lax.scan(step, None, jnp.arange(1000))[1]


# %% wrong="bootstrap_means" reason="distribution" about="a normal distribution in place of resampling"
def bootstrap_means(key, data):
    n = data.shape[0]
    return data.mean() + data.std() / jnp.sqrt(n) * jax.random.normal(key, (1000,))


# %% wrong="bootstrap_means" reason="distribution" about="one value too many"
def bootstrap_means(key, data):
    n = data.shape[0]
    return data[jax.random.randint(key, (1000, n + 1), 0, n)].mean(axis=1)


# %% wrong="bootstrap_means" reason="distribution" about="the last value is never picked"
def bootstrap_means(key, data):
    n = data.shape[0]
    return data[jax.random.randint(key, (1000, n), 0, max(n - 1, 1))].mean(axis=1)


# %% wrong="bootstrap_means" reason="distribution" about="medians"
def bootstrap_means(key, data):
    n = data.shape[0]
    return jnp.median(data[jax.random.randint(key, (1000, n), 0, n)], axis=1)


# %% wrong="bootstrap_means" reason="distribution" about="sums divided by n - 1"
def bootstrap_means(key, data):
    n = data.shape[0]
    return data[jax.random.randint(key, (1000, n), 0, n)].sum(axis=1) / max(n - 1, 1)


# %% wrong="bootstrap_means" reason="distribution" about="takes the mean along the samples"
def bootstrap_means(key, data):
    n = data.shape[0]
    picked = data[jax.random.randint(key, (1000, n), 0, n)]
    return jnp.resize(picked.mean(axis=0), (1000,))


# %% wrong="bootstrap_means" reason="correlated" about="sorted means"
def bootstrap_means(key, data):
    n = data.shape[0]
    return jnp.sort(data[jax.random.randint(key, (1000, n), 0, n)].mean(axis=1))


# %% wrong="bootstrap_means" reason="correlated" about="neighbouring samples share half of their values"
def bootstrap_means(key, data):
    n = data.shape[0]
    long = data[jax.random.randint(key, (1001, n), 0, n)]
    half = n // 2
    return jnp.concatenate([long[:-1, :half], long[1:, : n - half]], axis=1).mean(axis=1)


# %% wrong="bootstrap_means" reason="correlated" about="a key of its own"
def bootstrap_means(key, data):
    n = data.shape[0]
    return data[jax.random.randint(jax.random.key(5), (1000, n), 0, n)].mean(axis=1)


# %% wrong="bootstrap_means" reason="distribution" about="100 samples, each given ten times"
def bootstrap_means(key, data):
    n = data.shape[0]
    means = data[jax.random.randint(key, (100, n), 0, n)].mean(axis=1)
    return jnp.repeat(means, 10)


# %% right="cooling_walk" about="a key folded from the number of the step"
def cooling_walk(key, starts, steps):
    def step(i, x):
        return x / 2 + jax.random.normal(jax.random.fold_in(key, i), x.shape)

    return jax.lax.fori_loop(0, steps, step, starts)


# %% right="cooling_walk" about="all the noise at once, scanned"
def cooling_walk(key, starts, steps):
    noise = jax.random.normal(key, (steps, *starts.shape))
    return jax.lax.scan(lambda x, e: (0.5 * x + e, None), starts, noise)[0]


# %% right="cooling_walk" about="a while loop with a raw key"
def cooling_walk(key, starts, steps):
    def body(state):
        i, x, k = state
        k, now = jax.random.split(k)
        return i + 1, 0.5 * x + jax.random.normal(now, x.shape), k

    state = (0, starts, jax.random.key_data(key))
    return jax.lax.while_loop(lambda s: s[0] < steps, body, state)[1]


# %% right="cooling_walk" about="keys indexed in the loop"
def cooling_walk(key, starts, steps):
    keys = jax.random.split(key, steps)

    def step(i, x):
        return 0.5 * x + jax.random.normal(keys[i], x.shape)

    return jax.lax.fori_loop(0, steps, step, starts)


# %% right="cooling_walk" about="a scan that is unrolled in part"
def cooling_walk(key, starts, steps):
    def step(x, k):
        return 0.5 * x + jax.random.normal(k, x.shape), None

    return jax.lax.scan(step, starts, jax.random.split(key, steps), unroll=2)[0]


# %% wrong="cooling_walk" reason="key reuse" about="draws from the carried key and then splits it"
def cooling_walk(key, starts, steps):
    def step(_, state):
        x, k = state
        return 0.5 * x + jax.random.normal(k, x.shape), jax.random.split(k)[0]

    return jax.lax.fori_loop(0, steps, step, (starts, key))[0]


# %% wrong="cooling_walk" reason="distribution" about="carries the old key on"
def cooling_walk(key, starts, steps):
    def step(_, state):
        x, k = state
        _, now = jax.random.split(k)
        return 0.5 * x + jax.random.normal(now, x.shape), k

    return jax.lax.fori_loop(0, steps, step, (starts, key))[0]


# %% wrong="cooling_walk" reason="distribution" about="two keys in turn"
def cooling_walk(key, starts, steps):
    keys = jax.random.split(key)

    def step(i, x):
        return 0.5 * x + jax.random.normal(keys[i % 2], x.shape)

    return jax.lax.fori_loop(0, steps, step, starts)


# %% wrong="cooling_walk" reason="distribution" about="one step too few"
def cooling_walk(key, starts, steps):
    def step(x, k):
        return 0.5 * x + jax.random.normal(k, x.shape), None

    return jax.lax.scan(step, starts, jax.random.split(key, steps)[1:])[0]


# %% wrong="cooling_walk" reason="distribution" about="one step too many"
def cooling_walk(key, starts, steps):
    def step(i, x):
        return 0.5 * x + jax.random.normal(jax.random.fold_in(key, i), x.shape)

    return jax.lax.fori_loop(0, steps + 1, step, starts)


# %% wrong="cooling_walk" reason="distribution" about="uniform noise"
def cooling_walk(key, starts, steps):
    def step(x, k):
        return 0.5 * x + jax.random.uniform(k, x.shape, minval=-1.0), None

    return jax.lax.scan(step, starts, jax.random.split(key, steps))[0]


# %% wrong="cooling_walk" reason="correlated" about="noise for half of the particles, the others follow"
def cooling_walk(key, starts, steps):
    half = starts.shape[0] // 2

    def step(x, k):
        e = jax.random.normal(k, (half,))
        return 0.5 * x + jnp.concatenate([e, -e]), None

    return jax.lax.scan(step, starts, jax.random.split(key, steps))[0]


# %% wrong="cooling_walk" reason="distribution" about="fresh noise in the last step only"
def cooling_walk(key, starts, steps):
    x = jax.lax.fori_loop(0, steps, lambda i, x: 0.5 * x, starts)
    return x + jax.random.normal(key, starts.shape)


# %% wrong="cooling_walk" reason="distribution" about="forgets where the particles started"
def cooling_walk(key, starts, steps):
    def step(x, k):
        return 0.5 * x + jax.random.normal(k, x.shape), None

    return jax.lax.scan(step, jnp.zeros_like(starts), jax.random.split(key, steps))[0]


# %% wrong="cooling_walk" reason="correlated" about="looks at the second number of the key only"
def cooling_walk(key, starts, steps):
    def step(x, k):
        return 0.5 * x + jax.random.normal(k, x.shape), None

    keys = jax.random.split(jax.random.PRNGKey(jax.random.key_data(key)[1]), steps)
    return jax.lax.scan(step, starts, keys)[0]


# %% wrong="cooling_walk" reason="batch loop" earns=0.5 about="a Python loop over pairs of steps" misconception="loops over the steps in Python"
def cooling_walk(key, starts, steps):
    keys = jax.random.split(key, steps)
    x = starts
    for n in range(0, steps, 2):
        for k in keys[n : n + 2]:
            x = 0.5 * x + jax.random.normal(k, x.shape)
    return x


# %% right="luckiest_seed" about="raw keys, sorted by score"
def luckiest_seed(seeds):
    scores = jax.vmap(lambda s: trial(jax.random.PRNGKey(s)))(seeds)
    order = jnp.argsort(scores, descending=True, stable=True)
    return seeds[order[0]], scores[order[0]]


# %% right="luckiest_seed" about="top_k"
def luckiest_seed(seeds):
    keys = jax.vmap(jax.random.key)(seeds)
    best, place = jax.lax.top_k(jax.vmap(trial)(keys), 1)
    return seeds[place[0]], best[0]


# %% right="luckiest_seed" about="keeps the best in a scan"
def luckiest_seed(seeds):
    def step(best, seed):
        score = trial(jax.random.key(seed))
        better = score > best[1]
        return (jnp.where(better, seed, best[0]), jnp.where(better, score, best[1])), None

    return jax.lax.scan(step, (seeds[0], -jnp.inf), seeds)[0]


# %% right="luckiest_seed" about="lax.map and argmax"
@jax.jit
def luckiest_seed(seeds):
    scores = jax.lax.map(lambda s: trial(jax.random.key(s)), seeds)
    return jnp.take(seeds, scores.argmax()), scores.max()


# %% right="luckiest_seed" about="a sum over the place of the best"
def luckiest_seed(seeds):
    scores = jax.vmap(lambda s: trial(jax.random.key(s)))(seeds)
    place = jnp.arange(seeds.shape[0]) == jnp.argmax(scores)
    return jnp.sum(jnp.where(place, seeds, 0)), jnp.max(scores)


# %% wrong="luckiest_seed" reason="values" about="the worst seed"
def luckiest_seed(seeds):
    scores = jax.vmap(lambda s: trial(jax.random.key(s)))(seeds)
    return seeds[jnp.argmin(scores)], jnp.min(scores)


# %% wrong="luckiest_seed" reason="values" about="the largest magnitude"
def luckiest_seed(seeds):
    scores = jax.vmap(lambda s: trial(jax.random.key(s)))(seeds)
    best = jnp.argmax(jnp.abs(scores))
    return seeds[best], scores[best]


# %% wrong="luckiest_seed" reason="values" about="begins with a score of zero"
def luckiest_seed(seeds):
    def step(best, seed):
        score = trial(jax.random.key(seed))
        better = score > best[1]
        return (jnp.where(better, seed, best[0]), jnp.where(better, score, best[1])), None

    return jax.lax.scan(step, (seeds[0], 0.0), seeds)[0]


# %% wrong="luckiest_seed" reason="values" about="the largest seed and the best score"
def luckiest_seed(seeds):
    scores = jax.vmap(lambda s: trial(jax.random.key(s)))(seeds)
    return jnp.max(seeds), jnp.max(scores)


# %% wrong="luckiest_seed" reason="dtype" about="the seed as a float"
def luckiest_seed(seeds):
    scores = jax.vmap(lambda s: trial(jax.random.key(s)))(seeds)
    both = jnp.stack([seeds.astype(jnp.float32), scores])
    best = both[:, jnp.argmax(scores)]
    return best[0], best[1]


# %% wrong="luckiest_seed" reason="structure" about="the score only"
def luckiest_seed(seeds):
    return jnp.max(jax.vmap(lambda s: trial(jax.random.key(s)))(seeds))


# %% wrong="luckiest_seed" reason="values" about="seeds modulo 1000"
def luckiest_seed(seeds):
    scores = jax.vmap(lambda s: trial(jax.random.key(s % 1000)))(seeds)
    best = jnp.argmax(scores)
    return seeds[best], scores[best]


# %% wrong="luckiest_seed" reason="shape" about="keeps an axis of one"
def luckiest_seed(seeds):
    scores = jax.vmap(lambda s: trial(jax.random.key(s)))(seeds)
    best = jnp.argmax(scores, keepdims=True)
    return seeds[best], scores[best]


# %% wrong="luckiest_seed" reason="values" about="the last seed"
def luckiest_seed(seeds):
    return seeds[-1], trial(jax.random.key(seeds[-1]))


# %% wrong="luckiest_seed" reason="values" about="leaves the first seed out"
def luckiest_seed(seeds):
    scores = jax.vmap(lambda s: trial(jax.random.key(s)))(seeds).at[0].set(-jnp.inf)
    best = jnp.argmax(scores)
    return seeds[best], scores[best]


# %% wrong="luckiest_seed" reason="batch loop" earns=0.5 about="Python's max over the seeds" misconception="loops over the seeds in Python"
def luckiest_seed(seeds):
    best, score = seeds[0], trial(jax.random.key(seeds[0]))
    for n in range(1, seeds.shape[0]):
        other = trial(jax.random.key(seeds[n]))
        best, score = jnp.where(other > score, seeds[n], best), jnp.maximum(other, score)
    return best, score


# %% right="fast_track_prng_keys" about="the letter"
fast_track_prng_keys = "c"

# %% wrong="fast_track_prng_keys" reason="answer" about="one key for two functions" misconception="takes another function for another key"
fast_track_prng_keys = "a"

# %% wrong="fast_track_prng_keys" reason="answer" about="equal children" misconception="takes `split` and `fold_in` for two separate families"
fast_track_prng_keys = "b"

# %% wrong="fast_track_prng_keys" reason="answer" about="the parent after its split" misconception="draws from a key that is also split"
fast_track_prng_keys = "d"


# %% wrong="shuffle_pairs" reason="batch loop" earns=0.5 about="takes the pairs one after another"
def shuffle_pairs(key, x, y):
    order = jax.random.permutation(key, y.shape[0])
    return jnp.stack([x[n] for n in order]), jnp.stack([y[n] for n in order])
