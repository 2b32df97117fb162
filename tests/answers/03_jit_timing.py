# %% wrong="newton_roots" reason="operation" about="begins at jnp.sqrt, the loop is decoration" misconception="begins with the roots themselves"
def newton_roots(a):
    return jax.lax.while_loop(lambda x: off(x, a), lambda x: better(x, a), jnp.sqrt(a))


# %% wrong="score_and_hidden" reason="leak" earns=0.75 about="keeps the hidden layer as an attribute of the function"
def score_and_hidden(weights, xs):
    hidden = jnp.tanh(xs @ weights["in"])
    score_and_hidden.last = hidden
    return hidden @ weights["out"], hidden


# %% right="fast_track_jit_timing" about="an array of no axes"
fast_track_jit_timing = jnp.array(4)

# %% wrong="fast_track_jit_timing" reason="answer" about="counts one trace a dtype"
fast_track_jit_timing = 1

# %% wrong="fast_track_jit_timing" reason="answer" about="the calls that trace, in place of their number"
fast_track_jit_timing = (1, 3, 4, 6)

# %% right="static_names" about="a list"
static_names = ["height", "mode"]

# %% wrong="static_names" reason="answer" about="the image as well"
static_names = ("image", "height", "mode")

# %% wrong="static_names" reason="answer" about="the place and the mode"
static_names = ("top", "mode")

# %% wrong="static_names" reason="answer" about="in another order"
static_names = ("mode", "height")


# %% right="crop" about="dynamic_slice with tuples"
@partial(jax.jit, static_argnames="width")
def crop(signal, start, width):
    return jax.lax.dynamic_slice(signal, (start,), (width,))


# %% right="crop" about="take with an arange"
@partial(jax.jit, static_argnames=("width",))
def crop(signal, start, width):
    return jnp.take(signal, start + jnp.arange(width))


# %% right="crop" about="rolls and cuts"
@partial(jax.jit, static_argnums=2)
def crop(signal, start, width):
    return jnp.roll(signal, -start)[:width]


# %% right="crop" about="vmap over offsets"
@partial(jax.jit, static_argnames="width")
def crop(signal, start, width):
    return jax.vmap(lambda i: signal[start + i])(jnp.arange(width))


# %% wrong="crop" reason="ValueError" about="start static by its name as well" misconception="makes the start static"
@partial(jax.jit, static_argnames=("start", "width"))
def crop(signal, start, width):
    return jax.lax.dynamic_slice_in_dim(signal, start, width)


# %% wrong="crop" reason="values" about="one too far"
@partial(jax.jit, static_argnames="width")
def crop(signal, start, width):
    return jax.lax.dynamic_slice_in_dim(signal, start + 1, width)


# %% wrong="crop" reason="shape" about="sets what is outside to zero and keeps the length"
@partial(jax.jit, static_argnames="width")
def crop(signal, start, width):
    i = jnp.arange(signal.size)
    return jnp.where((i >= start) & (i < start + width), signal, 0.0)


# %% wrong="crop" reason="values" about="rolls the wrong way"
@partial(jax.jit, static_argnames="width")
def crop(signal, start, width):
    return jnp.roll(signal, start)[:width]


# %% wrong="crop" reason="traces" earns=0.75 about="a jit inside the call, made anew each time"
def crop(signal, start, width):
    return jax.jit(lambda s, i: jax.lax.dynamic_slice_in_dim(s, i, width))(signal, start)


# %% wrong="crop" reason="not jitted" about="not compiled at all" misconception="leaves the decorator out"
def crop(signal, start, width):
    return jax.lax.dynamic_slice_in_dim(signal, start, width)


# %% wrong="crop" reason="ConcretizationTypeError" about="makes a Python number of the start" misconception="needs `start` as a number while it is traced"
@partial(jax.jit, static_argnames="width")
def crop(signal, start, width):
    begin = int(start)
    return signal[begin : begin + width]


# %% wrong="crop" reason="shape" about="squeeze: a crop of one loses its axis"
@partial(jax.jit, static_argnames="width")
def crop(signal, start, width):
    return jnp.squeeze(jax.lax.dynamic_slice_in_dim(signal, start, width))


# %% right="calm" about="two functions without arguments"
def calm(signal, limit):
    return jax.lax.cond(jnp.any(jnp.abs(signal) > limit), lambda: median3(signal), lambda: signal)


