# %% [markdown]
# Answers to the exercises of 09_portability that the master does not list.

# %% wrong="fast_track_portability" reason="answer" about="two letters"
fast_track_portability = "bd"

# %% right="fast_track_portability" about="a capital letter"
fast_track_portability = "B"


# %% wrong="largest_eigenvalue" reason="values" about="the largest in size, with its sign" misconception="takes the most negative eigenvalue"
def largest_eigenvalue(S):
    values = jnp.linalg.eigvalsh(S)
    return values[jnp.argmax(jnp.abs(values))]


# %% wrong="largest_eigenvalue" reason="values" about="power iteration" misconception="takes the most negative eigenvalue"
def largest_eigenvalue(S):
    def step(v, _):
        w = S @ v
        return w / jnp.linalg.norm(w), None

    v, _ = lax.scan(step, jnp.ones(len(S)), length=200)
    return v @ S @ v


# %% wrong="largest_eigenvalue" reason="shape" about="keeps an axis of length 1"
def largest_eigenvalue(S):
    return jnp.linalg.eigvalsh(S)[-1:]


# %% wrong="largest_eigenvalue" reason="values" about="the largest entry of the diagonal"
def largest_eigenvalue(S):
    return jnp.diag(S).max()


# %% wrong="largest_eigenvalue" reason="platform" about="the general routine with eigenvectors" misconception="keeps the general routine"
def largest_eigenvalue(S):
    return jnp.linalg.eig(S)[0].real.max()


# %% wrong="largest_eigenvalue" reason="values" about="the sum of all eigenvalues"
def largest_eigenvalue(S):
    return jnp.trace(S)


# %% right="largest_eigenvalue" about="eigh and a maximum"
def largest_eigenvalue(S):
    values, _ = jnp.linalg.eigh(S)
    return values.max()


# %% right="largest_eigenvalue" about="lax.linalg"
def largest_eigenvalue(S):
    _, values = lax.linalg.eigh(S)
    return jnp.max(values)


# %% right="largest_eigenvalue" about="sorts the negated ones"
def largest_eigenvalue(S):
    return -jnp.linalg.eigvalsh(-S)[0]


# %% wrong="normalise_anywhere" reason="values" about="centres the rows"
def normalise_anywhere(xs):
    centred = xs - xs.mean(axis=1, keepdims=True)
    return centred / jnp.linalg.norm(centred, axis=1, keepdims=True)


# %% wrong="normalise_anywhere" reason="values" about="does not centre"
def normalise_anywhere(xs):
    return xs / jnp.linalg.norm(xs, axis=1, keepdims=True)


# %% wrong="normalise_anywhere" reason="values" about="brings the columns to length 1"
def normalise_anywhere(xs):
    centred = xs - xs.mean(axis=0)
    return centred / jnp.linalg.norm(centred, axis=0)


# %% wrong="normalise_anywhere" reason="values" about="divides by the sum of the sizes"
def normalise_anywhere(xs):
    centred = xs - xs.mean(axis=0)
    return centred / jnp.abs(centred).sum(axis=1, keepdims=True)


# %% wrong="normalise_anywhere" reason="values" about="divides by the standard deviation"
def normalise_anywhere(xs):
    centred = xs - xs.mean(axis=0)
    return centred / centred.std(axis=1, keepdims=True)


# %% wrong="normalise_anywhere" reason="batch loop" earns=0.5 about="normalises row by row in Python"
def normalise_anywhere(xs):
    centred = xs - xs.mean(axis=0)
    return jnp.stack([row / jnp.linalg.norm(row) for row in centred])


# %% wrong="normalise_anywhere" reason="values" about="takes the median off"
def normalise_anywhere(xs):
    centred = xs - jnp.median(xs, axis=0)
    return centred / jnp.linalg.norm(centred, axis=1, keepdims=True)


# %% right="normalise_anywhere" about="vmap over the rows"
def normalise_anywhere(xs):
    return jax.vmap(lambda row: row / jnp.linalg.norm(row))(xs - xs.mean(axis=0))


# %% right="normalise_anywhere" about="a root of a sum of squares"
def normalise_anywhere(xs):
    centred = xs - jnp.average(xs, axis=0)
    return centred / jnp.sqrt((centred * centred).sum(axis=-1, keepdims=True))


