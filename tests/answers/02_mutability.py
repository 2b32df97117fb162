# %% wrong="replace_first" reason="values" about="replaces every entry equal to the first (ties)"
def replace_first(a, value):
    return jnp.where(a == a[0], value, a)


# %% wrong="replace_overloads" reason="values" about="magic threshold 1e10 in place of infinity"
def replace_overloads(readings, spare):
    return jnp.where(jnp.abs(readings) > 1e10, spare, readings)


# %% wrong="tally" reason="values" about="int8 counters overflow beyond 127"
def tally(labels):
    return jnp.zeros(10, jnp.int8).at[labels].add(1).astype(jnp.int32)


# %% wrong="sparse_step" reason="operation" about="promises unique indices although words repeat (undefined)"
def sparse_step(table, ids, gradients):
    return table.at[ids].add(-0.1 * gradients, unique_indices=True)


# %% right="fast_track_mutability" about="with a blank"
fast_track_mutability = "b "

# %% wrong="fast_track_mutability" reason="answer" about="the array in place of the letter"
fast_track_mutability = [0, 2, 0, 1]

# %% wrong="fast_track_mutability" reason="answer" about="the number of the line"
fast_track_mutability = 2


# %% right="replace_first" about="where with positions"
def replace_first(a, value):
    return jnp.where(jnp.arange(a.shape[0]) == 0, value, a)


# %% right="replace_first" about="dynamic_update_slice"
def replace_first(a, value):
    return jax.lax.dynamic_update_slice(a, value.reshape(1), (0,))


# %% right="replace_first" about="stacks in front of the rest"
def replace_first(a, value):
    return jnp.hstack([value, a[1:]])


# %% right="replace_first" about="multiplies by zero and adds, at the place"
def replace_first(a, value):
    return a.at[0].multiply(0.0).at[0].add(value)


# %% right="replace_first" about="inserts in front and deletes what was there"
def replace_first(a, value):
    return jnp.delete(jnp.insert(a, 0, value), 1)


# %% wrong="replace_first" reason="values" about="replaces the last"
def replace_first(a, value):
    return a.at[-1].set(value)


# %% wrong="replace_first" reason="values" about="counts from one"
def replace_first(a, value):
    return a.at[1].set(value)


# %% wrong="replace_first" reason="shape" about="puts it in front of all"
def replace_first(a, value):
    return jnp.concatenate([value[None], a])


# %% wrong="replace_first" reason="values" about="replaces all of them"
def replace_first(a, value):
    return a.at[:].set(value)


# %% wrong="replace_first" reason="values" about="replaces the smallest"
def replace_first(a, value):
    return a.at[jnp.argmin(a)].set(value)


# %% wrong="replace_first" reason="values" about="shifts the others by one"
def replace_first(a, value):
    return jnp.roll(a, 1).at[0].set(value)


# %% wrong="replace_first" reason="values" about="takes the larger of the two"
def replace_first(a, value):
    return a.at[0].max(value)


# %% wrong="replace_first" reason="TracerArrayConversionError" about="writes into a NumPy copy"
def replace_first(a, value):
    b = np.array(a)
    b[0] = value
    return jnp.asarray(b)


# %% wrong="replace_first" reason="dtype" about="writes into an array of integers"
def replace_first(a, value):
    return a.astype(jnp.int32).at[0].set(value.astype(jnp.int32))


# %% right="replace_overloads" about="not a number after times zero"
def replace_overloads(readings, spare):
    return jnp.where(jnp.isnan(readings * 0), spare, readings)


# %% right="replace_overloads" about="vmap of cond"
def replace_overloads(readings, spare):
    def one(r, s):
        return jax.lax.cond(jnp.isinf(r), lambda: s, lambda: r)

    return jax.vmap(one)(readings, spare)


# %% right="replace_overloads" about="a scatter that drops the good ones"
def replace_overloads(readings, spare):
    n = readings.size
    to = jnp.where(jnp.isfinite(readings), n, jnp.arange(n))
    return readings.at[to].set(spare, mode="drop")


# %% right="replace_overloads" about="select with two conditions"
def replace_overloads(readings, spare):
    return jnp.select([readings == jnp.inf, readings == -jnp.inf], [spare, spare], readings)


# %% right="replace_overloads" about="nonzero with a size, then take and set"
def replace_overloads(readings, spare):
    n = readings.shape[0]
    i = jnp.nonzero(jnp.isinf(readings), size=n, fill_value=n)[0]
    return readings.at[i].set(spare.at[i].get(mode="fill"))