# %% right="calm" about="the largest less the smallest way"
def calm(signal, limit):
    loud = (signal.max() > limit) | (signal.min() < -limit)
    return jax.lax.cond(loud, lambda s: median3(s), lambda s: s, signal)


# %% right="calm" about="asks whether all are quiet, branches the other way round, jitted"
@jax.jit
def calm(signal, limit):
    return jax.lax.cond(jnp.all(jnp.abs(signal) <= limit), lambda s: s, median3, signal)


# %% right="calm" about="switch, by the norm"
def calm(signal, limit):
    loud = jnp.linalg.norm(signal, jnp.inf) > limit
    return jax.lax.switch(loud.astype(int), (lambda s: s + 0, median3), signal)


# %% wrong="calm" reason="values" about="smooths at the limit itself"
def calm(signal, limit):
    return jax.lax.cond(jnp.max(jnp.abs(signal)) >= limit, median3, lambda s: s, signal)


# %% wrong="calm" reason="values" about="asks for the mean magnitude"
def calm(signal, limit):
    return jax.lax.cond(jnp.mean(jnp.abs(signal)) > limit, median3, lambda s: s, signal)


# %% wrong="calm" reason="values" about="wants all entries loud"
def calm(signal, limit):
    return jax.lax.cond(jnp.all(jnp.abs(signal) > limit), median3, lambda s: s, signal)


# %% wrong="calm" reason="branch" about="smooths before the question, and hands both over" misconception="smooths first and then chooses"
def calm(signal, limit):
    smooth = median3(signal)
    loud = jnp.max(jnp.abs(signal)) > limit
    return jax.lax.cond(loud, lambda: smooth, lambda: signal)


# %% wrong="calm" reason="operation" about="select in place of a branch" misconception="computes both branches and picks one"
def calm(signal, limit):
    loud = jnp.max(jnp.abs(signal)) > limit
    return jax.lax.select(loud, median3(signal), signal)


# %% wrong="calm" reason="branch" about="finds the loudest with a sort on every run" misconception="none"
def calm(signal, limit):
    loud = jnp.sort(jnp.abs(signal))[-1] > limit
    return jax.lax.cond(loud, median3, lambda s: s, signal)


# %% wrong="calm" reason="operation" about="vmap of the cond, which becomes a select" misconception="computes both branches and picks one"
def calm(signal, limit):
    def one(s):
        return jax.lax.cond(jnp.max(jnp.abs(s)) > limit, median3, lambda same: same, s)

    return jax.vmap(one)(signal[None])[0]


# %% wrong="calm" reason="values" about="smooths twice"
def calm(signal, limit):
    loud = jnp.max(jnp.abs(signal)) > limit
    return jax.lax.cond(loud, lambda s: median3(median3(s)), lambda s: s, signal)


# %% wrong="calm" reason="values" about="forgets the branch for quiet signals"
def calm(signal, limit):
    loud = jnp.max(jnp.abs(signal)) > limit
    return jax.lax.cond(loud, median3, jnp.zeros_like, signal)


# %% right="newton_roots" about="carries a with the roots"
def newton_roots(a):
    def more(state):
        x, b = state
        return off(x, b)

    def turn(state):
        x, b = state
        return better(x, b), b

    return jax.lax.while_loop(more, turn, (a, a))[0]


# %% right="newton_roots" about="carries the answer of off, with the first turn before the loop"
def newton_roots(a):
    def turn(state):
        x, _ = state
        x = better(x, a)
        return x, off(x, a)

    return jax.lax.while_loop(lambda state: state[1], turn, (a, off(a, a)))[0]


# %% right="newton_roots" about="counts the turns and stops at a thousand"
def newton_roots(a):
    def more(state):
        turns, x = state
        return off(x, a) & (turns < 1000)

    return jax.lax.while_loop(more, lambda s: (s[0] + 1, better(s[1], a)), (0, a))[1]


# %% right="newton_roots" about="the formulas written out, jitted"
@jax.jit
def newton_roots(a):
    return jax.lax.while_loop(
        lambda x: jnp.max(jnp.abs(x * x / a - 1)) > 1e-5, lambda x: (x + a / x) / 2, a
    )


# %% wrong="newton_roots" reason="operation" about="begins at a to the power of one half" misconception="begins with the roots themselves"
def newton_roots(a):
    return jax.lax.while_loop(lambda x: off(x, a), lambda x: better(x, a), a**0.5)