# %% right="normalise_anywhere" about="jitted, with the lengths as a column"
@jax.jit
def normalise_anywhere(xs):
    centred = xs - jnp.mean(xs, 0, keepdims=True)
    return centred / jnp.linalg.norm(centred, axis=1)[:, None]


# %% wrong="moving_average" reason="values" about="the plain mean"
def moving_average(xs):
    return xs.astype(jnp.float32).mean(axis=0).astype(xs.dtype)


# %% wrong="moving_average" reason="values" about="carries bfloat16 and computes each step in float32" misconception="carries the average in the dtype of `xs`"
def moving_average(xs):
    def step(average, x):
        wide = 0.99 * average.astype(jnp.float32) + 0.01 * x.astype(jnp.float32)
        return wide.astype(xs.dtype), None

    return lax.scan(step, jnp.zeros(xs.shape[1], xs.dtype), xs)[0]


# %% wrong="moving_average" reason="values" about="carries bfloat16, with the difference written out" misconception="carries the average in the dtype of `xs`"
def moving_average(xs):
    def step(average, x):
        return (average + 0.01 * (x - average)).astype(xs.dtype), None

    return lax.scan(step, jnp.zeros(xs.shape[1], xs.dtype), xs)[0]


# %% wrong="moving_average" reason="values" about="swaps the two weights"
def moving_average(xs):
    def step(average, x):
        return 0.01 * average + 0.99 * x, None

    start = jnp.zeros(xs.shape[1], jnp.float32)
    return lax.scan(step, start, xs.astype(jnp.float32))[0].astype(xs.dtype)


# %% wrong="moving_average" reason="shape" about="gives every average"
def moving_average(xs):
    def step(average, x):
        average = 0.99 * average + 0.01 * x
        return average, average

    start = jnp.zeros(xs.shape[1], jnp.float32)
    return lax.scan(step, start, xs.astype(jnp.float32))[1].astype(xs.dtype)


# %% wrong="moving_average" reason="values" about="corrects the start, as Adam does" misconception="none"
def moving_average(xs):
    def step(average, x):
        return 0.99 * average + 0.01 * x, None

    start = jnp.zeros(xs.shape[1], jnp.float32)
    last = lax.scan(step, start, xs.astype(jnp.float32))[0]
    return (last / (1 - 0.99 ** len(xs))).astype(xs.dtype)


# %% wrong="moving_average" reason="values" about="goes through the moments backwards"
def moving_average(xs):
    def step(average, x):
        return 0.99 * average + 0.01 * x, None

    start = jnp.zeros(xs.shape[1], jnp.float32)
    drift = xs.astype(jnp.float32) * jnp.linspace(0.9, 1.1, len(xs))[:, None]
    return lax.scan(step, start, drift, reverse=True)[0].astype(xs.dtype)


# %% right="moving_average" about="a fori_loop with a float32 carry"
def moving_average(xs):
    wide = xs.astype(jnp.float32)
    body = lambda i, average: 0.99 * average + 0.01 * wide[i]
    return lax.fori_loop(0, len(xs), body, jnp.zeros(xs.shape[1])).astype(xs.dtype)


# %% right="moving_average" about="converts each row inside the step"
def moving_average(xs):
    def step(average, x):
        return average + jnp.float32(0.01) * (x.astype(jnp.float32) - average), None

    return lax.scan(step, jnp.zeros(xs.shape[1], jnp.float32), xs)[0].astype(xs.dtype)


# %% right="moving_average" about="vmap over the columns"
def moving_average(xs):
    def one(column):
        step = lambda average, x: (0.99 * average + 0.01 * x, None)
        return lax.scan(step, jnp.float32(0), column.astype(jnp.float32))[0]

    return jax.vmap(one, in_axes=1)(xs).astype(xs.dtype)


# %% wrong="spectral_radius" reason="values" about="too few squarings"
def spectral_radius(A):
    log_radius = 0.0
    for k in range(5):
        size = jnp.linalg.norm(A)
        log_radius += jnp.log(size) / 2**k
        A = (A / size) @ (A / size)
    return jnp.exp(log_radius)


# %% wrong="spectral_radius" reason="values" about="the norm of the matrix"
def spectral_radius(A):
    return jnp.linalg.norm(A)


# %% wrong="spectral_radius" reason="values" about="the eigenvalues of the symmetric part"
def spectral_radius(A):
    return jnp.abs(jnp.linalg.eigvalsh((A + A.T) / 2)).max()