# %% wrong="replace_overloads" reason="values" about="takes the largest float for an overload"
def replace_overloads(readings, spare):
    return jnp.where(jnp.abs(readings) >= jnp.finfo(jnp.float32).max, spare, readings)


# %% wrong="replace_overloads" reason="values" about="takes the mean of the spare readings"
def replace_overloads(readings, spare):
    return jnp.where(jnp.isinf(readings), spare.mean(), readings)


# %% wrong="replace_overloads" reason="values" about="fills zeros and adds the spare"
def replace_overloads(readings, spare):
    return jnp.nan_to_num(readings, posinf=0.0, neginf=0.0) + spare


# %% wrong="replace_overloads" reason="values" about="asks for NaN in place of infinity"
def replace_overloads(readings, spare):
    return jnp.where(jnp.isnan(readings), spare, readings)


# %% wrong="replace_overloads" reason="values" about="replaces what is zero as well"
def replace_overloads(readings, spare):
    return jnp.where(jnp.isinf(1 / (1 / readings) + 1 / readings), spare, readings)


# %% wrong="replace_overloads" reason="values" about="gives the spare the sign of the overload"
def replace_overloads(readings, spare):
    return jnp.where(jnp.isinf(readings), jnp.copysign(spare, readings), readings)


# %% wrong="replace_overloads" reason="values" about="overflows when it tests"
def replace_overloads(readings, spare):
    return jnp.where(jnp.isinf(readings * readings), spare, readings)


# %% wrong="replace_overloads" reason="TracerBoolConversionError" about="asks Python about each reading"
def replace_overloads(readings, spare):
    return jnp.array([s if jnp.isinf(r) else r for r, s in zip(readings, spare)])


# %% wrong="replace_overloads" reason="batch loop" earns=0.5 about="a where for each reading"
def replace_overloads(readings, spare):
    return jnp.stack([jnp.where(jnp.isinf(r), s, r) for r, s in zip(readings, spare)])


# %% right="tally" about="bincount of ten"
def tally(labels):
    return jnp.bincount(labels, length=10)


# %% right="tally" about="sum of one-hot rows"
def tally(labels):
    return jax.nn.one_hot(labels, 10, dtype=jnp.int32).sum(0)


# %% right="tally" about="sums by segments"
def tally(labels):
    return jax.ops.segment_sum(jnp.ones_like(labels), labels, num_segments=10)


# %% right="tally" about="sorts and searches"
def tally(labels):
    ends = jnp.searchsorted(jnp.sort(labels), jnp.arange(11))
    return jnp.diff(ends).astype(jnp.int32)


# %% right="tally" about="vmap of a scatter for each label"
def tally(labels):
    each = jax.vmap(lambda digit: jnp.zeros(10, jnp.int32).at[digit].set(1))(labels)
    return each.sum(axis=0)


# %% right="tally" about="scan over the labels"
def tally(labels):
    def add(counts, digit):
        return counts.at[digit].add(1), None

    return jax.lax.scan(add, jnp.zeros(10, jnp.int32), labels)[0]


# %% wrong="tally" reason="operation" about="promises unique labels"
def tally(labels):
    return jnp.zeros(10, jnp.int32).at[labels].add(1, unique_indices=True)


# %% wrong="tally" reason="values" about="sets in place of adding" misconception="counts repeats once, like NumPy's `+=`"
def tally(labels):
    return jnp.zeros(10, jnp.int32).at[labels].set(1)


# %% wrong="tally" reason="values" about="counts in bfloat16, which stops at 256"
def tally(labels):
    return jax.lax.fori_loop(
        0, labels.size, lambda i, c: c.at[labels[i]].add(1), jnp.zeros(10, jnp.bfloat16)
    ).astype(jnp.int32)


# %% wrong="tally" reason="values" about="a histogram whose last bin is cut off"
def tally(labels):
    counts = jnp.zeros(9, jnp.int32).at[labels].add(1)
    return jnp.append(counts, jnp.int32(0))


# %% wrong="tally" reason="values" about="counts only the digits that occur, in a row"
def tally(labels):
    return jnp.unique(labels, return_counts=True, size=10, fill_value=0)[1].astype(jnp.int32)


