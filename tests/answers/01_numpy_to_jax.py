# %% wrong="first_three_positive" reason="values" about="wrong only when all are positive or x is short: uses len(x) - 1 as the filler"
def first_three_positive(x):
    i = jnp.nonzero(x > 0, size=3, fill_value=x.size - 1)[0]
    return jnp.where(x[i] > 0, i, -1)


# %% wrong="compact_positive" reason="shape" about="squeeze: an array of one entry loses its axis"
def compact_positive(x):
    order = jnp.argsort(x <= 0)
    return jnp.maximum(x[order], 0.0).squeeze()


# %% right="compact_positive" about="places by associative_scan in place of cumsum (its work is n log n, its length log n)"
def compact_positive(x):
    keep = x > 0
    place = jax.lax.associative_scan(jnp.add, keep.astype(jnp.int32)) - 1
    return jnp.zeros_like(x).at[jnp.where(keep, place, x.size)].set(x, mode="drop")


# %% right="first_three_positive" about="counts by associative_scan"
def first_three_positive(x):
    c = jax.lax.associative_scan(jnp.add, (x > 0).astype(jnp.int32))
    hit = (c[None] == jnp.arange(1, 4)[:, None]) & (x > 0)
    return jnp.where(hit.any(1), hit.argmax(1), -1)


# %% right="fast_track_numpy_to_jax" about="a capital letter"
fast_track_numpy_to_jax = "B"

# %% wrong="fast_track_numpy_to_jax" reason="answer" about="the value in place of the letter"
fast_track_numpy_to_jax = "6, in float32"

# %% wrong="fast_track_numpy_to_jax" reason="answer" about="two letters at once"
fast_track_numpy_to_jax = ("a", "b")


# %% right="append_total" about="hstack of the array and a scalar"
def append_total(x):
    return jnp.hstack([x, jnp.sum(x)])


# %% right="append_total" about="pads by one and adds there"
def append_total(x):
    return jnp.pad(x, (0, 1)).at[-1].set(x.sum())


# %% right="append_total" about="a sum that keeps its axis"
def append_total(x):
    return jnp.concatenate((x, x.sum(keepdims=True)))


# %% right="append_total" about="a matrix product with an identity above ones"
def append_total(x):
    n = x.shape[0]
    return jnp.matmul(jnp.vstack([jnp.eye(n), jnp.ones((1, n))]), x)


# %% right="append_total" about="writes into zeros"
def append_total(x):
    n = len(x)
    return jnp.zeros(n + 1).at[:n].set(x).at[n].set(x.sum())


# %% wrong="append_total" reason="values" about="puts the total in front"
def append_total(x):
    return jnp.concatenate([x.sum()[None], x])


# %% wrong="append_total" reason="values" about="writes one past the end, which is dropped, and cuts nothing"
def append_total(x):
    return jnp.concatenate([x, jnp.zeros(1)]).at[len(x) + 1].set(x.sum())


# %% wrong="append_total" reason="shape" about="writes one past the end of the array, which is dropped"
def append_total(x):
    return x.at[len(x)].set(x.sum())


# %% wrong="append_total" reason="shape" about="stacks a column"
def append_total(x):
    return jnp.append(x, x.sum())[:, None]


# %% wrong="append_total" reason="values" about="appends the mean"
def append_total(x):
    return jnp.append(x, x.mean())


# %% wrong="append_total" reason="values" about="appends the last running total of all but the last"
def append_total(x):
    return jnp.append(x, x[:-1].sum())


# %% wrong="append_total" reason="TypeError" about="appends as to a list" misconception="gives `jnp.concatenate` a list of numbers"
def append_total(x):
    return jnp.concatenate([list(x) + [x.sum()]])


# %% right="postage" about="select with a default"
def postage(weights):
    return jnp.select([weights < 1, weights < 5], [3.0, 5.0], 9.0)


# %% right="postage" about="adds up what each limit adds"
def postage(weights):
    return 3.0 + 2.0 * (weights >= 1) + 4.0 * (weights >= 5)


# %% right="postage" about="vmap of a switch"
def postage(weights):
    def one(w):
        step = (w >= 1).astype(jnp.int32) + (w >= 5)
        return jax.lax.switch(step, [lambda: 3.0, lambda: 5.0, lambda: 9.0])

    return jax.vmap(one)(weights)


