# %% right="fast_track_debug_and_measure" about="a list"
fast_track_debug_and_measure = [3, 2]

# %% right="fast_track_debug_and_measure" about="a float and an array"
fast_track_debug_and_measure = (3.0, jnp.array(2.0))

# %% wrong="fast_track_debug_and_measure" reason="answer" about="reads NaN outside"
fast_track_debug_and_measure = (3, float("nan"))

# %% wrong="fast_track_debug_and_measure" reason="answer" about="reads the index modulo the size"
fast_track_debug_and_measure = (3, 2.5)

# %% wrong="fast_track_debug_and_measure" reason="answer" about="the number of lines alone"
fast_track_debug_and_measure = 3

# %% wrong="fast_track_debug_and_measure" reason="answer" about="0 outside"
fast_track_debug_and_measure = (3, 0.0)

# %% right="misread" about="a list with spaces"
misread = ["h ", " g"]

# %% right="misread" about="capital letters"
misread = ("H", "G")

# %% wrong="misread" reason="answer" about="the other way round"
misread = ("g", "h")

# %% wrong="misread" reason="answer" about="one text"
misread = "hg"

# %% wrong="misread" reason="answer" about="the tanh"
misread = ("d", "b")

# %% wrong="misread" reason="answer" about="the maximum of the products"
misread = ("e", "c")

# %% right="silently_wrong" about="small letters"
silently_wrong = "ac"

# %% right="silently_wrong" about="with a space"
silently_wrong = "A C"

# %% wrong="silently_wrong" reason="answer" about="in another order"
silently_wrong = "CA"

# %% wrong="silently_wrong" reason="answer" about="NumPy as well"
silently_wrong = "ACE"

# %% wrong="silently_wrong" reason="answer" about="the one that raises"
silently_wrong = "B"

# %% wrong="silently_wrong" reason="answer" about="none of them"
silently_wrong = ""


# %% right="result_bytes" about="by nbytes of NumPy dtypes and the shapes"
def result_bytes(n):
    found = jax.eval_shape(features, jax.ShapeDtypeStruct((n, 64, 64), "float32"))
    total = 0
    for one in found.values():
        count = 1
        for size in one.shape:
            count *= size
        total += count * np.dtype(one.dtype).itemsize
    return total


# %% right="result_bytes" about="one image times n"
def result_bytes(n):
    one = jax.eval_shape(features, jax.ShapeDtypeStruct((1, 64, 64), jnp.float32))
    return n * sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(one))


# %% right="result_bytes" about="from the lowered program"
def result_bytes(n):
    lowered = jax.jit(features).lower(jax.ShapeDtypeStruct((n, 64, 64), jnp.float32))
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(lowered.out_info))


# %% wrong="result_bytes" reason="values" about="the images as well"
def result_bytes(n):
    images = jax.ShapeDtypeStruct((n, 64, 64), jnp.float32)
    leaves = jax.tree.leaves((images, jax.eval_shape(features, images)))
    return sum(leaf.size * leaf.dtype.itemsize for leaf in leaves)


# %% wrong="result_bytes" reason="values" about="in kilobytes"
def result_bytes(n):
    found = jax.eval_shape(features, jax.ShapeDtypeStruct((n, 64, 64), jnp.float32))
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(found)) // 1024


# %% wrong="result_bytes" reason="values" about="without the spectrum"
def result_bytes(n):
    found = jax.eval_shape(features, jax.ShapeDtypeStruct((n, 64, 64), jnp.float32))
    return sum(found[k].size * found[k].dtype.itemsize for k in ("blocks", "edges"))


# %% wrong="result_bytes" reason="OverflowError" about="adds up in an array"
def result_bytes(n):
    found = jax.eval_shape(features, jax.ShapeDtypeStruct((n, 64, 64), jnp.float32))
    sizes = [leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(found)]
    return jnp.array(sizes).sum()


# %% wrong="result_bytes" reason="structure" about="a dict of bytes"
def result_bytes(n):
    found = jax.eval_shape(features, jax.ShapeDtypeStruct((n, 64, 64), jnp.float32))
    return jax.tree.map(lambda leaf: leaf.size * leaf.dtype.itemsize, found)


# %% wrong="result_bytes" reason="values" about="complex numbers of 16 bytes"
def result_bytes(n):
    return n * (2 * 8 * 8 + 63 * 64 + 16 * 64 * 33)