# %% wrong="spectral_radius" reason="values" about="forgets to halve the share"
def spectral_radius(A):
    def square(carry, _):
        power, log_radius = carry
        size = jnp.linalg.norm(power)
        return ((power / size) @ (power / size), log_radius + jnp.log(size)), None

    return jnp.exp(lax.scan(square, (A, 0.0), length=26)[0][1] / 2**25)


# %% wrong="spectral_radius" reason="values" about="gives the logarithm"
def spectral_radius(A):
    def square(carry, _):
        power, log_radius, share = carry
        size = jnp.linalg.norm(power)
        scaled = power / size
        return (scaled @ scaled, log_radius + share * jnp.log(size), share / 2), None

    return lax.scan(square, (A, 0.0, 1.0), length=26)[0][1]


# %% wrong="spectral_radius" reason="platform" about="a Schur form" misconception="none"
def spectral_radius(A):
    T, _ = jax.scipy.linalg.schur(A, output="complex")
    return jnp.abs(jnp.diag(T)).max()


# %% right="spectral_radius" about="the maximum row sum as the norm, in a fori_loop"
def spectral_radius(A):
    def square(k, carry):
        power, log_radius = carry
        size = jnp.abs(power).sum(axis=1).max()
        scaled = power / size
        return scaled @ scaled, log_radius + jnp.log(size) / 2.0**k

    return jnp.exp(lax.fori_loop(0, 28, square, (A, 0.0))[1])


# %% right="spectral_radius" about="thirty squarings"
def spectral_radius(A):
    def square(carry, _):
        power, log_radius, share = carry
        size = jnp.sqrt((power**2).sum())
        scaled = power / size
        return (scaled @ scaled, log_radius + share * jnp.log(size), share / 2), None

    return jnp.exp(lax.scan(square, (A, 0.0, 1.0), length=30)[0][1])


# %% right="spectral_radius" about="a while_loop that counts"
def spectral_radius(A):
    def body(state):
        k, power, log_radius = state
        size = jnp.abs(power).max()
        scaled = power / size
        return k + 1, scaled @ scaled, log_radius + jnp.log(size) * 0.5**k

    return jnp.exp(lax.while_loop(lambda s: s[0] < 27, body, (0, A, 0.0))[2])


# %% wrong="init_network" reason="key reuse" about="the carried key is used and then split"
def init_network(key, widths):
    net = []
    for i, o in zip(widths, widths[1:]):
        net.append({"w": jax.random.normal(key, (i, o)) * i**-0.5, "b": jnp.zeros(o)})
        key = jax.random.split(key)[0]
    return net


# %% wrong="init_network" reason="structure" about="pairs in place of dicts"
def init_network(key, widths):
    keys = jax.random.split(key, len(widths) - 1)
    return [
        (jax.random.normal(k, (i, o)) * i**-0.5, jnp.zeros(o))
        for k, i, o in zip(keys, widths, widths[1:])
    ]


# %% wrong="init_network" reason="distribution" about="divides by the root of the outputs"
def init_network(key, widths):
    keys = jax.random.split(key, len(widths) - 1)
    return [
        {"w": jax.random.normal(k, (i, o)) * o**-0.5, "b": jnp.zeros(o)}
        for k, i, o in zip(keys, widths, widths[1:])
    ]


# %% wrong="init_network" reason="shape" about="transposed weights"
def init_network(key, widths):
    keys = jax.random.split(key, len(widths) - 1)
    return [
        {"w": jax.random.normal(k, (o, i)) * i**-0.5, "b": jnp.zeros(o)}
        for k, i, o in zip(keys, widths, widths[1:])
    ]


# %% wrong="init_network" reason="distribution" about="uniform with the right deviation"
def init_network(key, widths):
    keys = jax.random.split(key, len(widths) - 1)
    return [
        {
            "w": jax.random.uniform(k, (i, o), minval=-1, maxval=1) * (3 / i) ** 0.5,
            "b": jnp.zeros(o),
        }
        for k, i, o in zip(keys, widths, widths[1:])
    ]


# %% wrong="init_network" reason="distribution" about="random biases"
def init_network(key, widths):
    keys = jax.random.split(key, 2 * len(widths) - 2)
    return [
        {
            "w": jax.random.normal(keys[2 * n], (i, o)) * i**-0.5,
            "b": jax.random.normal(keys[2 * n + 1], (o,)) * 0.1,
        }
        for n, (i, o) in enumerate(zip(widths, widths[1:]))
    ]