# %% right="postage" about="digitize and a table"
def postage(weights):
    return jnp.array([3.0, 5.0, 9.0])[jnp.digitize(weights, jnp.array([1.0, 5.0]))]


# %% right="postage" about="piecewise"
def postage(weights):
    return jnp.piecewise(weights, [weights < 1, weights >= 5], [3.0, 9.0, 5.0])


# %% right="postage" about="writes under masks"
def postage(weights):
    prices = jnp.full(weights.shape, 9.0)
    prices = jnp.where(weights < 5, 5.0, prices)
    return jnp.where(weights < 1, 3.0, prices)


# %% wrong="postage" reason="values" about="finds the class with searchsorted from the left" misconception="puts the limits into the cheaper class"
def postage(weights):
    return jnp.array([3.0, 5.0, 9.0])[jnp.searchsorted(jnp.array([1.0, 5.0]), weights)]


# %% wrong="postage" reason="values" about="a small allowance for rounding at the limits"
def postage(weights):
    return jnp.where(weights < 1 - 1e-5, 3.0, jnp.where(weights < 5 - 1e-5, 5.0, 9.0))


# %% wrong="postage" reason="values" about="asks in the wrong order, so that nothing costs 3"
def postage(weights):
    return jnp.where(weights < 5, 5.0, jnp.where(weights < 1, 3.0, 9.0))


# %% wrong="postage" reason="values" about="rounds the weight first"
def postage(weights):
    weights = jnp.round(weights)
    return jnp.where(weights < 1, 3.0, jnp.where(weights < 5, 5.0, 9.0))


# %% wrong="postage" reason="values" about="a letter of no weight is free"
def postage(weights):
    price = jnp.where(weights < 1, 3.0, jnp.where(weights < 5, 5.0, 9.0))
    return jnp.where(weights == 0, 0.0, price)


# %% wrong="postage" reason="shape" about="squeeze: one letter loses its axis"
def postage(weights):
    return jnp.select([weights < 1, weights < 5], [3.0, 5.0], 9.0).squeeze()


# %% wrong="postage" reason="ValueError" about="chained comparison" misconception="asks Python about a whole array"
def postage(weights):
    return jnp.where(weights < 1, 3.0, jnp.where(1 <= weights < 5, 5.0, 9.0))


# %% wrong="postage" reason="TracerBoolConversionError" about="vmap of Python's if"
def postage(weights):
    return jax.vmap(lambda w: 3.0 if w < 1 else (5.0 if w < 5 else 9.0))(weights)


# %% right="fill_gaps" about="a scatter that drops what is present"
def fill_gaps(x, present):
    n = x.shape[0]
    mean = jnp.sum(x, where=present) / jnp.count_nonzero(present)
    return x.at[jnp.where(present, n, jnp.arange(n))].set(mean)


# %% right="fill_gaps" about="nanmean"
def fill_gaps(x, present):
    return jnp.where(present, x, jnp.nanmean(jnp.where(present, x, jnp.nan)))


# %% right="fill_gaps" about="average with weights"
def fill_gaps(x, present):
    return jax.lax.select(present, x, jnp.full_like(x, jnp.average(x, weights=present)))


# %% right="fill_gaps" about="a scan that adds up sum and count"
def fill_gaps(x, present):
    def add(carry, pair):
        value, there = pair
        return (carry[0] + jnp.where(there, value, 0.0), carry[1] + there), None

    (total, count), _ = jax.lax.scan(add, (0.0, 0), (x, present))
    return jnp.where(present, x, total / count)


# %% wrong="fill_gaps" reason="values" about="takes away the sum of the wild entries, where nothing is left"
def fill_gaps(x, present):
    mean = (x.sum() - (x * ~present).sum()) / present.sum()
    return jnp.where(present, x, mean)


# %% wrong="fill_gaps" reason="values" about="goes by the size of the numbers and not by the mask"
def fill_gaps(x, present):
    real = jnp.abs(x) < 10
    return jnp.where(real, x, x.mean(where=real))


# %% wrong="fill_gaps" reason="values" about="fills with the median"
def fill_gaps(x, present):
    return jnp.where(present, x, jnp.nanmedian(jnp.where(present, x, jnp.nan)))