# %% right="mended_slopes" about="padding by extrapolation"
def mended_slopes(y):
    left = 2 * y[:1] - y[1:2]
    right = 2 * y[-1:] - y[-2:-1]
    padded = jnp.concatenate([left, y, right])
    return (padded[2:] - padded[:-2]) / 2


# %% right="mended_slopes" about="mends the result of slopes"
def mended_slopes(y):
    return slopes(y).at[0].set(y[1] - y[0]).at[-1].set(y[-1] - y[-2])


# %% right="mended_slopes" about="the mean of two differences, with the only one at the ends"
def mended_slopes(y):
    d = jnp.diff(y)
    return (jnp.append(d, d[-1]) + jnp.insert(d, 0, d[0])) / 2


# %% right="mended_slopes" about="vmap with clipped indices"
def mended_slopes(y):
    def one(i):
        a, b = jnp.clip(jnp.array([i - 1, i + 1]), 0, len(y) - 1)
        return (y[b] - y[a]) / (b - a)

    return jax.vmap(one)(jnp.arange(len(y)))


# %% wrong="mended_slopes" reason="values" about="NaN outside by mode fill"
def mended_slopes(y):
    i = jnp.arange(y.size)
    right = y.at[i + 1].get(mode="fill")
    left = y.at[i - 1].get(mode="fill", wrap_negative_indices=False)
    return (right - left) / 2


# %% wrong="mended_slopes" reason="values" about="a ring"
def mended_slopes(y):
    return (jnp.roll(y, -1) - jnp.roll(y, 1)) / 2


# %% wrong="mended_slopes" reason="values" about="repeats the slope of the neighbour at the ends"
def mended_slopes(y):
    inside = (y[2:] - y[:-2]) / 2
    return jnp.pad(inside, 1, mode="edge") if y.size > 2 else jnp.repeat(y[1] - y[0], 2)


# %% wrong="mended_slopes" reason="values" about="differences of order two at the ends"
def mended_slopes(y):
    if y.size < 3:
        return jnp.repeat(y[1] - y[0], 2)
    first = (-3 * y[0] + 4 * y[1] - y[2]) / 2
    last = (3 * y[-1] - 4 * y[-2] + y[-3]) / 2
    return jnp.concatenate([first[None], (y[2:] - y[:-2]) / 2, last[None]])


# %% wrong="mended_slopes" reason="batch loop" earns=0.5 about="a loop over the points"
def mended_slopes(y):
    n = y.size
    ends = [(max(i - 1, 0), min(i + 1, n - 1)) for i in range(n)]
    return jnp.stack([(y[b] - y[a]) / (b - a) for a, b in ends])


# %% wrong="mended_slopes" reason="values" about="minus the slope at the right end"
def mended_slopes(y):
    return slopes(y).at[0].set(y[1] - y[0]).at[-1].set(y[-2] - y[-1])


# %% right="mended_energy" about="adds the unit matrix to the squares"
def mended_energy(x):
    n = x.shape[0]
    gaps = x[:, None] - x[None]
    r = jnp.sqrt((gaps**2).sum(-1) + jnp.eye(n))
    return stretch(x) + centre(x) + jnp.sum(jnp.exp(-r) * (1 - jnp.eye(n)))


# %% right="mended_energy" about="a tiny number under the root, and the mask outside"
def mended_energy(x):
    gaps = x[:, None] - x[None]
    r = jnp.sqrt((gaps**2).sum(-1) + 1e-12)
    return stretch(x) + centre(x) + jnp.where(jnp.eye(len(x), dtype=bool), 0, jnp.exp(-r)).sum()


# %% right="mended_energy" about="a distance of two beads that is safe at 0, mapped twice"
def mended_energy(x):
    def distance(p, q):
        square = jnp.sum((p - q) ** 2)
        apart = square > 0
        return jnp.where(apart, jnp.sqrt(jnp.where(apart, square, 1.0)), 0.0)

    table = jax.vmap(jax.vmap(distance, (None, 0)), (0, None))(x, x)
    return stretch(x) + centre(x) + jnp.exp(-table).sum() - len(x)


# %% right="mended_energy" about="moves the diagonal apart before the root"
def mended_energy(x):
    n = len(x)
    gaps = x[:, None] - x[None, :] + jnp.eye(n)[:, :, None]
    pushes = jnp.exp(-jnp.linalg.norm(gaps, axis=-1))
    return stretch(x) + centre(x) + pushes.sum() - jnp.trace(pushes)