# %% right="init_network" about="carries a key from layer to layer"
def init_network(key, widths):
    net = []
    for i, o in zip(widths, widths[1:]):
        key, mine = jax.random.split(key)
        net.append({"w": jax.random.normal(mine, (i, o)) * i**-0.5, "b": jnp.zeros(o)})
    return net


# %% right="init_network" about="a raw key inside"
def init_network(key, widths):
    keys = jax.random.split(jax.random.key_data(key), len(widths) - 1)
    return [
        {"w": jax.random.normal(k, (i, o)) / np.sqrt(i), "b": jnp.zeros(o)}
        for k, i, o in zip(keys, widths[:-1], widths[1:])
    ]


# %% right="init_network" about="one initializer of jax.nn for each layer"
def init_network(key, widths):
    keys = [jax.random.fold_in(key, n) for n in range(len(widths) - 1)]
    init = jax.nn.initializers.variance_scaling(1.0, "fan_in", "normal")
    return [
        {"w": init(k, (i, o), jnp.float32), "b": jnp.zeros((o,), jnp.float32)}
        for k, i, o in zip(keys, widths, widths[1:])
    ]


# %% wrong="network_loss" reason="values" about="sizes in place of squares"
def network_loss(network, xs, ys):
    each = jnp.abs(jax.vmap(predict_one, (None, 0))(network, xs) - ys)
    return {"each": each, "loss": each.mean()}


# %% wrong="network_loss" reason="values" about="the root of the mean"
def network_loss(network, xs, ys):
    each = (jax.vmap(predict_one, (None, 0))(network, xs) - ys) ** 2
    return {"each": each, "loss": jnp.sqrt(each.mean())}


# %% wrong="network_loss" reason="values" about="half of each square"
def network_loss(network, xs, ys):
    each = (jax.vmap(predict_one, (None, 0))(network, xs) - ys) ** 2 / 2
    return {"each": each, "loss": each.mean()}


# %% wrong="network_loss" reason="structure" about="a tuple"
def network_loss(network, xs, ys):
    each = (jax.vmap(predict_one, (None, 0))(network, xs) - ys) ** 2
    return each, each.mean()


# %% wrong="network_loss" reason="shape" about="squeezes: a batch of one loses its axis"
def network_loss(network, xs, ys):
    each = jnp.squeeze((jax.vmap(predict_one, (None, 0))(network, xs) - ys) ** 2)
    return {"each": each, "loss": each.mean()}


# %% wrong="network_loss" reason="shape" about="keeps an axis"
def network_loss(network, xs, ys):
    each = (jax.vmap(predict_one, (None, 0))(network, xs) - ys)[:, None] ** 2
    return {"each": each, "loss": each.mean()}


# %% wrong="network_loss" reason="values" about="the median"
def network_loss(network, xs, ys):
    each = (jax.vmap(predict_one, (None, 0))(network, xs) - ys) ** 2
    return {"each": each, "loss": jnp.median(each)}


# %% right="network_loss" about="vmap of the whole error"
def network_loss(network, xs, ys):
    each = jax.vmap(lambda x, y: jnp.square(y - predict_one(network, x)))(xs, ys)
    return dict(each=each, loss=jnp.mean(each))


# %% right="network_loss" about="the layers written for a batch"
def network_loss(network, xs, ys):
    *hidden, last = network
    for layer in hidden:
        xs = jnp.tanh(xs @ layer["w"] + layer["b"])
    each = ((xs @ last["w"] + last["b"])[:, 0] - ys) ** 2
    return {"loss": each.mean(), "each": each}


# %% right="network_loss" about="a scan over the examples"
def network_loss(network, xs, ys):
    one = lambda _, pair: (None, (predict_one(network, pair[0]) - pair[1]) ** 2)
    each = lax.scan(one, None, (xs, ys))[1]
    return {"each": each, "loss": each.sum() / len(ys)}


# %% wrong="train_step" reason="donation" about="donates the batch instead" misconception="none"
def train_step(state, xs, ys):
    loss, gradient = jax.value_and_grad(mean_loss)(state["network"], xs, ys)
    velocity = jax.tree.map(lambda v, g: 0.9 * v + g, state["velocity"], gradient)
    network = jax.tree.map(lambda p, v: p - 0.05 * v, state["network"], velocity)
    return {"network": network, "velocity": velocity, "step": state["step"] + 1}, loss


train_step = jax.jit(train_step, donate_argnums=(1, 2))