# %% wrong="newton_roots" reason="operation" about="begins at the exponential of half the logarithm" misconception="begins with the roots themselves"
def newton_roots(a):
    begin = jnp.exp(0.5 * jnp.log(a))
    return jax.lax.while_loop(lambda x: off(x, a), lambda x: better(x, a), begin)


# %% wrong="newton_roots" reason="operation" about="the library's root" misconception="begins with the roots themselves"
def newton_roots(a):
    return jnp.sqrt(a)


# %% wrong="newton_roots" reason="values" about="stops at a hundred times the tolerance"
def newton_roots(a):
    return jax.lax.while_loop(
        lambda x: jnp.any(jnp.abs(x * x - a) > 1e-3 * a), lambda x: better(x, a), a
    )


# %% wrong="newton_roots" reason="values" about="one turn at most" misconception="takes one step at most"
def newton_roots(a):
    return jax.lax.while_loop(lambda x: jnp.all(x == a) & off(x, a), lambda x: better(x, a), a)


# %% wrong="newton_roots" reason="work" about="a scan of a hundred turns that asks off in each"
def newton_roots(a):
    def turn(x, _):
        return jnp.where(off(x, a), better(x, a), x), None

    return jax.lax.scan(turn, a, length=100)[0]


# %% wrong="newton_roots" reason="values" about="asks the first root alone" misconception="stops when the first root is found"
def newton_roots(a):
    return jax.lax.while_loop(
        lambda x: jnp.abs(x[-1] * x[-1] - a[-1]) > 1e-5 * a[-1], lambda x: better(x, a), a
    )


# %% wrong="newton_roots" reason="TypeError" about="hands the results over in place of functions"
def newton_roots(a):
    return jax.lax.while_loop(off(a, a), better(a, a), a)


# %% right="account_history" about="keywords, and a lambda"
def account_history(start, deposits):
    return jax.lax.scan(
        lambda balance, deposit: (month(balance, deposit),) * 2, init=start, xs=deposits
    )[1]


# %% right="account_history" about="a scan that is unrolled by two"
def account_history(start, deposits):
    def turn(balance, deposit):
        balance = month(balance, deposit)
        return balance, balance

    _, history = jax.lax.scan(turn, start, deposits, unroll=2)
    return history


# %% right="account_history" about="a while loop with a position"
def account_history(start, deposits):
    def turn(state):
        i, balance, history = state
        balance = month(balance, deposits[i])
        return i + 1, balance, history.at[i].set(balance)

    state = (0, start, jnp.empty_like(deposits))
    return jax.lax.while_loop(lambda s: s[0] < deposits.shape[0], turn, state)[2]


# %% right="account_history" about="reads the balance before out of the history"
def account_history(start, deposits):
    def put(i, history):
        return history.at[i + 1].set(month(history[i], deposits[i]))

    history = jnp.zeros(len(deposits) + 1).at[0].set(start)
    return jax.lax.fori_loop(0, len(deposits), put, history)[1:]


# %% wrong="account_history" reason="values" about="backwards in time"
def account_history(start, deposits):
    def turn(balance, deposit):
        balance = month(balance, deposit)
        return balance, balance

    return jax.lax.scan(turn, start, deposits, reverse=True)[1]


# %% wrong="account_history" reason="shape" about="the balance at the start among them"
def account_history(start, deposits):
    def turn(balance, deposit):
        balance = month(balance, deposit)
        return balance, balance

    return jnp.append(start, jax.lax.scan(turn, start, deposits)[1])


# %% wrong="account_history" reason="values" about="cuts off below zero at the end only"
def account_history(start, deposits):
    def turn(balance, deposit):
        balance = 1.01 * balance + deposit
        return balance, balance

    return jnp.maximum(jax.lax.scan(turn, start, deposits)[1], 0.0)


# %% wrong="account_history" reason="values" about="interest on the deposit, too"
def account_history(start, deposits):
    def turn(balance, deposit):
        balance = jnp.maximum(1.01 * (balance + deposit), 0.0)
        return balance, balance

    return jax.lax.scan(turn, start, deposits)[1]


# %% wrong="account_history" reason="values" about="every month from the start"
def account_history(start, deposits):
    return jax.lax.map(lambda deposit: month(start, deposit), deposits)


