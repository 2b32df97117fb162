# %% [markdown]
# Answers to the exercises of 11_train_a_model that the master does not list.

# %% wrong="fast_track_train_a_model" reason="answer" about="counts the step's number as a float"
fast_track_train_a_model = 3001

# %% wrong="fast_track_train_a_model" reason="answer" about="in thousands"
fast_track_train_a_model = 3

# %% right="fast_track_train_a_model" about="as a sum"
fast_track_train_a_model = 1000 + 2 * 1000

# %% right="fast_track_train_a_model" about="as an array"
fast_track_train_a_model = jnp.array(3000)


# %% wrong="make_batches" reason="shape" about="one batch too few"
def make_batches(xs, ys, order, size):
    count = (len(order) - 1) // size - 1 if len(order) > 2 * size else len(order) // size
    chosen = order[: count * size].reshape(count, size)
    return xs[chosen], ys[chosen]


# %% wrong="make_batches" reason="values" about="leaves out the first examples in place of the last" misconception="none"
def make_batches(xs, ys, order, size):
    rest = len(order) % size
    chosen = order[rest:].reshape(-1, size)
    return xs[chosen], ys[chosen]


# %% wrong="make_batches" reason="values" about="deals the examples out like cards"
def make_batches(xs, ys, order, size):
    count = len(order) // size
    chosen = order[: count * size].reshape(size, count).T
    return xs[chosen], ys[chosen]


# %% wrong="make_batches" reason="values" about="uses the order the wrong way round"
def make_batches(xs, ys, order, size):
    count = len(order) // size
    chosen = jnp.argsort(order)[: count * size].reshape(count, size)
    return xs[chosen], ys[chosen]