# %% right="mended_energy" about="by rolling the chain"
def mended_energy(x):
    n = x.shape[0]

    def at(k):
        return jnp.exp(-jnp.sqrt(jnp.sum((x - jnp.roll(x, k, axis=0)) ** 2, axis=1))).sum()

    return stretch(x) + centre(x) + jax.vmap(at)(jnp.arange(1, n)).sum()


# %% wrong="mended_energy" reason="gradient" about="nan_to_num of the energy" misconception="still takes the root of 0"
def mended_energy(x):
    return jnp.nan_to_num(energy(x))


# %% wrong="mended_energy" reason="gradient" about="the distances as a constant on the diagonal, too late"
def mended_energy(x):
    gaps = x[:, None] - x[None]
    r = jnp.linalg.norm(gaps, axis=-1)
    r = jnp.where(r == 0, jnp.inf, r)
    return stretch(x) + centre(x) + jnp.exp(-r).sum()


# %% wrong="mended_energy" reason="gradient" about="multiplies the diagonal by 0"
def mended_energy(x):
    gaps = x[:, None] - x[None]
    r = jnp.sqrt((gaps**2).sum(-1))
    return stretch(x) + centre(x) + jnp.sum(jnp.exp(-r) * (1 - jnp.eye(len(x))))


# %% wrong="mended_energy" reason="values" about="counts each pair once"
def mended_energy(x):
    i, j = np.triu_indices(len(x), 1)
    r = jnp.linalg.norm(x[i] - x[j], axis=1)
    return stretch(x) + centre(x) + jnp.exp(-r).sum()


# %% wrong="mended_energy" reason="values" about="squares in place of distances"
def mended_energy(x):
    squares = ((x[:, None] - x[None]) ** 2).sum(-1)
    pairs = jnp.where(jnp.eye(len(x), dtype=bool), 0.0, jnp.exp(-squares))
    return stretch(x) + centre(x) + pairs.sum()


# %% wrong="mended_energy" reason="values" about="forgets the middle"
def mended_energy(x):
    i, j = np.triu_indices(len(x), 1)
    r = jnp.linalg.norm(x[i] - x[j], axis=1)
    return stretch(x) + 2 * jnp.exp(-r).sum()


# %% wrong="mended_energy" reason="gradient" about="lets one bead of each pair push the other only"
def mended_energy(x):
    i, j = np.triu_indices(len(x), 1)
    r = jnp.linalg.norm(x[i] - jax.lax.stop_gradient(x[j]), axis=1)
    return stretch(x) + centre(x) + 2 * jnp.exp(-r).sum()


# %% right="checked_walk" about="a scan that records the states, checked afterwards in Python"
def checked_walk(table, start, steps):
    table = jnp.asarray(table)

    def move(state, _):
        return table[state], state

    last, reads = jax.lax.scan(move, jnp.int32(start), length=int(steps))
    if (reads >= table.size).any():
        raise checkify.JaxRuntimeError("a read beyond the table")
    return last


# %% right="checked_walk" about="jitted, and checked by check_error"
def checked_walk(table, start, steps):
    @jax.jit
    @checkify.checkify
    def walked(table, start):
        def move(_, state):
            checkify.check(state < table.shape[0], "state {s}", s=state)
            return table[state]

        return jax.lax.fori_loop(0, int(steps), move, start)

    err, out = walked(table, start)
    checkify.check_error(err)
    return out


# %% right="checked_walk" about="a while loop that carries the turns"
def checked_walk(table, start, steps):
    table, start = jnp.asarray(table), jnp.asarray(start)

    def walked(table, start, steps):
        def move(carry):
            i, state = carry
            checkify.check(state <= table.size - 1, "outside")
            return i + 1, table[state]

        return jax.lax.while_loop(lambda c: c[0] < steps, move, (0, start))[1]

    err, out = checkify.checkify(walked, errors=checkify.user_checks)(table, start, steps)
    err.throw()
    return out


# %% wrong="checked_walk" reason="structure" about="all errors but the one for indices"
def checked_walk(table, start, steps):
    err, out = checkify.checkify(walk, errors=checkify.float_checks)(table, start, steps)
    err.throw()
    return out