# %% wrong="account_history" reason="batch loop" about="a scan that is unrolled altogether" misconception="none"
def account_history(start, deposits):
    def turn(balance, deposit):
        balance = month(balance, deposit)
        return balance, balance

    return jax.lax.scan(turn, start, deposits, unroll=True)[1]


# %% wrong="account_history" reason="values" about="forgets to carry on"
def account_history(start, deposits):
    def turn(balance, deposit):
        return balance, month(balance, deposit)

    return jax.lax.scan(turn, start, deposits)[1]


# %% wrong="account_history" reason="values" about="vmap of month, each from the deposits before"
def account_history(start, deposits):
    n = len(deposits)
    before = start + jnp.cumsum(deposits) - deposits
    return jax.vmap(month)(before, deposits)


# %% wrong="account_history" reason="structure" about="returns both results of scan"
def account_history(start, deposits):
    return jax.lax.scan(lambda b, d: (month(b, d), month(b, d)), start, deposits)


# %% right="fade_in" about="interpolates"
def fade_in(image, start, now):
    return image * jnp.interp(now, jnp.array([start, start + 8]), jnp.array([0.0, 1.0]))


# %% right="fade_in" about="where for each time"
def fade_in(image, start, now):
    passed = now - start
    return jnp.where(passed <= 0, 0, jnp.where(passed >= 8, image, image * passed / 8))


# %% right="fade_in" about="clips the milliseconds"
def fade_in(image, start, now):
    return jnp.clip(now - start, 0.0, 8.0) * image / 8.0


# %% right="fade_in" about="cond for what is dark, jitted"
@jax.jit
def fade_in(image, start, now):
    lit = jnp.minimum((now - start) * 0.125, 1)
    return jax.lax.cond(now > start, lambda: lit * image, lambda: jnp.zeros_like(image))


# %% wrong="fade_in" reason="values" about="the time of the first call is kept"
begun = clock()


def fade_in(image, start, now):
    return image * jnp.clip((now - begun) / 8, 0, 1)


# %% wrong="fade_in" reason="values" about="clips at the top only"
def fade_in(image, start, now):
    return image * jnp.minimum((now - start) / 8, 1)


# %% wrong="fade_in" reason="values" about="clips at the bottom only"
def fade_in(image, start, now):
    return image * jnp.maximum((now - start) / 8, 0)


# %% wrong="fade_in" reason="values" about="milliseconds taken for seconds"
def fade_in(image, start, now):
    return image * jnp.clip((now - start) / 8000, 0, 1)


# %% wrong="fade_in" reason="values" about="adds both clocks" misconception="still reads the clock inside"
def fade_in(image, start, now):
    return image * jnp.clip((now + clock() - start) / 8, 0, 1)


# %% wrong="fade_in" reason="TracerBoolConversionError" about="asks Python whether it has begun"
def fade_in(image, start, now):
    if now < start:
        return jnp.zeros_like(image)
    return image * jnp.minimum((now - start) / 8, 1)


# %% wrong="fade_in" reason="values" about="light and dark exchanged"
def fade_in(image, start, now):
    return image * (1 - jnp.clip((now - start) / 8, 0, 1))


# %% wrong="fade_in" reason="values" about="whole milliseconds"
def fade_in(image, start, now):
    return image * jnp.clip(jnp.floor(now - start) / 8, 0, 1)


# %% wrong="fade_in" reason="shape" about="squeeze: an image of one row"
def fade_in(image, start, now):
    return jnp.squeeze(image * jnp.clip((now - start) / 8, 0, 1))


# %% right="score_and_hidden" about="einsum, below the seal"
@sealed
def score_and_hidden(weights, xs):
    layer = jnp.tanh(jnp.einsum("ni,ij->nj", xs, weights["in"]))
    return jnp.einsum("nj,j->n", layer, weights["out"]), layer


# %% right="score_and_hidden" about="without the seal"
def score_and_hidden(weights, xs):
    layer = jnp.tanh(xs @ weights["in"])
    return layer @ weights["out"], layer


# %% right="score_and_hidden" about="a helper that is jitted"
@jax.jit
def layer_of(weights, xs):
    return jnp.tanh(jnp.dot(xs, weights["in"]))


@sealed
def score_and_hidden(weights, xs):
    layer = layer_of(weights, xs)
    return jnp.dot(layer, weights["out"]), layer