# %% wrong="make_batches" reason="shape" about="fills the last batch with the first examples"
def make_batches(xs, ys, order, size):
    count = -(-len(order) // size)
    chosen = jnp.resize(order, (count, size))
    return xs[chosen], ys[chosen]


# %% wrong="make_batches" reason="structure" about="a list of batches"
def make_batches(xs, ys, order, size):
    count = len(order) // size
    parts = [order[k * size : (k + 1) * size] for k in range(count)]
    return [xs[part] for part in parts], [ys[part] for part in parts]


# %% wrong="make_batches" reason="batch loop" earns=0.5 about="stacks batches in a Python loop"
def make_batches(xs, ys, order, size):
    parts = [order[k * size : (k + 1) * size] for k in range(len(order) // size)]
    return jnp.stack([xs[part] for part in parts]), jnp.stack([ys[part] for part in parts])


# %% right="make_batches" about="dynamic slices under vmap"
def make_batches(xs, ys, order, size):
    starts = jnp.arange(len(order) // size) * size
    take = jax.vmap(lambda start: lax.dynamic_slice_in_dim(order, start, size))
    chosen = take(starts)
    return xs[chosen], ys[chosen]


# %% right="make_batches" about="indices from two aranges"
def make_batches(xs, ys, order, size):
    place = jnp.arange(len(order) // size)[:, None] * size + jnp.arange(size)
    return xs[order[place]], ys[order[place]]


# %% right="make_batches" about="tree.map over both"
def make_batches(xs, ys, order, size):
    k = xs.shape[0] // size

    def cut(a):
        return a[order][: k * size].reshape((k, size) + a.shape[1:])

    return jax.tree.map(cut, (xs, ys))


# %% wrong="masked_loss" reason="values" about="half of the squares"
def masked_loss(w, xs, ys, mask):
    xs, ys = jnp.where(mask[:, None] == 1, xs, 0), jnp.where(mask == 1, ys, 0)
    return 0.5 * jnp.sum((xs @ w - ys) ** 2) / jnp.maximum(mask.sum(), 1)


# %% wrong="masked_loss" reason="values" about="cleans the points and not the labels"
def masked_loss(w, xs, ys, mask):
    xs = jnp.where(mask[:, None] == 1, xs, 0)
    return jnp.sum((xs @ w - ys) ** 2) / jnp.maximum(mask.sum(), 1)


# %% wrong="masked_loss" reason="gradient" about="the square is computed before the where" misconception="removes the NaN after the computation"
def masked_loss(w, xs, ys, mask):
    errors = xs @ w - ys
    squares = jnp.where(mask == 1, errors**2, 0.0)
    total = jnp.sum(squares)
    return jnp.where(mask.sum() > 0, total / jnp.maximum(mask.sum(), 1), 0.0)


# %% wrong="masked_loss" reason="values" about="the mean absolute error"
def masked_loss(w, xs, ys, mask):
    xs, ys = jnp.where(mask[:, None] == 1, xs, 0), jnp.where(mask == 1, ys, 0)
    return jnp.sum(jnp.abs(xs @ w - ys)) / jnp.maximum(mask.sum(), 1)


# %% wrong="masked_loss" reason="values" about="swaps real and not real"
def masked_loss(w, xs, ys, mask):
    mask = 1 - mask
    xs, ys = jnp.where(mask[:, None] == 1, xs, 0), jnp.where(mask == 1, ys, 0)
    return jnp.sum((xs @ w - ys) ** 2) / jnp.maximum(mask.sum(), 1)


# %% wrong="masked_loss" reason="values" about="jnp.average with the mask as weights" misconception="multiplies by the mask"
def masked_loss(w, xs, ys, mask):
    return jnp.average((xs @ w - ys) ** 2, weights=mask)


# %% wrong="masked_loss" reason="gradient" about="hides the gradient of the errors" misconception="none"
def masked_loss(w, xs, ys, mask):
    xs, ys = jnp.where(mask[:, None] == 1, xs, 0), jnp.where(mask == 1, ys, 0)
    errors = lax.stop_gradient(xs @ w - ys)
    return jnp.sum(errors**2) / jnp.maximum(mask.sum(), 1)


# %% wrong="masked_loss" reason="values" about="uses the mask as an index"
def masked_loss(w, xs, ys, mask):
    return jnp.mean((xs[mask] @ w - ys[mask]) ** 2)


# %% right="masked_loss" about="nan_to_num, then where"
def masked_loss(w, xs, ys, mask):
    real = mask.astype(bool)
    xs = jnp.nan_to_num(jnp.where(real[:, None], xs, 0.0))
    ys = jnp.nan_to_num(jnp.where(real, ys, 0.0))
    errors = jnp.where(real, xs @ w - ys, 0.0)
    return (errors @ errors) / jnp.clip(real.sum(), 1)


# %% right="masked_loss" about="jnp.mean with where= on cleaned rows"
def masked_loss(w, xs, ys, mask):
    real = mask > 0
    xs, ys = jnp.where(real[:, None], xs, 1.0), jnp.where(real, ys, 1.0)
    total = jnp.sum((xs @ w - ys) ** 2, where=real)
    return total / jnp.where(real.any(), real.sum(), 1)


# %% right="masked_loss" about="a scan over the rows"
def masked_loss(w, xs, ys, mask):
    xs, ys = jnp.where(mask[:, None] > 0, xs, 0), jnp.where(mask > 0, ys, 0)

    def add(total, row):
        x, y = row
        return total + (x @ w - y) ** 2, None

    return lax.scan(add, 0.0, (xs, ys))[0] / jnp.maximum(mask.sum(), 1)


# %% wrong="warmup_cosine" reason="values" about="a line in place of the cosine"
def warmup_cosine(step, warmup, total, peak):
    part = jnp.clip((step - warmup) / (total - warmup), 0, 1)
    return jnp.where(step < warmup, peak * step / warmup, peak * (1 - part))


# %% wrong="warmup_cosine" reason="values" about="falls to half of the peak only"
def warmup_cosine(step, warmup, total, peak):
    part = jnp.clip((step - warmup) / (total - warmup), 0, 1)
    return jnp.where(step < warmup, peak * step / warmup, peak * jnp.cos(jnp.pi * part / 3))


# %% wrong="warmup_cosine" reason="values" about="counts the steps of the warm-up from 1"
def warmup_cosine(step, warmup, total, peak):
    part = jnp.clip((step - warmup) / (total - warmup), 0, 1)
    falling = peak * (1 + jnp.cos(jnp.pi * part)) / 2
    return jnp.where(step < warmup, peak * (step + 1) / warmup, falling)


# %% wrong="warmup_cosine" reason="values" about="divides by total in place of total - warmup" misconception="none"
def warmup_cosine(step, warmup, total, peak):
    part = jnp.clip((step - warmup) / total, 0, 1)
    falling = peak * (1 + jnp.cos(jnp.pi * part)) / 2
    return jnp.where(step < warmup, peak * step / warmup, falling)


# %% wrong="warmup_cosine" reason="values" about="stays at the peak after the end"
def warmup_cosine(step, warmup, total, peak):
    part = (step - warmup) / (total - warmup)
    falling = peak * (1 + jnp.cos(jnp.pi * part)) / 2
    return jnp.select([step < warmup, step <= total], [peak * step / warmup, falling], peak)


# %% wrong="warmup_cosine" reason="values" about="the cosine in degrees" misconception="none"
def warmup_cosine(step, warmup, total, peak):
    part = jnp.clip((step - warmup) / (total - warmup), 0, 1)
    falling = peak * (1 + jnp.cos(180.0 * part)) / 2
    return jnp.where(step < warmup, peak * step / warmup, falling)


# %% wrong="warmup_cosine" reason="batch loop" earns=0.5 about="asks for every step in Python"
def warmup_cosine(step, warmup, total, peak):
    def one(s):
        part = jnp.clip((s - warmup) / (total - warmup), 0, 1)
        falling = peak * (1 + jnp.cos(jnp.pi * part)) / 2
        return jnp.where(s < warmup, peak * s / warmup, falling)

    return jnp.stack([one(step[k]) for k in range(len(step))])


# %% right="warmup_cosine" about="vmap of cond"
def warmup_cosine(step, warmup, total, peak):
    def falling(s):
        part = jnp.minimum((s - warmup) / (total - warmup), 1.0)
        return peak * 0.5 * (1 + jnp.cos(jnp.pi * part))

    def rate(s):
        return lax.cond(s < warmup, lambda s: peak * s / warmup, falling, s)

    return jax.vmap(rate)(step)


# %% right="warmup_cosine" about="the smaller of two curves and three cases"
def warmup_cosine(step, warmup, total, peak):
    x = (step - warmup) / (total - warmup)
    cosine = 0.5 * peak * (1 + jnp.cos(jnp.pi * x))
    return jnp.where(step < warmup, step * peak / warmup, jnp.where(step < total, cosine, 0.0))


# %% right="warmup_cosine" about="jnp.piecewise"
def warmup_cosine(step, warmup, total, peak):
    s = step.astype(jnp.float32)
    return jnp.piecewise(
        s,
        [s < warmup, (s >= warmup) & (s <= total)],
        [
            lambda s: peak * s / warmup,
            lambda s: peak * (1 + jnp.cos(jnp.pi * (s - warmup) / (total - warmup))) / 2,
            lambda s: jnp.zeros_like(s),
        ],
    )


# %% wrong="train_epoch" reason="values" about="climbs" misconception="none"
def train_epoch(w, xs, ys):
    def step(w, batch):
        value, gradient = jax.value_and_grad(batch_loss)(w, *batch)
        return w + 0.1 * gradient, value

    return lax.scan(step, w, (xs, ys))


# %% wrong="train_epoch" reason="values" about="ten times too small a step"
def train_epoch(w, xs, ys):
    def step(w, batch):
        value, gradient = jax.value_and_grad(batch_loss)(w, *batch)
        return w - 0.01 * gradient, value

    return lax.scan(step, w, (xs, ys))


# %% wrong="train_epoch" reason="values" about="takes the batches from the last to the first"
def train_epoch(w, xs, ys):
    def step(w, batch):
        value, gradient = jax.value_and_grad(batch_loss)(w, *batch)
        return w - 0.1 * gradient, value

    return lax.scan(step, w, (xs, ys), reverse=True)


# %% wrong="train_epoch" reason="shape" about="the mean of the losses"
def train_epoch(w, xs, ys):
    def step(w, batch):
        value, gradient = jax.value_and_grad(batch_loss)(w, *batch)
        return w - 0.1 * gradient, value

    w, losses = lax.scan(step, w, (xs, ys))
    return w, losses.mean()


# %% wrong="train_epoch" reason="structure" about="the weights only"
def train_epoch(w, xs, ys):
    return lax.scan(lambda w, b: (w - 0.1 * jax.grad(batch_loss)(w, *b), None), w, (xs, ys))[0]


# %% wrong="train_epoch" reason="shape" about="returns the losses first"
def train_epoch(w, xs, ys):
    def step(w, batch):
        value, gradient = jax.value_and_grad(batch_loss)(w, *batch)
        return w - 0.1 * gradient, value

    w, losses = lax.scan(step, w, (xs, ys))
    return losses, w


# %% wrong="train_epoch" reason="values" about="differentiates the sum of the squares"
def train_epoch(w, xs, ys):
    def step(w, batch):
        x, y = batch
        error = x @ w - y
        return w - 0.1 * 2 * x.T @ error, jnp.mean(error**2)

    return lax.scan(step, w, (xs, ys))


# %% right="train_epoch" about="the gradient by hand"
def train_epoch(w, xs, ys):
    def step(w, batch):
        x, y = batch
        error = x @ w - y
        return w - 0.2 * error @ x / len(y), jnp.mean(jnp.square(error))

    return lax.scan(step, w, (xs, ys))


# %% right="train_epoch" about="a while_loop that counts"
def train_epoch(w, xs, ys):
    def turn(carry):
        k, w, losses = carry
        value, gradient = jax.value_and_grad(batch_loss)(w, xs[k], ys[k])
        return k + 1, w - 0.1 * gradient, losses.at[k].set(value)

    start = 0, w, jnp.zeros(xs.shape[0])
    return lax.while_loop(lambda carry: carry[0] < xs.shape[0], turn, start)[1:]


# %% right="train_epoch" about="scan over the numbers of the batches, jitted"
@jax.jit
def train_epoch(w, xs, ys):
    def step(w, k):
        value, pull = jax.vjp(lambda w: batch_loss(w, xs[k], ys[k]), w)
        return w - 0.1 * pull(jnp.ones_like(value))[0], value

    return lax.scan(step, w, jnp.arange(len(xs)))


# %% wrong="adam_step" reason="values" about="uses the old averages for the step"
def adam_step(params, grads, memory, rate):
    count = memory["count"] + 1
    mu = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, memory["mu"], grads)
    nu = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g**2, memory["nu"], grads)
    move = lambda p, m, v: (
        p - rate * m / (1 - 0.9**count) / (jnp.sqrt(v / (1 - 0.999**count)) + 1e-8)
    )
    params = jax.tree.map(move, params, memory["mu"], memory["nu"])
    return params, {"count": count, "mu": mu, "nu": nu}


# %% wrong="adam_step" reason="values" about="swaps the two decays"
def adam_step(params, grads, memory, rate):
    count = memory["count"] + 1
    mu = jax.tree.map(lambda m, g: 0.999 * m + 0.001 * g, memory["mu"], grads)
    nu = jax.tree.map(lambda v, g: 0.9 * v + 0.1 * g**2, memory["nu"], grads)
    move = lambda p, m, v: (
        p - rate * m / (1 - 0.999**count) / (jnp.sqrt(v / (1 - 0.9**count)) + 1e-8)
    )
    return jax.tree.map(move, params, mu, nu), {"count": count, "mu": mu, "nu": nu}


# %% wrong="adam_step" reason="values" about="does not count" misconception="none"
def adam_step(params, grads, memory, rate):
    count = memory["count"] + 1
    mu = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, memory["mu"], grads)
    nu = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g**2, memory["nu"], grads)
    move = lambda p, m, v: (
        p - rate * m / (1 - 0.9**count) / (jnp.sqrt(v / (1 - 0.999**count)) + 1e-8)
    )
    return jax.tree.map(move, params, mu, nu), {**memory, "mu": mu, "nu": nu}


# %% wrong="adam_step" reason="values" about="adds the step" misconception="none"
def adam_step(params, grads, memory, rate):
    count = memory["count"] + 1
    mu = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, memory["mu"], grads)
    nu = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g**2, memory["nu"], grads)
    move = lambda p, m, v: (
        p + rate * m / (1 - 0.9**count) / (jnp.sqrt(v / (1 - 0.999**count)) + 1e-8)
    )
    return jax.tree.map(move, params, mu, nu), {"count": count, "mu": mu, "nu": nu}