# %% wrong="fill_gaps" reason="values" about="divides by the number of real entries less one"
def fill_gaps(x, present):
    return jnp.where(present, x, jnp.sum(x, where=present) / (present.sum() - 1))


# %% wrong="fill_gaps" reason="values" about="fills gaps with the real entry before"
def fill_gaps(x, present):
    last = jax.lax.cummax(jnp.where(present, jnp.arange(len(x)), 0))
    return jnp.where(present, x, x[last])


# %% wrong="fill_gaps" reason="TypeError" about="adds in place under the mask" misconception="assigns into the array"
def fill_gaps(x, present):
    x[~present] = 0.0
    return x + ~present * x.sum() / present.sum()


# %% wrong="fill_gaps" reason="TracerBoolConversionError" about="compress, whose length is not known"
def fill_gaps(x, present):
    return jnp.where(present, x, jnp.mean(jnp.compress(present, x)))


# %% right="integer_rms" about="divides by the largest first"
def integer_rms(counts):
    most = jnp.maximum(jnp.max(jnp.abs(counts)), 1)
    return most * jnp.sqrt(jnp.mean((counts / most) ** 2))


# %% right="integer_rms" about="a dot product of floats"
def integer_rms(counts):
    x = jnp.float32(counts)
    return jnp.sqrt(jnp.vdot(x, x) / x.size)


# %% right="integer_rms" about="multiplies by one half of one before the square"
def integer_rms(counts):
    return jnp.sqrt(jnp.mean(jnp.square(0.5 * counts))) * 2


# %% right="integer_rms" about="the power of two with a float exponent"
def integer_rms(counts):
    return jnp.mean(jnp.abs(counts) ** 2.0) ** 0.5


# %% right="integer_rms" about="mean with a dtype, of a product with itself as float"
def integer_rms(counts):
    return jnp.sqrt(jnp.mean(counts * counts.astype(float)))


# %% wrong="integer_rms" reason="values" about="asks for float32 in the mean, when the squares have wrapped" misconception="squares in int32"
def integer_rms(counts):
    return jnp.sqrt(jnp.mean(counts**2, dtype=jnp.float32))


# %% wrong="integer_rms" reason="values" about="squares in unsigned integers"
def integer_rms(counts):
    return jnp.sqrt(jnp.mean((jnp.abs(counts).astype(jnp.uint32) ** 2).astype(jnp.float32)))


# %% wrong="integer_rms" reason="values" about="takes the standard deviation"
def integer_rms(counts):
    return jnp.std(counts.astype(jnp.float32))


# %% wrong="integer_rms" reason="values" about="clips so that the square fits"
def integer_rms(counts):
    return jnp.sqrt(jnp.mean((jnp.clip(counts, -46340, 46340) ** 2).astype(jnp.float32)))