# %% wrong="tally" reason="shape" about="nine counters"
def tally(labels):
    return jnp.zeros(9, jnp.int32).at[labels].add(1)


# %% wrong="tally" reason="values" about="shares in place of counts"
def tally(labels):
    counts = jnp.zeros(10, jnp.int32).at[labels].add(1)
    return (counts / labels.size).astype(jnp.int32)


# %% wrong="tally" reason="values" about="counts from one: label 0 falls on 9"
def tally(labels):
    return jnp.zeros(10, jnp.int32).at[labels - 1].add(1)


# %% right="light_up" about="clears the ghosts by a border around the picture"
def light_up(sky, rows, cols):
    height, width = sky.shape
    big = jnp.pad(sky, 1)
    r, c = jnp.clip(rows, -1, height), jnp.clip(cols, -1, width)
    return big.at[r + 1, c + 1].add(1.0)[1:-1, 1:-1]


# %% right="light_up" about="unsigned indices, of which negative ones are too large"
def light_up(sky, rows, cols):
    return sky.at[rows.astype(jnp.uint32), cols.astype(jnp.uint32)].add(1.0, mode="drop")


# %% right="light_up" about="does not wrap"
def light_up(sky, rows, cols):
    return sky.at[rows, cols].add(1.0, mode="drop", wrap_negative_indices=False)


# %% right="light_up" about="a product of two one-hot matrices"
def light_up(sky, rows, cols):
    return sky + jax.nn.one_hot(rows, 12).T @ jax.nn.one_hot(cols, 16)


# %% right="light_up" about="flat positions, counted by bincount"
def light_up(sky, rows, cols):
    seen = (rows >= 0) & (rows < 12) & (cols >= 0) & (cols < 16)
    flat = jnp.where(seen, rows * 16 + cols, 12 * 16)
    return sky + jnp.bincount(flat, length=12 * 16 + 1)[:-1].reshape(12, 16)


# %% right="light_up" about="a scan over the stars"
def light_up(sky, rows, cols):
    def add(sky, star):
        row, col = star
        seen = (row >= 0) & (row < 12) & (col >= 0) & (col < 16)
        return sky.at[row, col].add(seen.astype(jnp.float32)), None

    return jax.lax.scan(add, sky, (rows, cols))[0]


# %% wrong="light_up" reason="values" about="tests the rows alone"
def light_up(sky, rows, cols):
    return sky.at[jnp.where((rows >= 0) & (rows < 12), rows, 12), cols].add(1.0)


# %% wrong="light_up" reason="values" about="tests only for negative numbers and forgets the columns"
def light_up(sky, rows, cols):
    return sky.at[jnp.where(rows < 0, 12, rows), cols].add(1.0)


# %% wrong="light_up" reason="values" about="leaves out the first row and column"
def light_up(sky, rows, cols):
    seen = (rows > 0) & (rows < 12) & (cols > 0) & (cols < 16)
    return sky.at[jnp.where(seen, rows, 12), cols].add(1.0)


# %% wrong="light_up" reason="values" about="flat positions, so that a star on the left falls into the row above"
def light_up(sky, rows, cols):
    flat = rows * 16 + cols
    flat = jnp.where(flat < 0, 12 * 16, flat)
    return sky.ravel().at[flat].add(1.0).reshape(12, 16)


# %% wrong="light_up" reason="values" about="counts two stars at one place once"
def light_up(sky, rows, cols):
    seen = (rows >= 0) & (rows < 12) & (cols >= 0) & (cols < 16)
    r = jnp.where(seen, rows, 12)
    return sky.at[r, cols].set(sky.at[r, cols].get(mode="fill", fill_value=0) + 1.0)


# %% wrong="light_up" reason="operation" about="promises that no two stars stand at one place"
def light_up(sky, rows, cols):
    seen = (rows >= 0) & (rows < 12) & (cols >= 0) & (cols < 16)
    return sky.at[jnp.where(seen, rows, 12), cols].add(1.0, unique_indices=True)


# %% wrong="light_up" reason="values" about="rows and columns changed over"
def light_up(sky, rows, cols):
    seen = (rows >= 0) & (rows < 12) & (cols >= 0) & (cols < 16)
    return sky.at[jnp.where(seen, cols, 12), rows].add(1.0)


# %% wrong="light_up" reason="values" about="wraps around as a torus"
def light_up(sky, rows, cols):
    return sky.at[rows % 12, cols % 16].add(1.0)