# %% wrong="adam_step" reason="values" about="a larger epsilon"
def adam_step(params, grads, memory, rate):
    count = memory["count"] + 1
    mu = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, memory["mu"], grads)
    nu = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g**2, memory["nu"], grads)
    move = lambda p, m, v: (
        p - rate * m / (1 - 0.9**count) / (jnp.sqrt(v / (1 - 0.999**count)) + 1e-5)
    )
    return jax.tree.map(move, params, mu, nu), {"count": count, "mu": mu, "nu": nu}


# %% wrong="adam_step" reason="structure" about="three results side by side"
def adam_step(params, grads, memory, rate):
    count = memory["count"] + 1
    mu = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, memory["mu"], grads)
    nu = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g**2, memory["nu"], grads)
    move = lambda p, m, v: (
        p - rate * m / (1 - 0.9**count) / (jnp.sqrt(v / (1 - 0.999**count)) + 1e-8)
    )
    return jax.tree.map(move, params, mu, nu), mu, nu


# %% wrong="adam_step" reason="dtype" about="counts with a float"
def adam_step(params, grads, memory, rate):
    count = memory["count"] + 1.0
    mu = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, memory["mu"], grads)
    nu = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g**2, memory["nu"], grads)
    move = lambda p, m, v: (
        p - rate * m / (1 - 0.9**count) / (jnp.sqrt(v / (1 - 0.999**count)) + 1e-8)
    )
    return jax.tree.map(move, params, mu, nu), {"count": count, "mu": mu, "nu": nu}