# %% right="score_and_hidden" about="a list that dies with the call"
@sealed
def score_and_hidden(weights, xs):
    found = []
    found.append(jnp.tanh(xs @ weights["in"]))
    return found[0] @ weights["out"], found[0]


# %% right="score_and_hidden" about="a scan over the examples"
@sealed
def score_and_hidden(weights, xs):
    def one(_, x):
        layer = jnp.tanh(x @ weights["in"])
        return None, (layer @ weights["out"], layer)

    return jax.lax.scan(one, None, xs)[1]


# %% wrong="score_and_hidden" reason="Exception" about="keeps the layer in a global, below the seal" misconception="returns both and goes on filling the list"
last = None


@sealed
def score_and_hidden(weights, xs):
    global last
    last = jnp.tanh(xs @ weights["in"])
    return last @ weights["out"], last


# %% wrong="score_and_hidden" reason="leak" earns=0.75 about="calls score without the seal"
def score_and_hidden(weights, xs):
    return score(weights, xs), kept[-1]


# %% wrong="score_and_hidden" reason="values" about="the layer before its tanh"
@sealed
def score_and_hidden(weights, xs):
    layer = xs @ weights["in"]
    return jnp.tanh(layer) @ weights["out"], layer


# %% wrong="score_and_hidden" reason="structure" about="a list of two"
@sealed
def score_and_hidden(weights, xs):
    layer = jnp.tanh(xs @ weights["in"])
    return [layer @ weights["out"], layer]


# %% wrong="score_and_hidden" reason="shape" about="scores in a column"
@sealed
def score_and_hidden(weights, xs):
    layer = jnp.tanh(xs @ weights["in"])
    return layer @ weights["out"][:, None], layer


# %% wrong="score_and_hidden" reason="shape" about="squeeze: one example"
@sealed
def score_and_hidden(weights, xs):
    layer = jnp.tanh(jnp.squeeze(xs) @ weights["in"])
    return layer @ weights["out"], layer


# %% right="honest_speedup" about="quantiles"
def honest_speedup(before, after):
    return np.quantile(before[1:], 0.5) / np.quantile(after[1:], 0.5)


# %% right="honest_speedup" about="the standard library"
def honest_speedup(before, after):
    import statistics

    return statistics.median(before[1:].tolist()) / statistics.median(after[1:].tolist())


# %% right="honest_speedup" about="jnp and an array of no axes"
def honest_speedup(before, after):
    return jnp.median(jnp.asarray(before)[1:]) / jnp.median(jnp.asarray(after)[1:])


# %% right="honest_speedup" about="deletes the first of each"
def honest_speedup(before, after):
    first, second = (np.median(np.delete(times, 0)) for times in (before, after))
    return first.item() / second.item()