# %% wrong="checked_walk" reason="structure" about="checks the start alone"
def checked_walk(table, start, steps):
    table, start = jnp.asarray(table), jnp.asarray(start)

    def walked(table, start):
        checkify.check(start < table.size, "outside")
        return walk(table, start, steps)

    err, out = checkify.checkify(walked)(table, start)
    err.throw()
    return out


# %% wrong="checked_walk" reason="IndexError" about="an exception of another kind"
def checked_walk(table, start, steps):
    state = int(start)
    for _ in range(int(steps)):
        state = int(table[state])
    return state


# %% wrong="checked_walk" reason="ValueError" about="turns the error into a ValueError"
def checked_walk(table, start, steps):
    err, out = checkify.checkify(walk, errors=checkify.index_checks)(table, start, steps)
    if err.get():
        raise ValueError(err.get())
    return out


# %% wrong="checked_walk" reason="structure" about="returns the pair of error and state"
def checked_walk(table, start, steps):
    err, out = checkify.checkify(walk, errors=checkify.index_checks)(table, start, steps)
    return err.get() is not None, out


# %% wrong="checked_walk" reason="structure" about="marks a bad walk by -1"
def checked_walk(table, start, steps):
    table = jnp.asarray(table)

    def move(_, state):
        return table.at[state].get(mode="fill", fill_value=-1)

    return jax.lax.fori_loop(0, int(steps), move, start)


# %% wrong="checked_walk" reason="JaxRuntimeError" about="the condition turned round" misconception="has the condition the wrong way round"
def checked_walk(table, start, steps):
    table, start = jnp.asarray(table), jnp.asarray(start)

    def walked(table, start):
        def move(_, state):
            checkify.check(state >= table.size, "outside")
            return table[state]

        return jax.lax.fori_loop(0, int(steps), move, start)

    err, out = checkify.checkify(walked)(table, start)
    err.throw()
    return out


# %% right="lean_run" about="both matrices side by side"
def lean_run(W, h, xs):
    both = jnp.concatenate([unit(W) / 2, unit(W.T)], axis=1)

    def turn(h, x):
        return jnp.tanh(both @ jnp.concatenate([h, x])), None

    return jax.lax.scan(turn, h, xs)[0]


# %% right="lean_run" about="the products with the rows by vmap"
def lean_run(W, h, xs):
    A, B = unit(W), unit(W.T)
    inputs = jax.vmap(lambda x: B @ x)(xs)
    last, _ = jax.lax.scan(lambda h, u: (jnp.tanh(A @ h / 2 + u), None), h, inputs)
    return last


# %% right="lean_run" about="norms by jnp.linalg.norm"
def lean_run(W, h, xs):
    A = W / jnp.linalg.norm(W, axis=0)
    B = W.T / jnp.linalg.norm(W, axis=1)

    def turn(h, x):
        new = jnp.tanh(A @ h / 2 + B @ x)
        return new, None

    return jax.lax.scan(turn, h, xs)[0]


# %% wrong="lean_run" reason="operation" about="moves one of the two out"
def lean_run(W, h, xs):
    A = unit(W)

    def turn(h, x):
        return jnp.tanh(A @ h / 2 + unit(W.T) @ x), None

    return jax.lax.scan(turn, h, xs)[0]


# %% wrong="lean_run" reason="operation" about="jits unit and leaves it where it is" misconception="computes the lengths of the columns in every turn"
def lean_run(W, h, xs):
    fast = jax.jit(unit)

    def turn(h, x):
        return jnp.tanh(fast(W) @ h / 2 + fast(W.T) @ x), None

    return jax.lax.scan(turn, h, xs)[0]


# %% wrong="lean_run" reason="operation" about="divides the products by the lengths in every turn"
def lean_run(W, h, xs):
    def turn(h, x):
        by = jnp.sqrt((W**2).sum(0)), jnp.sqrt((W**2).sum(1))
        return jnp.tanh(W @ (h / by[0]) / 2 + W.T @ (x / by[1])), None

    return jax.lax.scan(turn, h, xs)[0]


# %% wrong="lean_run" reason="shape" about="returns all states"
def lean_run(W, h, xs):
    A, B = unit(W), unit(W.T)

    def turn(h, x):
        h = jnp.tanh(A @ h / 2 + B @ x)
        return h, h

    return jax.lax.scan(turn, h, xs)[1]