# %% right="adam_step" about="by optax"
def adam_step(params, grads, memory, rate):
    import optax

    state = optax.ScaleByAdamState(**memory)
    updates, state = optax.scale_by_adam().update(grads, state, params)
    params = jax.tree.map(lambda p, u: p - rate * u, params, updates)
    return params, state._asdict()


# %% right="adam_step" about="by one flat vector"
def adam_step(params, grads, memory, rate):
    from jax.flatten_util import ravel_pytree

    p, back = ravel_pytree(params)
    g, m, v = (ravel_pytree(t)[0] for t in (grads, memory["mu"], memory["nu"]))
    t = memory["count"] + 1
    m, v = 0.9 * m + (1 - 0.9) * g, 0.999 * v + (1 - 0.999) * g * g
    m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
    new = p - rate * m_hat / (v_hat**0.5 + 1e-8)
    return back(new), {"count": t, "mu": back(m), "nu": back(v)}


# %% right="adam_step" about="one tree.map and a transpose"
def adam_step(params, grads, memory, rate):
    t = memory["count"] + 1

    def leaf(p, g, m, v):
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * jnp.square(g)
        return p - rate * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8), m, v

    made = jax.tree.map(leaf, params, grads, memory["mu"], memory["nu"])
    outer, inner = jax.tree.structure(params), jax.tree.structure((0, 0, 0))
    new, mu, nu = jax.tree.transpose(outer, inner, made)
    return new, dict(count=t, mu=mu, nu=nu)


# %% wrong="accumulate_gradients" reason="values" about="divides by the number of small batches" misconception="divides by the number of all rows"
def accumulate_gradients(params, xs, ys, mask):
    def add(total, batch):
        return jax.tree.map(jnp.add, total, jax.grad(summed_loss)(params, *batch)), None

    total, _ = lax.scan(add, jax.tree.map(jnp.zeros_like, params), (xs, ys, mask))
    return jax.tree.map(lambda g: g / (16 * len(xs)), total)