# %% wrong="honest_speedup" reason="values" about="the upper of the two in the middle"
def honest_speedup(before, after):
    def middle(times):
        return np.sort(times[1:])[len(times[1:]) // 2]

    return middle(before) / middle(after)


# %% wrong="honest_speedup" reason="values" about="leaves out the slowest in place of the first"
def honest_speedup(before, after):
    return np.median(np.sort(before)[:-1]) / np.median(np.sort(after)[:-1])


# %% wrong="honest_speedup" reason="values" about="the median of all ratios"
def honest_speedup(before, after):
    return np.median(before[1:, None] / after[None, 1:])


# %% wrong="honest_speedup" reason="values" about="sorts and then leaves out the first, the fastest"
def honest_speedup(before, after):
    return np.median(np.sort(before)[1:]) / np.median(np.sort(after)[1:])


# %% wrong="honest_speedup" reason="values" about="leaves out the last"
def honest_speedup(before, after):
    return np.median(before[:-1]) / np.median(after[:-1])


# %% wrong="honest_speedup" reason="values" about="total times"
def honest_speedup(before, after):
    return np.sum(before[1:]) / np.sum(after[1:])


# %% wrong="honest_speedup" reason="values" about="how much was saved, as a share"
def honest_speedup(before, after):
    return 1 - np.median(after[1:]) / np.median(before[1:])


# %% wrong="honest_speedup" reason="structure" about="returns the two medians"
def honest_speedup(before, after):
    return np.median(before[1:]), np.median(after[1:])


# %% right="recurrence" about="matrices of two by two"
def recurrence(a, b):
    one, zero = jnp.ones_like(a), jnp.zeros_like(a)
    steps = jnp.stack([jnp.stack([a, b], -1), jnp.stack([zero, one], -1)], -2)
    return jax.lax.associative_scan(lambda s, t: t @ s, steps)[:, 0, 1]


# %% right="recurrence" about="the first step begins at b, a lambda"
def recurrence(a, b):
    return jax.lax.associative_scan(
        lambda p, q: (p[0] * q[0], p[1] * q[0] + q[1]), (a.at[0].set(0.0), b)
    )[1]


# %% right="recurrence" about="doubling with rolls and a mask"
def recurrence(a, b):
    n, shift = a.size, 1
    place = jnp.arange(n)
    while shift < n:
        there = place >= shift
        a_before = jnp.where(there, jnp.roll(a, shift), 1.0)
        b_before = jnp.where(there, jnp.roll(b, shift), 0.0)
        a, b = a * a_before, a * b_before + b
        shift *= 2
    return b


# %% right="recurrence" about="named tuples as steps"
from typing import NamedTuple


class Step(NamedTuple):
    factor: jax.Array
    added: jax.Array


def recurrence(a, b):
    def join(one, two):
        return Step(one.factor * two.factor, two.factor * one.added + two.added)

    return jax.lax.associative_scan(join, Step(a, b)).added


# %% wrong="recurrence" reason="values" about="by logarithms, which signs and small factors spoil"
def recurrence(a, b):
    logs = jnp.cumsum(jnp.log(jnp.abs(a)))
    return jnp.exp(logs) * jnp.cumsum(b * jnp.exp(-logs))


# %% wrong="recurrence" reason="values" about="backwards"
def recurrence(a, b):
    def join(one, two):
        return one[0] * two[0], two[0] * one[1] + two[1]

    return jax.lax.associative_scan(join, (a, b), reverse=True)[1]


# %% wrong="recurrence" reason="values" about="the products in place of the sums"
def recurrence(a, b):
    def join(one, two):
        return one[0] * two[0], two[0] * one[1] + two[1]

    return jax.lax.associative_scan(join, (a, b))[0]


# %% wrong="recurrence" reason="values" about="one round of doubling too few"
def recurrence(a, b):
    shift = 1
    while 2 * shift < a.shape[0]:
        a_before = jnp.concatenate([jnp.ones(shift), a[:-shift]])
        b_before = jnp.concatenate([jnp.zeros(shift), b[:-shift]])
        a, b = a * a_before, a * b_before + b
        shift *= 2
    return b


# %% wrong="recurrence" reason="operation" about="a scan of blocks" misconception="goes through the rows one after another"
def recurrence(a, b):
    def step(h, row):
        h = row[0] * h + row[1]
        return h, h

    return jax.lax.scan(step, 0.0, (a, b), unroll=4)[1]


# %% wrong="recurrence" reason="operation" about="a Python loop over the rows"
def recurrence(a, b):
    h, rows = 0.0, []
    for t in range(a.shape[0]):
        h = a[t] * h + b[t]
        rows.append(h)
    return jnp.stack(rows)


# %% wrong="recurrence" reason="values" about="forgets the added part of the later step"
def recurrence(a, b):
    def join(one, two):
        return one[0] * two[0], two[0] * one[1]

    return jax.lax.associative_scan(join, (a, b))[1]


# %% wrong="recurrence" reason="values" about="a factor late: h[t] = a[t - 1] * h[t - 1] + b[t]"
def recurrence(a, b):
    def join(one, two):
        return one[0] * two[0], two[0] * one[1] + two[1]

    return jax.lax.associative_scan(join, (jnp.roll(a, 1), b))[1]


# %% wrong="recurrence" reason="work" about="solves the triangular system" misconception="none"
def recurrence(a, b):
    n = a.shape[0]
    matrix = jnp.eye(n) - jnp.diag(a[1:], -1)
    return jax.scipy.linalg.solve_triangular(matrix, b, lower=True, unit_diagonal=True)


# %% right="account_history" about="joins months in pairs: the larger of a floor and of a straight line"
def account_history(start, deposits):
    def join(one, two):
        factor, added, floor = one
        later, more, least = two
        return later * factor, later * added + more, jnp.maximum(later * floor + more, least)

    n = deposits.size
    months = (jnp.full(n, 1.01), deposits, jnp.zeros(n))
    factor, added, floor = jax.lax.associative_scan(join, months)
    return jnp.maximum(factor * start + added, floor)