# %% wrong="train_step" reason="values" about="the loss after the step"
def train_step(state, xs, ys):
    gradient = jax.grad(mean_loss)(state["network"], xs, ys)
    velocity = jax.tree.map(lambda v, g: 0.9 * v + g, state["velocity"], gradient)
    network = jax.tree.map(lambda p, v: p - 0.05 * v, state["network"], velocity)
    loss = mean_loss(network, xs, ys)
    return {"network": network, "velocity": velocity, "step": state["step"] + 1}, loss


train_step = jax.jit(train_step, donate_argnums=0)


# %% wrong="train_step" reason="values" about="adds the velocity"
def train_step(state, xs, ys):
    loss, gradient = jax.value_and_grad(mean_loss)(state["network"], xs, ys)
    velocity = jax.tree.map(lambda v, g: 0.9 * v + g, state["velocity"], gradient)
    network = jax.tree.map(lambda p, v: p + 0.05 * v, state["network"], velocity)
    return {"network": network, "velocity": velocity, "step": state["step"] + 1}, loss


train_step = jax.jit(train_step, donate_argnums=0)


# %% wrong="train_step" reason="values" about="forgets to count the step"
def train_step(state, xs, ys):
    loss, gradient = jax.value_and_grad(mean_loss)(state["network"], xs, ys)
    velocity = jax.tree.map(lambda v, g: 0.9 * v + g, state["velocity"], gradient)
    network = jax.tree.map(lambda p, v: p - 0.05 * v, state["network"], velocity)
    return {**state, "network": network, "velocity": velocity}, loss


train_step = jax.jit(train_step, donate_argnums=0)


# %% wrong="train_step" reason="values" about="weights the gradient by a tenth"
def train_step(state, xs, ys):
    loss, gradient = jax.value_and_grad(mean_loss)(state["network"], xs, ys)
    velocity = jax.tree.map(lambda v, g: 0.9 * v + 0.1 * g, state["velocity"], gradient)
    network = jax.tree.map(lambda p, v: p - 0.05 * v, state["network"], velocity)
    return {"network": network, "velocity": velocity, "step": state["step"] + 1}, loss


train_step = jax.jit(train_step, donate_argnums=0)


# %% wrong="train_step" reason="dtype" about="counts in floating point"
def train_step(state, xs, ys):
    loss, gradient = jax.value_and_grad(mean_loss)(state["network"], xs, ys)
    velocity = jax.tree.map(lambda v, g: 0.9 * v + g, state["velocity"], gradient)
    network = jax.tree.map(lambda p, v: p - 0.05 * v, state["network"], velocity)
    return {"network": network, "velocity": velocity, "step": state["step"] + 1.0}, loss


train_step = jax.jit(train_step, donate_argnums=0)


# %% right="train_step" about="one tree.map for both, with donate_argnames"
def step_of(state, xs, ys):
    loss, gradient = jax.value_and_grad(mean_loss)(state["network"], xs, ys)
    pairs = jax.tree.map(
        lambda p, v, g: (p - 0.05 * (0.9 * v + g), 0.9 * v + g),
        state["network"],
        state["velocity"],
        gradient,
    )
    pick = lambda n: jax.tree.map(
        lambda pair: pair[n], pairs, is_leaf=lambda one: isinstance(one, tuple)
    )
    return {"network": pick(0), "velocity": pick(1), "step": state["step"] + 1}, loss


train_step = jax.jit(step_of, donate_argnames="state")


# %% right="train_step" about="a decorator by partial"
from functools import partial


@partial(jax.jit, donate_argnums=(0,))
def train_step(state, xs, ys):
    loss, gradient = jax.value_and_grad(mean_loss)(state["network"], xs, ys)
    state["velocity"] = jax.tree.map(lambda v, g: 0.9 * v + g, state["velocity"], gradient)
    state["network"] = jax.tree.map(lambda p, v: p - 0.05 * v, state["network"], state["velocity"])
    state["step"] += 1
    return state, loss


# %% right="train_step" about="flat arrays inside"
from jax.flatten_util import ravel_pytree


def train_step(state, xs, ys):
    p, back = ravel_pytree(state["network"])
    v, _ = ravel_pytree(state["velocity"])
    loss, g = jax.value_and_grad(lambda p: mean_loss(back(p), xs, ys))(p)
    v = 0.9 * v + g
    new = {"network": back(p - 0.05 * v), "velocity": back(v), "step": state["step"] + 1}
    return new, loss