# %% wrong="accumulate_gradients" reason="values" about="keeps the last small batch only"
def accumulate_gradients(params, xs, ys, mask):
    def add(total, batch):
        return jax.grad(summed_loss)(params, *batch), None

    total, _ = lax.scan(add, jax.tree.map(jnp.zeros_like, params), (xs, ys, mask))
    return jax.tree.map(lambda g: g / mask.sum(), total)


# %% wrong="accumulate_gradients" reason="values" about="steps on the way"
def accumulate_gradients(params, xs, ys, mask):
    def add(carry, batch):
        now, total = carry
        gradient = jax.grad(summed_loss)(now, *batch)
        now = jax.tree.map(lambda p, g: p - 0.1 * g, now, gradient)
        return (now, jax.tree.map(jnp.add, total, gradient)), None

    zeros = jax.tree.map(jnp.zeros_like, params)
    (_, total), _ = lax.scan(add, (params, zeros), (xs, ys, mask))
    return jax.tree.map(lambda g: g / mask.sum(), total)


# %% wrong="accumulate_gradients" reason="memory" about="collects all gradients, then adds them up"
def accumulate_gradients(params, xs, ys, mask):
    _, many = lax.scan(lambda c, b: (c, jax.grad(summed_loss)(params, *b)), 0, (xs, ys, mask))
    return jax.tree.map(lambda g: g.sum(axis=0) / mask.sum(), many)


# %% wrong="accumulate_gradients" reason="memory" about="maps over the small batches" misconception="works on the whole batch at once"
def accumulate_gradients(params, xs, ys, mask):
    grads = jax.vmap(jax.grad(summed_loss), in_axes=(None, 0, 0, 0))(params, xs, ys, mask)
    return jax.tree.map(lambda g: g.sum(axis=0) / mask.sum(), grads)


# %% wrong="accumulate_gradients" reason="values" about="begins with the parameters in place of zeros"
def accumulate_gradients(params, xs, ys, mask):
    def add(total, batch):
        return jax.tree.map(jnp.add, total, jax.grad(summed_loss)(params, *batch)), None

    total, _ = lax.scan(add, params, (xs, ys, mask))
    return jax.tree.map(lambda g: g / mask.sum(), total)


# %% wrong="accumulate_gradients" reason="values" about="ignores the mask"
def accumulate_gradients(params, xs, ys, mask):
    def add(total, batch):
        x, y = batch
        gradient = jax.grad(summed_loss)(params, x, y, jnp.ones(16, bool))
        return jax.tree.map(jnp.add, total, gradient), None

    total, _ = lax.scan(add, jax.tree.map(jnp.zeros_like, params), (xs, ys))
    return jax.tree.map(lambda g: g / mask.size, total)


# %% right="accumulate_gradients" about="weights each mean by its count"
def accumulate_gradients(params, xs, ys, mask):
    def add(total, batch):
        x, y, m = batch
        gradient = jax.grad(lambda p: summed_loss(p, x, y, m) / jnp.maximum(m.sum(), 1))(params)
        return jax.tree.map(lambda t, g: t + g * m.sum(), total, gradient), None

    total, _ = lax.scan(add, jax.tree.map(jnp.zeros_like, params), (xs, ys, mask))
    return jax.tree.map(lambda g: g / mask.sum(), total)


# %% right="accumulate_gradients" about="the gradient of a scan of checkpointed losses"
def accumulate_gradients(params, xs, ys, mask):
    def loss(params):
        part = jax.checkpoint(lambda batch: summed_loss(params, *batch))
        total, _ = lax.scan(lambda t, batch: (t + part(batch), None), 0.0, (xs, ys, mask))
        return total / mask.sum()

    return jax.grad(loss)(params)


# %% right="accumulate_gradients" about="carries the count along"
def accumulate_gradients(params, xs, ys, mask):
    def add(carry, batch):
        total, count = carry
        gradient = jax.grad(summed_loss)(params, *batch)
        return (jax.tree.map(jnp.add, total, gradient), count + batch[2].sum()), None

    start = jax.tree.map(jnp.zeros_like, params), 0
    (total, count), _ = lax.scan(add, start, (xs, ys, mask))
    return jax.tree.map(lambda g: g / count, total)


# %% wrong="master_step" reason="values" about="adds"
def master_step(master, grads, rate):
    master = jax.tree.map(lambda p, g: p + rate * g.astype(jnp.float32), master, grads)
    return master, jax.tree.map(lambda p: p.astype(jnp.bfloat16), master)


# %% wrong="master_step" reason="values" about="rounds the parameters and widens them again"
def master_step(master, grads, rate):
    copy = jax.tree.map(lambda p, g: (p - rate * g).astype(jnp.bfloat16), master, grads)
    return jax.tree.map(lambda p: p.astype(jnp.float32), copy), copy