# %% wrong="lean_run" reason="values" about="forgets the half"
def lean_run(W, h, xs):
    A, B = unit(W), unit(W.T)
    return jax.lax.scan(lambda h, x: (jnp.tanh(A @ h + B @ x), None), h, xs)[0]


# %% wrong="lean_run" reason="values" about="multiplies from the other side"
def lean_run(W, h, xs):
    A, B = unit(W), unit(W.T)
    return jax.lax.scan(lambda h, x: (jnp.tanh(h @ A / 2 + x @ B), None), h, xs)[0]


# %% wrong="lean_run" reason="structure" about="returns the pair of scan"
def lean_run(W, h, xs):
    A, B = unit(W), unit(W.T)
    return jax.lax.scan(lambda h, x: (jnp.tanh(A @ h / 2 + B @ x), None), h, xs)


# %% right="log_totals" about="one word in each turn"
def log_totals(hidden, words):
    def turn(total, word):
        return jnp.logaddexp(total, hidden @ word), None

    return jax.lax.scan(turn, jnp.full(hidden.shape[0], -jnp.inf), words)[0]


# %% right="log_totals" about="a fori_loop that slices the words"
def log_totals(hidden, words):
    def turn(i, total):
        part = jax.lax.dynamic_slice_in_dim(words, 50 * i, 50)
        return jnp.logaddexp(total, jax.nn.logsumexp(hidden @ part.T, axis=1))

    start = jnp.full(hidden.shape[0], -jnp.inf)
    return jax.lax.fori_loop(0, words.shape[0] // 50, turn, start)


# %% right="log_totals" about="the totals of all parts by lax.map, joined at the end"
def log_totals(hidden, words):
    parts = words.reshape(-1, 50, 4)
    totals = jax.lax.map(lambda part: jax.nn.logsumexp(part @ hidden.T, axis=0), parts)
    return jax.nn.logsumexp(totals, axis=0)


# %% wrong="log_totals" reason="memory" about="one position in each turn"
def log_totals(hidden, words):
    return jax.lax.map(lambda h: jax.nn.logsumexp(words @ h), hidden)


# %% wrong="log_totals" reason="memory" about="checkpoint around the whole" misconception="keeps a score for every word"
def log_totals(hidden, words):
    return jax.checkpoint(log_totals_at_once)(hidden, words)


# %% wrong="log_totals" reason="memory" about="half of the words at a time"
def log_totals(hidden, words):
    half = words.shape[0] // 2
    parts = (words[:half], words[half:])
    first, second = (jax.nn.logsumexp(hidden @ part.T, axis=1) for part in parts)
    return jnp.logaddexp(first, second)


# %% wrong="log_totals" reason="memory" about="vmap over the positions"
def log_totals(hidden, words):
    return jax.vmap(lambda h: jax.nn.logsumexp(words @ h))(hidden)


# %% wrong="log_totals" reason="shape" about="returns the totals of the parts"
def log_totals(hidden, words):
    def turn(_, part):
        return None, jax.nn.logsumexp(hidden @ part.T, axis=1)

    return jax.lax.scan(turn, None, words.reshape(-1, 50, 4))[1]


# %% wrong="log_totals" reason="values" about="the mean in place of the sum"
def log_totals(hidden, words):
    def turn(total, part):
        return jnp.logaddexp(total, jax.nn.logsumexp(hidden @ part.T, axis=1)), None

    total = jax.lax.scan(turn, jnp.full(8, -jnp.inf), words.reshape(-1, 50, 4))[0]
    return total - jnp.log(len(words))


# %% wrong="log_totals" reason="values" about="leaves out the last words"
def log_totals(hidden, words):
    def turn(total, part):
        return jnp.logaddexp(total, jax.nn.logsumexp(hidden @ part.T, axis=1)), None

    parts = words.reshape(-1, 50, 4)[:, :49]
    return jax.lax.scan(turn, jnp.full(8, -jnp.inf), parts)[0]


# %% wrong="log_totals" reason="values" about="subtracts the maximum of each part for good"
def log_totals(hidden, words):
    def turn(total, part):
        scores = hidden @ part.T
        return total + jnp.exp(scores - scores.max(axis=1, keepdims=True)).sum(axis=1), None

    return jnp.log(jax.lax.scan(turn, jnp.zeros(8), words.reshape(-1, 50, 4))[0])


# %% wrong="log_totals" reason="batch loop" about="a Python loop over parts of 50 words"
def log_totals(hidden, words):
    parts = jnp.split(words, words.shape[0] // 50)
    totals = [jax.nn.logsumexp(hidden @ part.T, axis=1) for part in parts]
    return jax.nn.logsumexp(jnp.stack(totals), axis=0)


# %% right="busy_share" about="cummax"
def busy_share(begin, end):
    order = jnp.argsort(begin)
    b, e = begin[order], end[order]
    reach = jax.lax.cummax(e)
    gaps = jnp.clip(b[1:] - reach[:-1], 0)
    return 1.0 - gaps.sum() / (e.max() - b[0])


# %% right="busy_share" about="adds up what each operation brings beyond the last end"
def busy_share(begin, end):
    begin, end = jax.lax.sort((begin, end), num_keys=1)
    reach = jax.lax.cummax(end)
    new = jnp.maximum(end[1:] - jnp.maximum(begin[1:], reach[:-1]), 0)
    return (new.sum() + end[0] - begin[0]) / (reach[-1] - begin[0])


# %% wrong="busy_share" reason="operation" about="jnp.maximum.accumulate, which is a scan"
def busy_share(begin, end):
    order = jnp.argsort(begin)
    b, e = begin[order], end[order]
    reach = jnp.maximum.accumulate(e)
    return 1 - jnp.maximum(b[1:] - reach[:-1], 0).sum() / (reach[-1] - b[0])


# %% right="busy_share" about="sorted ends and beginnings against each other"
def busy_share(begin, end):
    b, e = jnp.sort(begin), jnp.sort(end)
    # After the k-th end in order nothing runs if exactly k operations had begun before it.
    gap = jnp.maximum(b[1:] - e[:-1], 0.0)
    return 1 - gap.sum() / (e[-1] - b[0])


# %% wrong="busy_share" reason="values" about="the longest operation"
def busy_share(begin, end):
    return jnp.max(end - begin) / (end.max() - begin.min())


# %% wrong="busy_share" reason="values" about="sorts by the end"
def busy_share(begin, end):
    order = jnp.argsort(end)
    b, e = begin[order], end[order]
    idle = jnp.maximum(b[1:] - e[:-1], 0).sum()
    return 1 - idle / (e[-1] - b.min())


# %% wrong="busy_share" reason="values" about="the seconds in place of the share"
def busy_share(begin, end):
    order = jnp.argsort(begin)
    b, e = begin[order], end[order]
    reach = jax.lax.cummax(e)
    return e.max() - b[0] - jnp.maximum(b[1:] - reach[:-1], 0).sum()


# %% wrong="busy_share" reason="values" about="lets overlaps count against gaps"
def busy_share(begin, end):
    order = jnp.argsort(begin)
    b, e = begin[order], end[order]
    reach = jax.lax.cummax(e)
    return 1 - (b[1:] - reach[:-1]).sum() / (e.max() - b[0])


# %% wrong="busy_share" reason="values" about="a share of the time since 0"
def busy_share(begin, end):
    order = jnp.argsort(begin)
    b, e = begin[order], end[order]
    reach = jax.lax.cummax(e)
    return 1 - jnp.maximum(b[1:] - reach[:-1], 0).sum() / e.max()


# %% wrong="busy_share" reason="values" about="samples a thousand moments"
def busy_share(begin, end):
    t = jnp.linspace(begin.min(), end.max(), 1000)
    return ((begin <= t[:, None]) & (t[:, None] <= end)).any(axis=1).mean()


# %% wrong="busy_share" reason="operation" about="a fori_loop over the operations"
def busy_share(begin, end):
    order = jnp.argsort(begin)
    b, e = begin[order], end[order]

    def turn(i, carry):
        reach, idle = carry
        return jnp.maximum(reach, e[i]), idle + jnp.maximum(b[i] - reach, 0)

    reach, idle = jax.lax.fori_loop(0, b.size, turn, (b[0], 0.0))
    return 1 - idle / (reach - b[0])


# %% wrong="lean_run" reason="batch loop" earns=0.5 about="computes both matrices once, and writes the turns out" misconception="writes the loop out in Python"
def lean_run(W, h, xs):
    by_state, by_input = unit(W), unit(W.T)
    for x in xs:
        h = jnp.tanh(by_state @ h / 2 + by_input @ x)
    return h