# %% wrong="integer_rms" reason="values" about="divides by thousand as integers"
def integer_rms(counts):
    return 1000 * jnp.sqrt(jnp.mean(((counts // 1000) ** 2).astype(jnp.float32)))


# %% wrong="integer_rms" reason="values" about="float32 in between, bfloat16 in the square"
def integer_rms(counts):
    return jnp.sqrt(jnp.mean(counts.astype(jnp.bfloat16) ** 2)).astype(jnp.float32)


# %% wrong="integer_rms" reason="values" about="forgets the root"
def integer_rms(counts):
    return jnp.mean(counts.astype(jnp.float32) ** 2)


# %% wrong="integer_rms" reason="dtype" about="rounds the result to an integer"
def integer_rms(counts):
    return jnp.sqrt(jnp.mean(counts.astype(jnp.float32) ** 2)).astype(jnp.int32)


# %% wrong="integer_rms" reason="shape" about="a root for each entry"
def integer_rms(counts):
    return jnp.sqrt(counts.astype(jnp.float32) ** 2)


# %% right="gelu_any_dtype" about="by the logistic function"
def gelu_any_dtype(x):
    return x * jax.nn.sigmoid(2 * (2 / jnp.pi) ** 0.5 * (x + 0.044715 * x**3))


# %% right="gelu_any_dtype" about="computes in float32 and casts back"
def gelu_any_dtype(x):
    y = x.astype(jnp.float32)
    y = 0.5 * y * (1 + jnp.tanh(np.sqrt(2 / np.pi) * (y + 0.044715 * y**3)))
    return y.astype(x.dtype)


# %% right="gelu_any_dtype" about="constants in the dtype of x"
def gelu_any_dtype(x):
    half, one, c = (jnp.asarray(v, x.dtype) for v in (0.5, 1, 0.044715))
    s = jnp.sqrt(jnp.asarray(2 / np.pi, x.dtype))
    return half * x * (one + jnp.tanh(s * (x + c * x * x * x)))


# %% right="gelu_any_dtype" about="vmap over rows, item() of the constant"
def gelu_any_dtype(x):
    s = np.sqrt(2 / np.pi).item()
    return jax.vmap(lambda r: r / 2 * (1 + jnp.tanh(s * r * (1 + 0.044715 * r * r))))(x)


# %% wrong="gelu_any_dtype" reason="values" about="the exact function, with erf"
def gelu_any_dtype(x):
    return jax.nn.gelu(x, approximate=False)


# %% wrong="gelu_any_dtype" reason="values" about="the quick version, x times a logistic of 1.702 x"
def gelu_any_dtype(x):
    return x * jax.nn.sigmoid(1.702 * x)


# %% wrong="gelu_any_dtype" reason="values" about="tanh by exponentials, which overflow"
def gelu_any_dtype(x):
    e = jnp.exp(2 * float(np.sqrt(2 / np.pi)) * (x + 0.044715 * x**3))
    return 0.5 * x * (1 + (e - 1) / (e + 1))


# %% wrong="gelu_any_dtype" reason="dtype" about="asks for the constant in float32" misconception="lets a float32 into the formula"
def gelu_any_dtype(x):
    s = jnp.array(2 / np.pi, dtype=jnp.float32) ** 0.5
    return 0.5 * x * (1 + jnp.tanh(s * (x + 0.044715 * x**3)))


# %% wrong="gelu_any_dtype" reason="values" about="a square in place of the cube"
def gelu_any_dtype(x):
    return 0.5 * x * (1 + jnp.tanh(float(np.sqrt(2 / np.pi)) * (x + 0.044715 * x**2)))


# %% wrong="gelu_any_dtype" reason="values" about="the root of pi / 2"
def gelu_any_dtype(x):
    return 0.5 * x * (1 + jnp.tanh((jnp.pi / 2) ** 0.5 * (x + 0.044715 * x**3)))


# %% wrong="gelu_any_dtype" reason="dtype" about="casts everything to float32" misconception="none"
def gelu_any_dtype(x):
    x = jnp.asarray(x, jnp.float32)
    return 0.5 * x * (1 + jnp.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x**3)))


# %% right="rows_or_zeros" about="one-hot rows times the table"
def rows_or_zeros(table, ids):
    return jax.nn.one_hot(ids, len(table)) @ table


# %% right="rows_or_zeros" about="a row of zeros at the end of the table"
def rows_or_zeros(table, ids):
    longer = jnp.concatenate([table, jnp.zeros((1, 3))])
    return longer[jnp.where((ids < 0) | (ids > 4), 5, ids)]


# %% right="rows_or_zeros" about="reads as unsigned, so that negative ids are too large"
def rows_or_zeros(table, ids):
    return table.at[ids.astype(jnp.uint32)].get(mode="fill", fill_value=0)


# %% right="rows_or_zeros" about="vmap of a where, clipped"
def rows_or_zeros(table, ids):
    def one(i):
        j = jnp.clip(i, 0, 4)
        return jnp.where(i == j, table[j], 0.0)

    return jax.vmap(one)(ids)


# %% right="rows_or_zeros" about="take with fill, negative ids sent past the end"
def rows_or_zeros(table, ids):
    return jnp.take(table, jnp.where(ids < 0, 99, ids), axis=0, mode="fill", fill_value=0.0)


# %% wrong="rows_or_zeros" reason="values" about="clips, so that the ends stand in"
def rows_or_zeros(table, ids):
    return table[jnp.clip(ids, 0, len(table) - 1)]


# %% wrong="rows_or_zeros" reason="values" about="takes ids modulo the table's length"
def rows_or_zeros(table, ids):
    return table[ids % 5]


# %% wrong="rows_or_zeros" reason="values" about="takes -5 to -1 for ids by the magnitude"
def rows_or_zeros(table, ids):
    return jnp.where((jnp.abs(ids) < 5)[:, None], table[jnp.abs(ids)], 0.0)


# %% wrong="rows_or_zeros" reason="values" about="one too many: 5 is known"
def rows_or_zeros(table, ids):
    known = (ids >= 0) & (ids <= len(table))
    return jnp.where(known[:, None], table[ids], 0.0)


# %% wrong="rows_or_zeros" reason="values" about="takes 0 for unknown"
def rows_or_zeros(table, ids):
    known = (ids > 0) & (ids < len(table))
    return jnp.where(known[:, None], table[ids], 0.0)


# %% wrong="rows_or_zeros" reason="values" about="squeezes ids into eight bits first"
def rows_or_zeros(table, ids):
    i = ids.astype(jnp.int8)
    return jnp.where(((i >= 0) & (i < 5))[:, None], table[i], 0.0)


# %% wrong="rows_or_zeros" reason="values" about="multiplies ids that are too large by zero"
def rows_or_zeros(table, ids):
    known = (ids >= 0) & (ids < len(table))
    return table[ids * known]


# %% wrong="rows_or_zeros" reason="shape" about="squeeze: one id gives a flat row"
def rows_or_zeros(table, ids):
    known = (ids >= 0) & (ids < len(table))
    return jnp.squeeze(known[:, None] * table[jnp.clip(ids, 0, 4)])


# %% wrong="rows_or_zeros" reason="batch loop" earns=0.5 about="stacks row after row"
def rows_or_zeros(table, ids):
    return jnp.stack([jnp.where((i >= 0) & (i < 5), table[i], 0.0) for i in ids])


# %% right="first_three_positive" about="the cumulative sum and a scatter that drops"
def first_three_positive(x):
    keep = x > 0
    place = jnp.where(keep, jnp.cumsum(keep) - 1, 3)
    return jnp.full(3, -1).at[place].set(jnp.arange(x.size), mode="drop")


# %% right="first_three_positive" about="sorts padded positions"
def first_three_positive(x):
    n = x.size
    i = jnp.concatenate([jnp.where(x > 0, jnp.arange(n), n), jnp.full(3, n)])
    i = jnp.sort(i)[:3]
    return jnp.where(i == n, -1, i)


# %% right="first_three_positive" about="three times the first that is left"
def first_three_positive(x):
    keep, found = x > 0, []
    for _ in range(3):
        i = jnp.argmax(keep)
        found.append(jnp.where(keep.any(), i, -1))
        keep = keep.at[i].set(False)
    return jnp.array(found)


# %% right="first_three_positive" about="flatnonzero"
def first_three_positive(x):
    return jnp.flatnonzero(x > 0.0, size=3, fill_value=-1)


# %% right="first_three_positive" about="a scan over the entries"
def first_three_positive(x):
    def step(state, pair):
        found, count = state
        i, value = pair
        found = jnp.where((jnp.arange(3) == count) & (value > 0), i, found)
        return (found, count + (value > 0)), None

    start = (jnp.full(3, -1), jnp.int32(0))
    return jax.lax.scan(step, start, (jnp.arange(len(x)), x))[0][0]


# %% wrong="first_three_positive" reason="values" about="the default filling, then 0 replaced by -1 everywhere"
def first_three_positive(x):
    i = jnp.nonzero(x > 0, size=3)[0]
    return jnp.where(i == 0, -1, i)


# %% wrong="first_three_positive" reason="values" about="all or nothing: -1 three times where fewer are positive"
def first_three_positive(x):
    i = jnp.nonzero(x > 0, size=3)[0]
    return jnp.where((x > 0).sum() < 3, -1, i)


# %% wrong="first_three_positive" reason="values" about="a threshold in place of zero"
def first_three_positive(x):
    return jnp.nonzero(x > 1e-8, size=3, fill_value=-1)[0]


# %% wrong="first_three_positive" reason="values" about="fills with the length, as if it were a position"
def first_three_positive(x):
    return jnp.nonzero(x > 0, size=3, fill_value=x.size)[0]


# %% wrong="first_three_positive" reason="ValueError" about="top_k of three, of which short arrays have fewer"
def first_three_positive(x):
    score = jnp.where(x > 0, -jnp.arange(x.size), -x.size)
    best = -jax.lax.top_k(score, 3)[0]
    return jnp.where(best == x.size, -1, best)


# %% wrong="first_three_positive" reason="dtype" about="positions as floats"
def first_three_positive(x):
    return jnp.nonzero(x > 0, size=3, fill_value=-1)[0].astype(jnp.float32)


# %% wrong="first_three_positive" reason="shape" about="a slice of three, which is shorter where x is"
def first_three_positive(x):
    n = x.size
    i = jnp.sort(jnp.where(x > 0, jnp.arange(n), n))[:3]
    return jnp.where(i == n, -1, i)


# %% wrong="first_three_positive" reason="values" about="the first three positive numbers in place of positions"
def first_three_positive(x):
    i = jnp.nonzero(x > 0, size=3, fill_value=-1)[0]
    return jnp.where(i < 0, -1, x[i]).astype(jnp.int32)


# %% right="variance_far_from_zero" about="subtracts the first entry of each row and uses the formula"
def variance_far_from_zero(x):
    d = x - x[:, :1]
    return jnp.mean(d**2, axis=1) - jnp.mean(d, axis=1) ** 2


# %% right="variance_far_from_zero" about="Welford by a scan over the columns"
def variance_far_from_zero(x):
    def step(state, column):
        count, mean, total = state
        count = count + 1.0
        off = column - mean
        mean = mean + off / count
        return (count, mean, total + off * (column - mean)), None

    zero = jnp.zeros(x.shape[0])
    (count, _, total), _ = jax.lax.scan(step, (0.0, zero, zero), x.T)
    return total / count


# %% right="variance_far_from_zero" about="einsum of what was centred, under vmap"
def variance_far_from_zero(x):
    d = x - jnp.mean(x, axis=-1)[:, None]
    return jax.vmap(jnp.vdot)(d, d) / x.shape[1]


# %% right="variance_far_from_zero" about="the standard deviation squared"
def variance_far_from_zero(x):
    return jnp.std(x, axis=1) ** 2


# %% right="variance_far_from_zero" about="half the mean square of all differences in a row"
def variance_far_from_zero(x):
    d = x[:, :, None] - x[:, None, :]
    return (d**2).mean(axis=(1, 2)) / 2


# %% wrong="variance_far_from_zero" reason="values" about="subtracts 8192 from all rows"
def variance_far_from_zero(x):
    d = x - 8192.0
    return jnp.mean(d**2, axis=1) - jnp.mean(d, axis=1) ** 2 + jnp.mean(d // 8192, axis=1)


# %% wrong="variance_far_from_zero" reason="values" about="subtracts the mean of everything"
def variance_far_from_zero(x):
    return ((x - x.mean()) ** 2).mean(axis=1)


# %% wrong="variance_far_from_zero" reason="values" about="scales before it squares, which saves no digits" misconception="subtracts two large numbers"
def variance_far_from_zero(x):
    y = x / 8192
    return 8192**2 * (jnp.mean(y**2, axis=1) - jnp.mean(y, axis=1) ** 2)


# %% wrong="variance_far_from_zero" reason="values" about="clips the old formula at zero"
def variance_far_from_zero(x):
    return jnp.maximum(jnp.mean(x * x, axis=1) - jnp.mean(x, axis=1) ** 2, 0.0)


# %% wrong="variance_far_from_zero" reason="values" about="the factored form, squares already lost"
def variance_far_from_zero(x):
    mean = x.mean(axis=1, keepdims=True)
    return (x**2 - mean**2).mean(axis=1)


# %% wrong="variance_far_from_zero" reason="shape" about="takes the variance of each column"
def variance_far_from_zero(x):
    return jnp.var(x, axis=0)


# %% wrong="variance_far_from_zero" reason="values" about="the mean distance from the mean"
def variance_far_from_zero(x):
    return jnp.abs(x - x.mean(axis=1, keepdims=True)).mean(axis=1)


# %% wrong="variance_far_from_zero" reason="values" about="centres in bfloat16"
def variance_far_from_zero(x):
    y = x.astype(jnp.bfloat16)
    return jnp.var(y, axis=1).astype(jnp.float32)


# %% wrong="variance_far_from_zero" reason="shape" about="squeeze: one row gives a scalar"
def variance_far_from_zero(x):
    return jnp.squeeze(jnp.var(x, axis=1))


# %% right="compact_positive" about="nonzero with a size, read with fill"
def compact_positive(x):
    n = x.shape[0]
    i = jnp.nonzero(x > 0, size=n, fill_value=n)[0]
    return x.at[i].get(mode="fill", fill_value=0.0)


# %% right="compact_positive" about="positions as keys of a sort"
def compact_positive(x):
    n = x.size
    key = jnp.where(x > 0, jnp.arange(n), n)
    _, kept = jax.lax.sort((key, jnp.where(x > 0, x, 0.0)), num_keys=1)
    return kept


# %% right="compact_positive" about="a scan with a write position"
def compact_positive(x):
    def put(state, value):
        out, at = state
        out = out.at[at].set(jnp.where(value > 0, value, out[at]))
        return (out, at + (value > 0)), None

    return jax.lax.scan(put, (jnp.zeros_like(x), 0), x)[0][0]


# %% right="compact_positive" about="searches the cumulative sum"
def compact_positive(x):
    n = x.size
    i = jnp.searchsorted(jnp.cumsum(x > 0), jnp.arange(1, n + 1))
    return jnp.where(i < n, x[i], 0.0)


# %% right="compact_positive" about="a permutation matrix"
def compact_positive(x):
    keep = x > 0
    to = jnp.cumsum(keep) - 1
    hit = (to[None, :] == jnp.arange(x.size)[:, None]) & keep[None, :]
    return jnp.where(hit, x[None, :], 0.0).sum(axis=1)


# %% wrong="compact_positive" reason="values" about="a threshold in place of zero"
def compact_positive(x):
    n = x.shape[0]
    i = jnp.nonzero(x > 1e-6, size=n, fill_value=n)[0]
    return x.at[i].get(mode="fill", fill_value=0.0)


# %% wrong="compact_positive" reason="values" about="reads outside without a filling"
def compact_positive(x):
    n = x.shape[0]
    i = jnp.nonzero(x > 0, size=n, fill_value=n)[0]
    return x.at[i].get(mode="fill")


# %% wrong="compact_positive" reason="values" about="moves the others behind and leaves them there"
def compact_positive(x):
    return x[jnp.argsort(x <= 0)]


# %% wrong="compact_positive" reason="values" about="sorts by the sign, largest first among the kept" misconception="sorts by size"
def compact_positive(x):
    return jnp.where(x > 0, x, 0.0)[jnp.argsort(-x)]


# %% wrong="compact_positive" reason="values" about="keeps the repeated numbers once"
def compact_positive(x):
    kept, where = jnp.unique(
        jnp.where(x > 0, x, jnp.inf), return_index=True, size=x.size, fill_value=jnp.inf
    )
    where = jnp.sort(jnp.where(kept < jnp.inf, where, x.size))
    return x.at[where].get(mode="fill", fill_value=0.0)


# %% wrong="compact_positive" reason="values" about="moves the positive entries to the end"
def compact_positive(x):
    return jnp.maximum(x[jnp.argsort(x > 0)], 0.0)


# %% wrong="compact_positive" reason="values" about="places by add, with the first slot as the bin"
def compact_positive(x):
    keep = x > 0
    return jnp.zeros_like(x).at[jnp.where(keep, jnp.cumsum(keep) - 1, 0)].add(x)


# %% wrong="compact_positive" reason="batch loop" earns=0.5 about="a Python loop with a traced place"
def compact_positive(x):
    out, at = jnp.zeros_like(x), 0
    for value in x:
        out = out.at[at].add(jnp.maximum(value, 0.0))
        at = at + (value > 0)
    return out


# %% wrong="postage" reason="batch loop" earns=0.5 about="a where for each letter" misconception="keeps the loop over the letters"
def postage(weights):
    prices = [jnp.where(w < 1, 3.0, jnp.where(w < 5, 5.0, 9.0)) for w in weights]
    return jnp.stack(prices)


# %% wrong="postage" reason="values" about="a loop over the letters, with a limit in the cheaper class"
def postage(weights):
    return jnp.stack([jnp.where(w <= 1, 3.0, jnp.where(w < 5, 5.0, 9.0)) for w in weights])


# %% wrong="fill_gaps" reason="batch loop" earns=0.5 about="adds up and fills one entry after another"
def fill_gaps(x, present):
    pairs = list(zip(x, present, strict=True))
    mean = sum(jnp.where(there, entry, 0.0) for entry, there in pairs) / present.sum()
    return jnp.stack([jnp.where(there, entry, mean) for entry, there in pairs])