# %% wrong="master_step" reason="dtype" about="returns the copy first"
def master_step(master, grads, rate):
    master = jax.tree.map(lambda p, g: p - rate * g, master, grads)
    return jax.tree.map(lambda p: p.astype(jnp.bfloat16), master), master


# %% wrong="master_step" reason="dtype" about="float16 in place of bfloat16"
def master_step(master, grads, rate):
    master = jax.tree.map(lambda p, g: p - rate * g, master, grads)
    return master, jax.tree.map(lambda p: p.astype(jnp.float16), master)


# %% wrong="master_step" reason="values" about="a step without the rate"
def master_step(master, grads, rate):
    master = jax.tree.map(lambda p, g: p - g.astype(jnp.float32), master, grads)
    return master, jax.tree.map(lambda p: p.astype(jnp.bfloat16), master)


# %% wrong="master_step" reason="structure" about="pairs in the leaves"
def master_step(master, grads, rate):
    def both(p, g):
        p = p - rate * g
        return p, p.astype(jnp.bfloat16)

    return jax.tree.map(both, master, grads)


# %% right="master_step" about="promotion widens the gradients"
def master_step(master, grads, rate):
    new = jax.tree.map(lambda p, g: p - g * rate, master, grads)
    return new, jax.tree.map(lambda p: jnp.asarray(p, jnp.bfloat16), new)


# %% right="master_step" about="pairs, then a transpose"
def master_step(master, grads, rate):
    def both(p, g):
        p = p - rate * jnp.float32(g)
        return p, lax.convert_element_type(p, jnp.bfloat16)

    made = jax.tree.map(both, master, grads)
    return jax.tree.transpose(jax.tree.structure(master), jax.tree.structure((0, 0)), made)


# %% wrong="restore_params" reason="values" about="keeps everything as it is" misconception="finds no name in the file"
def restore_params(flat, params):
    return params


# %% wrong="restore_params" reason="values" about="restores the layers and forgets the embedding"
def restore_params(flat, params):
    def find(path, leaf):
        name = "/".join(str(getattr(key, "key", getattr(key, "idx", ""))) for key in path)
        return flat.get(name, leaf) if "/" in name else leaf

    return jax.tree_util.tree_map_with_path(find, params)


# %% wrong="restore_params" reason="values" about="joins the names with dots" misconception="none"
def restore_params(flat, params):
    def find(path, leaf):
        return flat.get(jax.tree_util.keystr(path, simple=True, separator="."), leaf)

    return jax.tree_util.tree_map_with_path(find, params)


# %% wrong="restore_params" reason="values" about="zeros for what the file does not have"
def restore_params(flat, params):
    def find(path, leaf):
        name = jax.tree_util.keystr(path, simple=True, separator="/")
        return flat.get(name, jnp.zeros_like(leaf))

    return jax.tree_util.tree_map_with_path(find, params)


# %% wrong="restore_params" reason="values" about="the first array of a fitting shape"
def restore_params(flat, params):
    def find(leaf):
        return next((a for a in flat.values() if a.shape == leaf.shape), leaf)

    return jax.tree.map(find, params)


# %% wrong="restore_params" reason="structure" about="layers as a dict"
def restore_params(flat, params):
    made = {}
    for name, array in {**flat, "head/w": params["head"]["w"]}.items():
        *way, last = name.split("/")
        place = made
        for key in way:
            place = place.setdefault(key, {})
        place[last] = array
    made.pop("old_head")
    return made


# %% wrong="restore_params" reason="values" about="adds to the values that are there"
def restore_params(flat, params):
    def find(path, leaf):
        name = jax.tree_util.keystr(path, simple=True, separator="/")
        return leaf + flat[name] if name in flat else leaf

    return jax.tree_util.tree_map_with_path(find, params)


# %% right="restore_params" about="flatten with paths, and unflatten"
def restore_params(flat, params):
    places, form = jax.tree_util.tree_flatten_with_path(params)
    name = lambda path: "/".join(str(getattr(k, "key", getattr(k, "idx", None))) for k in path)
    return form.unflatten([flat.get(name(path), leaf) for path, leaf in places])


# %% right="restore_params" about="the names by a regular expression"
def restore_params(flat, params):
    import re

    def find(path, leaf):
        name = "/".join(re.findall(r"\w+", jax.tree_util.keystr(path)))
        return flat[name] if name in flat else leaf

    return jax.tree_util.tree_map_with_path(find, params)


# %% right="restore_params" about="walks down the names"
def restore_params(flat, params):
    made = jax.tree.map(lambda leaf: leaf, params)
    for name, array in flat.items():
        *way, last = [int(key) if key.isdigit() else key for key in name.split("/")]
        try:
            place = made
            for key in way:
                place = place[key]
            if last in place:
                place[last] = array
        except (KeyError, IndexError):
            pass
    return made