# %% wrong="light_up" reason="values" about="the light without the sky"
def light_up(sky, rows, cols):
    seen = (rows >= 0) & (rows < 12) & (cols >= 0) & (cols < 16)
    return jnp.zeros_like(sky).at[jnp.where(seen, rows, 12), cols].add(1.0)


# %% right="sparse_step" about="subtract"
def sparse_step(table, ids, gradients):
    return table.at[ids].subtract(0.1 * gradients)


# %% right="sparse_step" about="scan over the words"
def sparse_step(table, ids, gradients):
    def step(table, pair):
        i, g = pair
        return table.at[i].add(-0.1 * g), None

    return jax.lax.scan(step, table, (ids, gradients))[0]


# %% right="sparse_step" about="sorts the words first"
def sparse_step(table, ids, gradients):
    order = jnp.argsort(ids)
    return table.at[ids[order]].add(-0.1 * gradients[order])


# %% right="sparse_step" about="columns one by one under vmap"
def sparse_step(table, ids, gradients):
    def column(t, g):
        return t.at[ids].add(-g / 10)

    return jax.vmap(column, in_axes=1, out_axes=1)(table, gradients)


# %% right="sparse_step" about="the gradient of the sum that reads the rows"
def sparse_step(table, ids, gradients):
    dense = jax.grad(lambda t: jnp.sum(t[ids] * gradients))(table)
    return table - 0.1 * dense


# %% wrong="sparse_step" reason="operation" about="promises that the words are sorted"
def sparse_step(table, ids, gradients):
    return table.at[ids].add(-0.1 * gradients, indices_are_sorted=True)


# %% wrong="sparse_step" reason="operation" about="sums by segments and promises unique ones"
def sparse_step(table, ids, gradients):
    total = jax.ops.segment_sum(gradients, ids, table.shape[0], unique_indices=True)
    return table - 0.1 * total


# %% wrong="sparse_step" reason="values" about="adds the gradient"
def sparse_step(table, ids, gradients):
    return table.at[ids].add(0.1 * gradients)


# %% wrong="sparse_step" reason="values" about="a mean for a word that occurs twice"
def sparse_step(table, ids, gradients):
    total = jnp.zeros_like(table).at[ids].add(gradients)
    count = jnp.zeros(len(table)).at[ids].add(1.0)
    return table - 0.1 * total / jnp.maximum(count, 1)[:, None]


# %% wrong="sparse_step" reason="values" about="counts the gradient of a repeated word as often as it occurs, for each"
def sparse_step(table, ids, gradients):
    count = jnp.zeros(len(table)).at[ids].add(1.0)
    return table.at[ids].add(-0.1 * gradients * count[ids][:, None])


# %% wrong="sparse_step" reason="work" about="compares every word with every row" misconception="multiplies with a one-hot matrix"
def sparse_step(table, ids, gradients):
    hit = ids[None, :] == jnp.arange(table.shape[0])[:, None]
    return table - 0.1 * jnp.where(hit[:, :, None], gradients[None], 0.0).sum(axis=1)


# %% wrong="sparse_step" reason="batch loop" earns=0.5 about="a Python loop over the words"
def sparse_step(table, ids, gradients):
    for i, g in zip(ids, gradients):
        table = table.at[i].add(-0.1 * g)
    return table


# %% wrong="sparse_step" reason="shape" about="squeeze at the end: a word alone"
def sparse_step(table, ids, gradients):
    return table.at[ids].add(-0.1 * gradients)[: ids.size]


# %% wrong="sparse_step" reason="values" about="steps of one tenth of the row, too"
def sparse_step(table, ids, gradients):
    return table.at[ids].multiply(0.9).at[ids].add(-0.1 * gradients)


# %% right="cool" about="the decorator, and slices of a padded sum"
@partial(jax.jit, donate_argnums=(1,))
def cool(flame, plate):
    up, down = plate[:-2, 1:-1], plate[2:, 1:-1]
    left, right = plate[1:-1, :-2], plate[1:-1, 2:]
    return plate.at[1:-1, 1:-1].set(0.25 * (up + down + left + right) + flame[1:-1, 1:-1])


# %% right="cool" about="donates by name"
def cool(flame, plate):
    inside = (plate[:-2, 1:-1] + plate[2:, 1:-1] + plate[1:-1, :-2] + plate[1:-1, 2:]) / 4
    return jnp.pad(inside + flame[1:-1, 1:-1], 1) + plate.at[1:-1, 1:-1].set(0.0)