train_step = jax.jit(train_step, donate_argnums=0)


# %% wrong="train_by_scan" reason="values" about="the losses in reverse"
def train_by_scan(network, xs, ys):
    network, losses = lax.scan(lambda p, batch: plain_step(p, *batch), network, (xs, ys))
    return network, losses[::-1]


# %% wrong="train_by_scan" reason="values" about="goes through the minibatches backwards"
def train_by_scan(network, xs, ys):
    return lax.scan(lambda p, batch: plain_step(p, *batch), network, (xs, ys), reverse=True)


# %% wrong="train_by_scan" reason="values" about="the first minibatch again and again"
def train_by_scan(network, xs, ys):
    return lax.scan(lambda p, _: plain_step(p, xs[0], ys[0]), network, length=len(xs))


# %% wrong="train_by_scan" reason="values" about="one step on the mean of all minibatches" misconception="takes all steps from the same start"
def train_by_scan(network, xs, ys):
    losses = jax.vmap(mean_loss, (None, 0, 0))(network, xs, ys)
    network, _ = plain_step(network, xs.reshape(-1, 4), ys.ravel())
    return network, losses


# %% wrong="train_by_scan" reason="shape" about="the last loss alone"
def train_by_scan(network, xs, ys):
    network, losses = lax.scan(lambda p, batch: plain_step(p, *batch), network, (xs, ys))
    return network, losses[-1]


# %% wrong="train_by_scan" reason="batch loop" about="a scan that is unrolled altogether" misconception="none"
def train_by_scan(network, xs, ys):
    step = lambda p, batch: plain_step(p, *batch)
    return lax.scan(step, network, (xs, ys), unroll=len(xs))


# %% right="train_by_scan" about="indexes inside the loop"
def train_by_scan(network, xs, ys):
    return lax.scan(lambda p, i: plain_step(p, xs[i], ys[i]), network, jnp.arange(xs.shape[0]))


# %% right="train_by_scan" about="a while_loop with a counter"
def train_by_scan(network, xs, ys):
    def body(state):
        i, network, losses = state
        network, loss = plain_step(network, xs[i], ys[i])
        return i + 1, network, losses.at[i].set(loss)

    start = 0, network, jnp.zeros(len(xs))
    return lax.while_loop(lambda state: state[0] < len(xs), body, start)[1:]


# %% right="train_by_scan" about="jitted, by named arguments"
@jax.jit
def train_by_scan(network, xs, ys):
    def step(carry, batch):
        x, y = batch
        carry, loss = plain_step(carry, x, y)
        return carry, loss

    return lax.scan(f=step, init=network, xs=(xs, ys))


# %% wrong="train_on_mesh" reason="values" about="adds the losses"
def train_on_mesh(mesh, network, xs, ys):
    def step(network, batch):
        loss = lambda p: lax.psum(mean_loss(p, *batch), "x")
        value, gradient = jax.value_and_grad(loss)(network)
        return jax.tree.map(lambda p, g: p - 0.05 * g, network, gradient), value

    train = lambda p, xs, ys: lax.scan(step, p, (xs, ys))
    specs = (P(), P(None, "x"), P(None, "x"))
    return jax.shard_map(train, mesh=mesh, in_specs=specs, out_specs=P())(network, xs, ys)


# %% wrong="train_on_mesh" reason="values" about="pmean in the loss, with check_vma=False" misconception="lets every device train on its own examples"
def train_on_mesh(mesh, network, xs, ys):
    def step(network, batch):
        loss = lambda p: lax.pmean(mean_loss(p, *batch), "x")
        value, gradient = jax.value_and_grad(loss)(network)
        return jax.tree.map(lambda p, g: p - 0.05 * g, network, gradient), value

    train = lambda p, xs, ys: lax.scan(step, p, (xs, ys))
    specs = (P(), P(None, "x"), P(None, "x"))
    return jax.shard_map(train, mesh=mesh, in_specs=specs, out_specs=P(), check_vma=False)(
        network, xs, ys
    )


# %% wrong="train_on_mesh" reason="values" about="steps on the first minibatch five times"
def train_on_mesh(mesh, network, xs, ys):
    def train(network, xs, ys):
        def step(network, _):
            loss = lambda p: lax.pmean(mean_loss(p, xs[0], ys[0]), "x")
            value, gradient = jax.value_and_grad(loss)(network)
            return jax.tree.map(lambda p, g: p - 0.05 * g, network, gradient), value

        return lax.scan(step, network, length=5)

    specs = (P(), P(None, "x"), P(None, "x"))
    return jax.shard_map(train, mesh=mesh, in_specs=specs, out_specs=P())(network, xs, ys)