# %% wrong="sweep_rates" reason="values" about="the best loss of the first batch"
def sweep_rates(rates, w, xs, ys):
    def train(rate):
        step = lambda w, b: (w - rate * jax.grad(batch_loss)(w, *b), batch_loss(w, *b))
        w_end, losses = lax.scan(step, w, (xs, ys))
        return w_end, losses[1]

    trained, losses = jax.vmap(train)(rates)
    best = jnp.nanargmin(losses)
    return trained[best], rates[best] * 0 + rates.min()


# %% wrong="sweep_rates" reason="values" about="the mean of all finite runs"
def sweep_rates(rates, w, xs, ys):
    def train(rate):
        return lax.scan(lambda w, b: (w - rate * jax.grad(batch_loss)(w, *b), None), w, (xs, ys))[0]

    trained = jax.vmap(train)(rates)
    fine = jnp.isfinite(trained).all(axis=1)
    mean = jnp.where(fine[:, None], trained, 0).sum(0) / fine.sum()
    return mean, jnp.where(fine, rates, 0).sum() / fine.sum()


# %% wrong="sweep_rates" reason="values" about="replaces NaN by zero" misconception="chooses a run whose loss is NaN"
def sweep_rates(rates, w, xs, ys):
    def train(rate):
        w_end, _ = lax.scan(
            lambda w, b: (w - rate * jax.grad(batch_loss)(w, *b), None), w, (xs, ys)
        )
        return w_end, batch_loss(w_end, xs.reshape(-1, 3), ys.reshape(-1))

    trained, losses = jax.vmap(train)(rates)
    best = jnp.argmin(jnp.nan_to_num(losses))
    return trained[best], rates[best]


# %% wrong="sweep_rates" reason="values" about="all batches as one, in one step"
def sweep_rates(rates, w, xs, ys):
    all_xs, all_ys = xs.reshape(-1, 3), ys.reshape(-1)

    def train(rate):
        w_end = w - rate * jax.grad(batch_loss)(w, all_xs, all_ys)
        return w_end, batch_loss(w_end, all_xs, all_ys)

    trained, losses = jax.vmap(train)(rates)
    best = jnp.nanargmin(losses)
    return trained[best], rates[best]


# %% wrong="sweep_rates" reason="shape" about="sorts the runs"
def sweep_rates(rates, w, xs, ys):
    def train(rate):
        w_end, _ = lax.scan(
            lambda w, b: (w - rate * jax.grad(batch_loss)(w, *b), None), w, (xs, ys)
        )
        return w_end, batch_loss(w_end, xs.reshape(-1, 3), ys.reshape(-1))

    trained, losses = jax.vmap(train)(rates)
    order = jnp.argsort(losses)
    return trained[order], rates[order]


# %% wrong="sweep_rates" reason="values" about="gives the loss in place of the rate"
def sweep_rates(rates, w, xs, ys):
    def train(rate):
        w_end, _ = lax.scan(
            lambda w, b: (w - rate * jax.grad(batch_loss)(w, *b), None), w, (xs, ys)
        )
        return w_end, batch_loss(w_end, xs.reshape(-1, 3), ys.reshape(-1))

    trained, losses = jax.vmap(train)(rates)
    return trained[jnp.nanargmin(losses)], jnp.nanmin(losses)


# %% right="sweep_rates" about="argsort puts NaN last"
def sweep_rates(rates, w, xs, ys):
    def train(rate):
        w_end, _ = lax.scan(
            lambda w, b: (w - rate * jax.grad(batch_loss)(w, *b), None), w, (xs, ys)
        )
        return w_end, batch_loss(w_end, xs.reshape(-1, 3), ys.reshape(-1))

    trained, losses = jax.vmap(train)(rates)
    best = jnp.argsort(losses)[0]
    return trained[best], rates[best]


# %% right="sweep_rates" about="scan outside, vmap inside"
def sweep_rates(rates, w, xs, ys):
    one = lambda w, rate, x, y: w - rate * jax.grad(batch_loss)(w, x, y)
    many = jax.vmap(one, in_axes=(0, 0, None, None))
    ws, _ = lax.scan(
        lambda ws, b: (many(ws, rates, *b), None), jnp.tile(w, (len(rates), 1)), (xs, ys)
    )
    losses = jax.vmap(lambda w: jnp.mean((xs @ w - ys) ** 2))(ws)
    finite = jnp.where(jnp.isfinite(losses), losses, jnp.finfo(losses.dtype).max)
    best = finite.argmin()
    return jnp.take(ws, best, axis=0), jnp.take(rates, best)


# %% right="sweep_rates" about="the twelve batches in a Python loop"
def sweep_rates(rates, w, xs, ys):
    def train(rate):
        v = w
        for x, y in zip(xs, ys):
            v = v - rate * jax.grad(batch_loss)(v, x, y)
        return v, jnp.mean(jnp.stack([batch_loss(v, x, y) for x, y in zip(xs, ys)]))

    trained, losses = jax.vmap(train)(rates)
    best = jnp.nanargmin(losses)
    return trained[best], rates[best]