cool = jax.jit(cool, donate_argnames="plate")


# %% right="cool" about="a convolution"
def cool(flame, plate):
    kernel = jnp.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]]) / 4.0
    inside = jax.scipy.signal.convolve2d(plate, kernel, mode="valid")
    return plate.at[1:-1, 1:-1].set(inside + flame[1:-1, 1:-1])


cool = jax.jit(cool, donate_argnums=1)


# %% right="cool" about="where with a mask of the inside"
@partial(jax.jit, donate_argnames=("plate",))
def cool(flame, plate):
    inside = jnp.zeros(plate.shape, bool).at[1:-1, 1:-1].set(True)
    p = jnp.pad(plate, 1, mode="edge")
    mean = (p[:-2, 1:-1] + p[2:, 1:-1] + p[1:-1, :-2] + p[1:-1, 2:]) / 4
    return jnp.where(inside, mean + flame, plate)


# %% wrong="cool" reason="donation" about="donates both" misconception="gives the flame's memory away"
def cool(flame, plate):
    inside = (plate[:-2, 1:-1] + plate[2:, 1:-1] + plate[1:-1, :-2] + plate[1:-1, 2:]) / 4
    return plate.at[1:-1, 1:-1].set(inside + flame[1:-1, 1:-1])


cool = jax.jit(cool, donate_argnums=(0, 1))


# %% wrong="cool" reason="donation" about="compiled, but nothing donated" misconception="gives no memory away"
@jax.jit
def cool(flame, plate):
    inside = (plate[:-2, 1:-1] + plate[2:, 1:-1] + plate[1:-1, :-2] + plate[1:-1, 2:]) / 4
    return plate.at[1:-1, 1:-1].set(inside + flame[1:-1, 1:-1])


# %% wrong="cool" reason="values" about="heats the edge as well"
@partial(jax.jit, donate_argnums=1)
def cool(flame, plate):
    inside = (plate[:-2, 1:-1] + plate[2:, 1:-1] + plate[1:-1, :-2] + plate[1:-1, 2:]) / 4
    return plate.at[1:-1, 1:-1].set(inside) + flame


# %% wrong="cool" reason="values" about="steps in place: new rows are used for the next"
@partial(jax.jit, donate_argnums=1)
def cool(flame, plate):
    def row(i, p):
        mean = (p[i - 1, 1:-1] + p[i + 1, 1:-1] + p[i, :-2] + p[i, 2:]) / 4
        return p.at[i, 1:-1].set(mean + flame[i, 1:-1])

    return jax.lax.fori_loop(1, plate.shape[0] - 1, row, plate)


# %% wrong="cool" reason="values" about="a mean of five, the point itself among them"
@partial(jax.jit, donate_argnums=1)
def cool(flame, plate):
    inside = (plate[:-2, 1:-1] + plate[2:, 1:-1] + plate[1:-1, :-2] + plate[1:-1, 2:]) / 5
    inside = inside + plate[1:-1, 1:-1] / 5
    return plate.at[1:-1, 1:-1].set(inside + flame[1:-1, 1:-1])


# %% wrong="cool" reason="values" about="takes the mean with the flame in it"
@partial(jax.jit, donate_argnums=1)
def cool(flame, plate):
    sums = plate[:-2, 1:-1] + plate[2:, 1:-1] + plate[1:-1, :-2] + plate[1:-1, 2:]
    return plate.at[1:-1, 1:-1].set((sums + flame[1:-1, 1:-1]) / 4)


# %% wrong="cool" reason="values" about="leaves out the last inner row and column"
@partial(jax.jit, donate_argnums=1)
def cool(flame, plate):
    inside = (plate[:-2, 1:-1] + plate[2:, 1:-1] + plate[1:-1, :-2] + plate[1:-1, 2:]) / 4
    new = inside + flame[1:-1, 1:-1]
    return plate.at[1:-2, 1:-2].set(new[:-1, :-1])


# %% wrong="cool" reason="batch loop" earns=0.5 about="a Python loop over the rows"
@partial(jax.jit, donate_argnums=1)
def cool(flame, plate):
    old = plate
    for i in range(1, plate.shape[0] - 1):
        mean = (old[i - 1, 1:-1] + old[i + 1, 1:-1] + old[i, :-2] + old[i, 2:]) / 4
        plate = plate.at[i, 1:-1].set(mean + flame[i, 1:-1])
    return plate