# %% wrong="train_on_mesh" reason="values" about="four steps"
def train_on_mesh(mesh, network, xs, ys):
    def step(network, batch):
        loss = lambda p: lax.pmean(mean_loss(p, *batch), "x")
        value, gradient = jax.value_and_grad(loss)(network)
        return jax.tree.map(lambda p, g: p - 0.05 * g, network, gradient), value

    def train(network, xs, ys):
        network, losses = lax.scan(step, network, (xs[:4], ys[:4]))
        return network, jnp.append(losses, losses[-1:])

    specs = (P(), P(None, "x"), P(None, "x"))
    return jax.shard_map(train, mesh=mesh, in_specs=specs, out_specs=P())(network, xs, ys)


# %% wrong="train_on_mesh" reason="structure" about="the network alone"
def train_on_mesh(mesh, network, xs, ys):
    def step(network, batch):
        gradient = jax.grad(lambda p: lax.pmean(mean_loss(p, *batch), "x"))(network)
        return jax.tree.map(lambda p, g: p - 0.05 * g, network, gradient), None

    train = lambda p, xs, ys: lax.scan(step, p, (xs, ys))[0]
    specs = (P(), P(None, "x"), P(None, "x"))
    return jax.shard_map(train, mesh=mesh, in_specs=specs, out_specs=P())(network, xs, ys)


# %% right="train_on_mesh" about="the automatic sum, divided by eight"
def train_on_mesh(mesh, network, xs, ys):
    devices = mesh.shape["x"]

    def step(network, batch):
        value, gradient = jax.value_and_grad(mean_loss)(network, *batch)
        new = jax.tree.map(lambda p, g: p - 0.05 * g / devices, network, gradient)
        return new, lax.pmean(value, "x")

    train = lambda p, xs, ys: lax.scan(step, p, (xs, ys))
    specs = (P(), P(None, "x"), P(None, "x"))
    return jax.shard_map(train, mesh=mesh, in_specs=specs, out_specs=P())(network, xs, ys)


# %% right="train_on_mesh" about="the scan outside, a shard_map for each step"
def train_on_mesh(mesh, network, xs, ys):
    loss = jax.shard_map(
        lambda p, x, y: lax.pmean(mean_loss(p, x, y), "x"),
        mesh=mesh,
        in_specs=(P(), P("x"), P("x")),
        out_specs=P(),
    )

    def step(network, batch):
        value, gradient = jax.value_and_grad(loss)(network, *batch)
        return jax.tree.map(lambda p, g: p - 0.05 * g, network, gradient), value

    return lax.scan(step, network, (xs, ys))


# %% right="train_on_mesh" about="a Python loop over the five steps"
def train_on_mesh(mesh, network, xs, ys):
    def train(network, xs, ys):
        losses = []
        for x, y in zip(xs, ys):
            loss = lambda p: lax.pmean(mean_loss(p, x, y), "x")
            value, gradient = jax.value_and_grad(loss)(network)
            network = jax.tree.map(lambda p, g: p - 0.05 * g, network, gradient)
            losses.append(value)
        return network, jnp.stack(losses)

    specs = (P(), P(None, "x"), P(None, "x"))
    return jax.shard_map(train, mesh=mesh, in_specs=specs, out_specs=P())(network, xs, ys)


# %% wrong="network_loss" reason="batch loop" earns=0.5 about="fills in one error after another" misconception="loops over the examples in Python"
def network_loss(network, xs, ys):
    each = jnp.zeros(len(ys))
    for n in range(len(ys)):
        each = each.at[n].set((predict_one(network, xs[n]) - ys[n]) ** 2)
    return {"each": each, "loss": each.mean()}


# %% wrong="train_by_scan" reason="work" earns=0.5 about="looks at all minibatches in every step" misconception="none"
def train_by_scan(network, xs, ys):
    def step(network, batch):
        after, loss = plain_step(network, *batch)
        losses = jax.vmap(lambda x, y: plain_step(network, x, y)[1])(xs, ys)
        return after, jnp.where(losses.min() < 0, 0.0, loss)

    return lax.scan(step, network, (xs, ys))