# %% wrong="sharded_step" reason="values" about="takes the step uphill" misconception="none"
def sharded_step(mesh, w, xs, ys):
    def block(part, xs, ys):
        gradient = jax.grad(batch_loss)(lax.all_gather(part, "x", tiled=True), xs, ys)
        total = lax.psum_scatter(gradient, "x", tiled=True) / mesh.shape["x"]
        return part + 0.1 * total

    specs = (P("x"), P("x", None), P("x"))
    return jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P("x"))(w, xs, ys)


# %% wrong="sharded_step" reason="values" about="divides by eight, whatever the mesh" misconception="none"
def sharded_step(mesh, w, xs, ys):
    def block(part, xs, ys):
        gradient = jax.grad(batch_loss)(lax.all_gather(part, "x", tiled=True), xs, ys)
        return part - 0.1 * lax.psum_scatter(gradient, "x", tiled=True) / 8

    specs = (P("x"), P("x", None), P("x"))
    return jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P("x"))(w, xs, ys)


# %% wrong="sharded_step" reason="values" about="returns the gradient"
def sharded_step(mesh, w, xs, ys):
    def block(part, xs, ys):
        gradient = jax.grad(batch_loss)(lax.all_gather(part, "x", tiled=True), xs, ys)
        return lax.psum_scatter(gradient, "x", tiled=True) / mesh.shape["x"]

    specs = (P("x"), P("x", None), P("x"))
    return jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P("x"))(w, xs, ys)


# %% wrong="sharded_step" reason="values" about="sums the loss of the devices" misconception="adds the gradients of the devices"
def sharded_step(mesh, w, xs, ys):
    def block(part, xs, ys):
        def loss(part):
            w = lax.all_gather(part, "x", tiled=True)
            return lax.psum(batch_loss(w, xs, ys), "x")

        return part - 0.1 * jax.grad(loss)(part)

    specs = (P("x"), P("x", None), P("x"))
    return jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P("x"))(w, xs, ys)


# %% wrong="sharded_step" reason="communication" about="gathers the new weights to cut them again"
def sharded_step(mesh, w, xs, ys):
    def block(part, xs, ys):
        gradient = jax.grad(batch_loss)(lax.all_gather(part, "x", tiled=True), xs, ys)
        part = part - 0.1 * lax.psum_scatter(gradient, "x", tiled=True) / mesh.shape["x"]
        whole = lax.all_gather(part, "x", tiled=True)
        return lax.dynamic_slice_in_dim(whole, lax.axis_index("x") * part.size, part.size)

    specs = (P("x"), P("x", None), P("x"))
    return jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P("x"))(w, xs, ys)


# %% wrong="sharded_step" reason="operation" about="data parallel, with copied weights" misconception="leaves it to the compiler to collect the weights"
def sharded_step(mesh, w, xs, ys):
    def block(w, xs, ys):
        return w - 0.1 * jax.grad(lambda w: lax.pmean(batch_loss(w, xs, ys), "x"))(w)

    specs = (P(), P("x", None), P("x"))
    step = jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P())
    return jax.device_put(step(w, xs, ys), NamedSharding(mesh, P("x")))


# %% right="sharded_step" about="the mean's factor inside the loss"
def sharded_step(mesh, w, xs, ys):
    n = mesh.shape["x"]

    def block(part, xs, ys):
        whole = lax.all_gather(part, "x", axis=0, tiled=True)
        gradient = jax.grad(lambda w: batch_loss(w, xs, ys) / n)(whole)
        return part - 0.1 * lax.psum_scatter(gradient, "x", scatter_dimension=0, tiled=True)

    specs = (P("x"), P("x"), P("x"))
    return jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P("x"))(w, xs, ys)


# %% right="sharded_step" about="jitted, with the check off"
def sharded_step(mesh, w, xs, ys):
    def block(part, xs, ys):
        whole = lax.all_gather(part, "x", tiled=True)
        error = xs @ whole - ys
        gradient = 2 * error @ xs / (ys.size * mesh.shape["x"])
        return part - 0.1 * lax.psum_scatter(gradient, "x", tiled=True)

    specs = (P("x"), P("x", None), P("x"))
    return jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P("x"), check_vma=False)(
        w, xs, ys
    )


sharded_step = jax.jit(sharded_step, static_argnums=0)


# %% right="sharded_step" about="a vjp of the gathering"
def sharded_step(mesh, w, xs, ys):
    def block(part, xs, ys):
        whole, back = jax.vjp(lambda part: lax.all_gather(part, "x", tiled=True), part)
        (gradient,) = back(jax.grad(batch_loss)(whole, xs, ys) / mesh.shape["x"])
        return part - 0.1 * gradient

    specs = (P("x"), P("x", None), P("x"))
    return jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P("x"))(w, xs, ys)


# %% wrong="masked_loss" reason="batch loop" earns=0.5 about="adds up row after row"
def masked_loss(w, xs, ys, mask):
    total = 0.0
    for x, y, real in zip(xs, ys, mask, strict=True):
        total += (jnp.where(real, x, 0) @ w - jnp.where(real, y, 0)) ** 2
    return total / jnp.maximum(mask.sum(), 1)