# %% right="decayed_step" about="an exponential of the number of halvings"
def decayed_step(weights, steps, gradient):
    rate = 0.1 * jnp.exp(-jnp.log(2.0) * (steps // 1000))
    return weights - rate * gradient, steps + 1


# %% right="decayed_step" about="ldexp, and a fused update"
def decayed_step(weights, steps, gradient):
    return weights - jnp.ldexp(0.1, -(steps // 1000)) * gradient, jnp.add(steps, 1)


# %% right="decayed_step" about="jitted, with a helper"
def rate_of(steps):
    return 0.1 * jnp.power(0.5, jnp.floor_divide(steps, 1000))


@jax.jit
def decayed_step(weights, steps, gradient):
    new = jax.tree.map(lambda w, g: w - rate_of(steps) * g, weights, gradient)
    return new, steps + jnp.int32(1)


# %% right="decayed_step" about="halves in a loop"
def decayed_step(weights, steps, gradient):
    rate = jax.lax.fori_loop(0, steps // 1000, lambda i, r: r / 2, 0.1)
    return (weights - rate * gradient, 1 + steps)


# %% wrong="decayed_step" reason="values" about="decays a little at every step" misconception="lets the rate sink at every step"
def decayed_step(weights, steps, gradient):
    return weights - 0.1 * 0.5 ** (steps / 1000) * gradient, steps + 1


# %% wrong="decayed_step" reason="values" about="halves once only"
def decayed_step(weights, steps, gradient):
    rate = jnp.where(steps >= 1000, 0.05, 0.1)
    return weights - rate * gradient, steps + 1


# %% wrong="decayed_step" reason="values" about="divides by one more than the number of halvings"
def decayed_step(weights, steps, gradient):
    return weights - 0.1 / (1 + steps // 1000) * gradient, steps + 1


# %% wrong="decayed_step" reason="values" about="goes up the gradient"
def decayed_step(weights, steps, gradient):
    return weights + 0.1 * 0.5 ** (steps // 1000) * gradient, steps + 1


# %% wrong="decayed_step" reason="values" about="rounds the number of thousands" misconception="none"
def decayed_step(weights, steps, gradient):
    return weights - 0.1 * 0.5 ** jnp.round(steps / 1000) * gradient, steps + 1


# %% wrong="decayed_step" reason="values" about="returns a count of its own"
count = [0]


def decayed_step(weights, steps, gradient):
    count[0] += 1
    return weights - 0.1 * 0.5 ** (steps // 1000) * gradient, jnp.int32(count[0])


# %% wrong="decayed_step" reason="structure" about="a list in place of the tuple"
def decayed_step(weights, steps, gradient):
    return [weights - 0.1 * 0.5 ** (steps // 1000) * gradient, steps + 1]


# %% wrong="decayed_step" reason="TracerBoolConversionError" about="asks Python whether a thousand is full"
def decayed_step(weights, steps, gradient):
    rate = 0.1
    while steps >= 1000:
        rate, steps = rate / 2, steps - 1000
    return weights - rate * gradient, steps + 1


# %% wrong="decayed_step" reason="ConcretizationTypeError" about="makes a Python number of the count"
def decayed_step(weights, steps, gradient):
    return weights - 0.1 * 0.5 ** (int(steps) // 1000) * gradient, steps + 1


# %% right="sort_by_counting" about="searches the cumulative counts"
def sort_by_counting(x):
    ends = jnp.cumsum(jnp.bincount(x, length=50))
    return jnp.searchsorted(ends, jnp.arange(x.size), side="right").astype(jnp.int32)


# %% right="sort_by_counting" about="counts how many values end at or before each place"
def sort_by_counting(x):
    counts = (x[:, None] == jnp.arange(50)).sum(axis=0)
    ends = jnp.cumsum(counts)
    return (jnp.arange(x.size)[:, None] >= ends).sum(axis=1).astype(jnp.int32)


# %% right="sort_by_counting" about="scans over the values, writing each with a mask"
def sort_by_counting(x):
    def write(state, value):
        out, start = state
        stop = start + (x == value).sum()
        place = jnp.arange(x.size)
        return (jnp.where((place >= start) & (place < stop), value, out), stop), None

    return jax.lax.scan(write, (x, 0), jnp.arange(50, dtype=jnp.int32))[0][0]


# %% right="sort_by_counting" about="the largest value that begins at or before each place"
def sort_by_counting(x):
    counts = jnp.zeros(50, jnp.int32).at[x].add(1)
    starts = jnp.cumsum(counts) - counts
    value = jnp.where(counts > 0, jnp.arange(50, dtype=jnp.int32), 0)
    return jax.lax.cummax(jnp.zeros_like(x).at[starts].max(value))


# %% wrong="sort_by_counting" reason="operation" about="top_k of all entries is a sort too" misconception="sorts"
def sort_by_counting(x):
    return jax.lax.top_k(x, x.size)[0][::-1]


# %% wrong="sort_by_counting" reason="operation" about="argsort" misconception="sorts"
def sort_by_counting(x):
    return x[jnp.argsort(x)]


# %% wrong="sort_by_counting" reason="operation" about="unique with counts, which sorts" misconception="sorts"
def sort_by_counting(x):
    values, counts = jnp.unique(x, return_counts=True, size=50, fill_value=0)
    return jnp.repeat(values, counts, total_repeat_length=x.size)


# %% wrong="sort_by_counting" reason="operation" about="counts with a promise of unique entries" misconception="none"
def sort_by_counting(x):
    counts = jnp.zeros(50, jnp.int32).at[x].add(1, unique_indices=True)
    return jnp.repeat(jnp.arange(50, dtype=jnp.int32), counts, total_repeat_length=x.size)


# %% wrong="sort_by_counting" reason="values" about="counters of eight bits"
def sort_by_counting(x):
    counts = jnp.zeros(50, jnp.uint8).at[x].add(1)
    return jnp.repeat(jnp.arange(50, dtype=jnp.int32), counts, total_repeat_length=x.size)


# %% wrong="sort_by_counting" reason="values" about="forgets the value 49"
def sort_by_counting(x):
    counts = jnp.zeros(49, jnp.int32).at[x].add(1)
    return jnp.repeat(jnp.arange(49, dtype=jnp.int32), counts, total_repeat_length=x.size)


# %% wrong="sort_by_counting" reason="values" about="descending"
def sort_by_counting(x):
    counts = jnp.zeros(50, jnp.int32).at[x].add(1)
    values = jnp.arange(50, dtype=jnp.int32)[::-1]
    return jnp.repeat(values, counts[::-1], total_repeat_length=x.size)


# %% right="sort_by_counting" about="the end of 49, too, which lies outside and is dropped"
def sort_by_counting(x):
    counts = jnp.zeros(50, jnp.int32).at[x].add(1)
    ends = jnp.cumsum(counts)
    return jnp.cumsum(jnp.zeros_like(x).at[ends].add(1))


# %% wrong="sort_by_counting" reason="work" about="odd and even neighbours change places, n times" misconception="none"
def sort_by_counting(x):
    n = x.size

    def turn(i, y):
        place = jnp.arange(n)
        mate = jnp.where((place + i) % 2 == 0, place + 1, place - 1)
        mate = jnp.clip(mate, 0, n - 1)
        return jnp.where(mate > place, jnp.minimum(y, y[mate]), jnp.maximum(y, y[mate]))

    return jax.lax.fori_loop(0, n, turn, x)


# %% wrong="sort_by_counting" reason="values" about="goes up where a value begins in place of where it ends"
def sort_by_counting(x):
    counts = jnp.zeros(50, jnp.int32).at[x].add(1)
    starts = jnp.cumsum(counts) - counts
    return jnp.cumsum(jnp.zeros_like(x).at[starts].add(1))


# %% wrong="light_up" reason="batch loop" earns=0.5 about="adds star after star, and nothing for those outside"
def light_up(sky, rows, cols):
    height, width = sky.shape
    for row, col in zip(rows, cols, strict=True):
        seen = (row >= 0) & (row < height) & (col >= 0) & (col < width)
        sky = sky.at[jnp.where(seen, row, 0), jnp.where(seen, col, 0)].add(jnp.where(seen, 1.0, 0))
    return sky


# %% wrong="decayed_step" reason="batch loop" earns=0.5 about="a list of new weights"
def decayed_step(weights, steps, gradient):
    rate = 0.1 * 0.5 ** (steps // 1000)
    new = [w - rate * g for w, g in zip(weights, gradient, strict=True)]
    return jnp.stack(new), steps + 1
