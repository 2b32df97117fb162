# %% wrong="force" reason="values" about="central differences with a step of 0.01"
def force(x):
    h = 0.01
    d = h * jnp.eye(x.size)
    return -jax.vmap(lambda e: (energy(x + e) - energy(x - e)) / (2 * h))(d)


# %% right="fast_track_grad" about="a capital letter and a space"
fast_track_grad = " C"


# %% right="fast_track_grad" about="chosen by what came back"
def surprise(p):
    return jnp.where(p > 0, -p * jnp.log(p), 0.0)


fast_track_grad = "c" if jnp.isnan(jax.grad(surprise)(0.0)) else "a"


# %% wrong="fast_track_grad" reason="answer" about="the word in place of the letter"
fast_track_grad = "zero"


# %% wrong="force" reason="values" about="central differences with a step of 0.1"
def force(x):
    h = 0.1
    return -jax.vmap(lambda e: (energy(x + h * e) - energy(x - h * e)) / (2 * h))(jnp.eye(x.size))


# %% wrong="force" reason="values" about="forward differences with a step of 0.001"
def force(x):
    h = 1e-3
    return -jax.vmap(lambda e: (energy(x + h * e) - energy(x)) / h)(jnp.eye(x.size))


# %% wrong="force" reason="values" about="pulls towards one neighbour only"
def force(x):
    return -(x - jnp.roll(x, 1)) - x**3


# %% wrong="force" reason="values" about="forgets that the ring is closed"
def force(x):
    def opened(x):
        return jnp.sum((x[1:] - x[:-1]) ** 2) / 2 + jnp.sum(x**4) / 4

    return -jax.grad(opened)(x)


# %% wrong="force" reason="TypeError" about="differentiates the energy of every bead and forgets to add up"
def force(x):
    return -jax.grad(lambda x: (x - jnp.roll(x, 1)) ** 2 / 2 + x**4 / 4)(x)


# %% wrong="force" reason="values" about="the energy per bead"
def force(x):
    return -jax.grad(lambda x: energy(x) / x.size)(x)


# %% wrong="force" reason="shape" about="returns the energy"
def force(x):
    return -energy(x)


# %% wrong="force" reason="structure" about="returns value and gradient"
def force(x):
    value, slopes = jax.value_and_grad(energy)(x)
    return value, -slopes


# %% wrong="force" reason="batch loop" earns=0.5 about="a loop over a hundred beads, cut afterwards" misconception="takes one slope at a time in a Python loop"
def force(x):
    n, forces = x.size, []
    for i in range(100):
        left, here, right = (x[(i + k) % n] for k in (-1, 0, 1))
        forces.append(left + right - 2 * here - here**3)
    return jnp.stack(forces)[:n]


# %% right="force" about="forward mode"
def force(x):
    return -jax.jacfwd(energy)(x)


# %% right="force" about="a vjp with minus one"
def force(x):
    value, pull = jax.vjp(energy, x)
    return pull(-jnp.ones_like(value))[0]


# %% right="force" about="the gradient of the negative energy"
force = jax.jit(jax.grad(lambda x: -energy(x)))


# %% right="force" about="by hand, with indices modulo n"
def force(x):
    i = jnp.arange(x.size)
    left, right = x[(i - 1) % x.size], x[(i + 1) % x.size]
    return (left - x) + (right - x) - x * x * x


# %% wrong="descent_step" reason="values" about="the predictions after the step"
def descent_step(params, xs, ys, rate):
    (value, _), gradient = jax.value_and_grad(squared_error, has_aux=True)(params, xs, ys)
    new = jax.tree.map(lambda p, g: p - rate * g, params, gradient)
    return new, value, xs @ new["w"] + new["b"]


# %% wrong="descent_step" reason="values" about="loss and predictions after the step"
def descent_step(params, xs, ys, rate):
    gradient, _ = jax.grad(squared_error, has_aux=True)(params, xs, ys)
    new = jax.tree.map(lambda p, g: p - rate * g, params, gradient)
    return new, *squared_error(new, xs, ys)


# %% wrong="descent_step" reason="values" about="divides the step by the size of the batch again"
def descent_step(params, xs, ys, rate):
    (value, guess), gradient = jax.value_and_grad(squared_error, has_aux=True)(params, xs, ys)
    return jax.tree.map(lambda p, g: p - rate * g / len(ys), params, gradient), value, guess


# %% wrong="descent_step" reason="values" about="leaves the bias as it is"
def descent_step(params, xs, ys, rate):
    (value, guess), gradient = jax.value_and_grad(squared_error, has_aux=True)(params, xs, ys)
    return {"w": params["w"] - rate * gradient["w"], "b": params["b"]}, value, guess


# %% wrong="descent_step" reason="structure" about="loss and predictions as one pair"
def descent_step(params, xs, ys, rate):
    aux, gradient = jax.value_and_grad(squared_error, has_aux=True)(params, xs, ys)
    return jax.tree.map(lambda p, g: p - rate * g, params, gradient), aux


# %% wrong="descent_step" reason="values" about="returns the gradient in place of the parameters"
def descent_step(params, xs, ys, rate):
    (value, guess), gradient = jax.value_and_grad(squared_error, has_aux=True)(params, xs, ys)
    return gradient, value, guess


# %% wrong="descent_step" reason="work" about="two gradients, one for each leaf" misconception="runs the function more than once"
def descent_step(params, xs, ys, rate):
    value, guess = squared_error(params, xs, ys)
    by_w = jax.grad(lambda w: squared_error({**params, "w": w}, xs, ys)[0])(params["w"])
    by_b = jax.grad(lambda b: squared_error({**params, "b": b}, xs, ys)[0])(params["b"])
    return {"w": params["w"] - rate * by_w, "b": params["b"] - rate * by_b}, value, guess


# %% wrong="descent_step" reason="work" about="differences of the loss along every parameter"
def descent_step(params, xs, ys, rate):
    value, guess = squared_error(params, xs, ys)

    def f(w, b):
        return squared_error({"w": w, "b": b}, xs, ys)[0]

    w, b = params["w"], params["b"]
    by_w = jax.vmap(lambda e: (f(w + e, b) - f(w - e, b)) / 2)(jnp.eye(4))
    by_b = (f(w, b + 1) - f(w, b - 1)) / 2
    return {"w": w - rate * by_w, "b": b - rate * by_b}, value, guess


# %% right="descent_step" about="the formula by hand"
def descent_step(params, xs, ys, rate):
    value, guess = squared_error(params, xs, ys)
    residual = 2 * (guess - ys) / len(ys)
    new = {"w": params["w"] - rate * (residual @ xs), "b": params["b"] - rate * residual.sum()}
    return new, value, guess


# %% right="descent_step" about="linearize and transpose"
def descent_step(params, xs, ys, rate):
    (value, guess), pull = jax.vjp(lambda p: squared_error(p, xs, ys), params)
    (gradient,) = pull((jnp.float32(1), jnp.zeros_like(guess)))
    return jax.tree.map(lambda p, g: p - rate * g, params, gradient), value, guess


# %% right="descent_step" about="argnums given, updated leaf by leaf"
def descent_step(params, xs, ys, rate):
    step = jax.value_and_grad(squared_error, argnums=0, has_aux=True)
    (value, guess), g = step(params, xs, ys)
    return {"b": params["b"] - rate * g["b"], "w": params["w"] - rate * g["w"]}, value, guess


# %% right="descent_step" about="one long vector of parameters"
def descent_step(params, xs, ys, rate):
    from jax.flatten_util import ravel_pytree

    vector, back = ravel_pytree(params)
    f = jax.value_and_grad(lambda v: squared_error(back(v), xs, ys), has_aux=True)
    (value, guess), gradient = f(vector)
    return back(vector - rate * gradient), value, guess


# %% wrong="push_and_pull" reason="values" about="central differences for the first product"
def push_and_pull(x, v, w):
    h = 0.01
    pushed = (neighbours(x + h * v) - neighbours(x - h * v)) / (2 * h)
    return pushed, jax.vjp(neighbours, x)[1](w)[0]


# %% wrong="push_and_pull" reason="values" about="central differences with a step of 0.1"
def push_and_pull(x, v, w):
    h = 0.1
    pushed = (neighbours(x + h * v) - neighbours(x - h * v)) / (2 * h)
    return pushed, jax.vjp(neighbours, x)[1](w)[0]


# %% wrong="push_and_pull" reason="values" about="forgets the slope of the sine"
def push_and_pull(x, v, w):
    s = jnp.sin(x)
    pushed = s[:-1] * v[1:]
    return pushed, jnp.concatenate([jnp.zeros(1), w * s[:-1]])


# %% wrong="push_and_pull" reason="values" about="pushes ones in place of v"
def push_and_pull(x, v, w):
    _, pushed = jax.jvp(neighbours, (x,), (jnp.ones_like(v),))
    return pushed, jax.vjp(neighbours, x)[1](w)[0]


# %% wrong="push_and_pull" reason="values" about="differentiates at v along x"
def push_and_pull(x, v, w):
    _, pushed = jax.jvp(neighbours, (v,), (x,))
    return pushed, jax.vjp(neighbours, x)[1](w)[0]


# %% wrong="push_and_pull" reason="work" about="forward mode for each column of the Jacobian" misconception="builds the Jacobian and multiplies by it"
def push_and_pull(x, v, w):
    columns = jax.vmap(lambda e: jax.jvp(neighbours, (x,), (e,))[1])(jnp.eye(x.size))
    return v @ columns, columns @ w


# %% wrong="push_and_pull" reason="structure" about="a list in place of a tuple"
def push_and_pull(x, v, w):
    return [jax.jvp(neighbours, (x,), (v,))[1], jax.vjp(neighbours, x)[1](w)[0]]


# %% right="push_and_pull" about="both products by hand"
def push_and_pull(x, v, w):
    s, c = jnp.sin(x[:-1]), jnp.cos(x[:-1]) * x[1:]
    pulled = jnp.zeros_like(x).at[:-1].add(w * c).at[1:].add(w * s)
    return c * v[:-1] + s * v[1:], pulled


# %% right="push_and_pull" about="the pullback as the gradient of a dot product"
def push_and_pull(x, v, w):
    pulled = jax.grad(lambda x: jnp.dot(neighbours(x), w))(x)
    return jax.jvp(neighbours, (x,), (v,))[1], pulled


# %% right="push_and_pull" about="linearize, and a vjp of the linear map"
def push_and_pull(x, v, w):
    _, push = jax.linearize(neighbours, x)
    pushed, pull = jax.vjp(push, v)
    return pushed, pull(w)[0]


# %% right="push_and_pull" about="a jvp of a function of one number"
def push_and_pull(x, v, w):
    pushed = jax.jvp(lambda t: neighbours(x + t * v), (0.0,), (1.0,))[1]
    return pushed, jax.vjp(neighbours, x)[1](w)[0]


# %% wrong="hessian_times" reason="values" about="central differences of the gradient"
def hessian_times(x, v):
    h = 0.01
    slope = jax.grad(coupling)
    return (slope(x + h * v) - slope(x - h * v)) / (2 * h)


# %% wrong="hessian_times" reason="values" about="differences of the gradient with a step of 0.1"
def hessian_times(x, v):
    h = 0.1
    slope = jax.grad(coupling)
    return (slope(x + h * v) - slope(x - h * v)) / (2 * h)


# %% wrong="hessian_times" reason="values" about="the gradient times v, entry by entry"
def hessian_times(x, v):
    return jax.grad(coupling)(x) * v


# %% wrong="hessian_times" reason="values" about="a Gauss-Newton product: the outer product of the gradient"
def hessian_times(x, v):
    g = jax.grad(coupling)(x)
    return g * jnp.dot(g, v)


# %% wrong="hessian_times" reason="values" about="takes coupling to be symmetric"
def hessian_times(x, v):
    c = jnp.cos(x[:, None] - 2 * x[None, :])
    return 2 * (c @ v) - c.sum(1) * v


# %% wrong="hessian_times" reason="values" about="a product of unit length"
def hessian_times(x, v):
    product = jax.jvp(jax.grad(coupling), (x,), (v,))[1]
    return product / jnp.linalg.norm(product)


# %% wrong="hessian_times" reason="structure" about="returns gradient and product"
def hessian_times(x, v):
    return jax.jvp(jax.grad(coupling), (x,), (v,))


# %% wrong="hessian_times" reason="work" about="the columns of the Hessian, one after the other in a scan" misconception="builds the Hessian and multiplies by it"
def hessian_times(x, v):
    def add(total, one):
        e, weight = one
        return total + weight * jax.jvp(jax.grad(coupling), (x,), (e,))[1], None

    return jax.lax.scan(add, jnp.zeros_like(x), (jnp.eye(x.size), v))[0]


# %% right="hessian_times" about="reverse over forward"
def hessian_times(x, v):
    return jax.grad(lambda x: jax.jvp(coupling, (x,), (v,))[1])(x)


# %% right="hessian_times" about="a vjp of the gradient: the Hessian is symmetric"
def hessian_times(x, v):
    return jax.vjp(jax.grad(coupling), x)[1](v)[0]


# %% right="hessian_times" about="linearize"
def hessian_times(x, v):
    return jax.linearize(jax.grad(coupling), x)[1](v)


# %% right="hessian_times" about="the slope of the gradient along a line"
def hessian_times(x, v):
    return jax.jvp(lambda t: jax.grad(coupling)(x + t * v), (0.0,), (1.0,))[1]


# %% right="hessian_times" about="by hand"
def hessian_times(x, v):
    c = jnp.cos(x[:, None] - 2 * x[None, :])
    moved = c * (v[:, None] - 2 * v[None, :])
    return -moved.sum(1) + 2 * moved.sum(0)


# %% wrong="lengths" reason="values" about="adds 1e-12 under the root"
def lengths(xs):
    return jnp.sqrt(jnp.sum(xs**2, axis=1) + 1e-12)


# %% wrong="lengths" reason="values" about="takes rows below a millionth for zero rows"
def lengths(xs):
    squares = jnp.sum(xs**2, axis=1)
    zero = squares < 1e-12
    return jnp.where(zero, 0.0, jnp.sqrt(jnp.where(zero, 1.0, squares)))


# %% wrong="lengths" reason="gradient" about="a where outside the root only" misconception="takes the root of zero"
def lengths(xs):
    squares = jnp.sum(xs**2, axis=1)
    return jnp.where(squares == 0, 0.0, jnp.sqrt(squares))


# %% wrong="lengths" reason="gradient" about="nan_to_num after the root" misconception="takes the root of zero"
def lengths(xs):
    return jnp.nan_to_num(jnp.linalg.norm(xs, axis=1))


# %% wrong="lengths" reason="gradient" about="keeps the root above a tiny number: half the slope at the limit is lost"
def lengths(xs):
    tiny = jnp.finfo(xs.dtype).tiny
    squares = jnp.sum(xs**2, axis=1)
    root = jnp.sqrt(jnp.maximum(squares, tiny))
    return jnp.where(squares == 0, 0.0, root) + jnp.where(squares == 0, xs.sum(1), 0.0)


# %% wrong="lengths" reason="values" about="the length of all rows together"
def lengths(xs):
    squares = jnp.sum(xs**2)
    zero = squares == 0
    whole = jnp.where(zero, 0.0, jnp.sqrt(jnp.where(zero, 1.0, squares)))
    return jnp.broadcast_to(whole, xs.shape[:1])


# %% wrong="lengths" reason="values" about="the sum of the magnitudes"
def lengths(xs):
    return jnp.abs(xs).sum(axis=1)


# %% wrong="lengths" reason="gradient" about="a rule of its own that forgets the cotangent"
def lengths(xs):
    @jax.custom_vjp
    def safe(xs):
        return jnp.linalg.norm(xs, axis=1)

    def backward(kept, cotangent):
        xs, size = kept
        return (xs / jnp.where(size == 0, 1.0, size)[:, None],)

    safe.defvjp(lambda xs: (safe(xs), (xs, safe(xs))), backward)
    return safe(xs)


# %% wrong="lengths" reason="batch loop" about="a loop over a hundred rows, cut afterwards" misconception="goes through the rows in Python"
def lengths(xs):
    def one(x):
        zero = (x == 0).all()
        return jnp.where(zero, 0.0, jnp.linalg.norm(jnp.where(zero, 1.0, x)))

    n = len(xs)
    return jnp.stack([one(xs[i % n]) for i in range(100)])[:n]


# %% right="lengths" about="a rule of its own"
def lengths(xs):
    @jax.custom_vjp
    def safe(xs):
        return jnp.linalg.norm(xs, axis=1)

    def backward(kept, cotangent):
        xs, size = kept
        return ((cotangent / jnp.where(size == 0, 1.0, size))[:, None] * xs,)

    safe.defvjp(lambda xs: (safe(xs), (xs, safe(xs))), backward)
    return safe(xs)


# %% right="lengths" about="vmap of a cond"
def lengths(xs):
    def one(x):
        return jax.lax.cond((x == 0).all(), lambda x: 0.0 * x.sum(), jnp.linalg.norm, x)

    return jax.lax.map(one, xs)


# %% right="lengths" about="the row over its length, where that is not zero"
def lengths(xs):
    squares = jnp.sum(xs * xs, axis=1)
    safe = jnp.where(squares > 0, squares, 1.0)
    return jnp.where(squares > 0, safe, 0.0) * jax.lax.rsqrt(safe)


# %% right="lengths" about="other rows in place of the zero ones, and a product with a mask"
def lengths(xs):
    some = jnp.any(xs != 0, axis=1)
    return jnp.linalg.norm(jnp.where(some[:, None], xs, 1.0), axis=1) * some


# %% wrong="td_gradient" reason="values" about="the sum in place of the mean"
def td_gradient(params, states, rewards, next_states):
    target = rewards + 0.9 * worth(params, next_states)
    return jax.grad(lambda p: jnp.sum((target - worth(p, states)) ** 2))(params)


# %% wrong="td_gradient" reason="values" about="leaves out the factor 2"
def td_gradient(params, states, rewards, next_states):
    target = rewards + 0.9 * worth(params, next_states)
    return jax.grad(lambda p: jnp.mean((target - worth(p, states)) ** 2) / 2)(params)


# %% wrong="td_gradient" reason="values" about="stops the worth of the next states before the weights, not the bias"
def td_gradient(params, states, rewards, next_states):
    def loss(p):
        held = {"w": jax.lax.stop_gradient(p["w"]), "b": p["b"]}
        target = rewards + 0.9 * worth(held, next_states)
        return jnp.mean((target - worth(p, states)) ** 2)

    return jax.grad(loss)(params)


# %% wrong="td_gradient" reason="values" about="a target without the rewards"
def td_gradient(params, states, rewards, next_states):
    target = 0.9 * worth(params, next_states)
    return jax.grad(lambda p: jnp.mean((target - worth(p, states)) ** 2))(params)


# %% wrong="td_gradient" reason="values" about="the states and the next states swapped"
def td_gradient(params, states, rewards, next_states):
    target = rewards + 0.9 * worth(params, states)
    return jax.grad(lambda p: jnp.mean((target - worth(p, next_states)) ** 2))(params)


# %% wrong="td_gradient" reason="values" about="a step in place of the gradient"
def td_gradient(params, states, rewards, next_states):
    error = rewards + 0.9 * worth(params, next_states) - worth(params, states)
    slopes = jax.vmap(jax.grad(worth), (None, 0))(params, states)
    return jax.tree.map(lambda s: 2 * jnp.tensordot(error, s, 1) / len(error), slopes)


# %% wrong="td_gradient" reason="structure" about="a value with the gradient"
def td_gradient(params, states, rewards, next_states):
    target = rewards + 0.9 * worth(params, next_states)
    return jax.value_and_grad(lambda p: jnp.mean((target - worth(p, states)) ** 2))(params)


# %% right="td_gradient" about="by hand, with the slope of tanh"
def td_gradient(params, states, rewards, next_states):
    guess = worth(params, states)
    error = guess - rewards - 0.9 * worth(params, next_states)
    pulled = 2 * error * (1 - guess**2) / len(guess)
    return {"w": pulled @ states, "b": pulled.sum()}


# %% right="td_gradient" about="the old parameters as a second argument"
def td_gradient(params, states, rewards, next_states):
    def loss(new, old):
        target = rewards + 0.9 * worth(old, next_states)
        return jnp.mean((target - worth(new, states)) ** 2)

    return jax.grad(loss)(params, params)


# %% right="td_gradient" about="pulls the error back through the guess"
def td_gradient(params, states, rewards, next_states):
    guess, pull = jax.vjp(lambda p: worth(p, states), params)
    error = guess - (rewards + 0.9 * worth(params, next_states))
    return pull(2 * error / error.size)[0]


# %% right="td_gradient" about="stops the parameters of the target"
def td_gradient(params, states, rewards, next_states):
    def loss(p):
        target = rewards + 0.9 * worth(jax.lax.stop_gradient(p), next_states)
        return jnp.square(target - worth(p, states)).mean()

    return jax.jacfwd(loss)(params)


# %% wrong="binarize" reason="gradient" about="the forward rule returns x"
def binarize(x):
    @jax.custom_vjp
    def signs(x):
        return jnp.where(x >= 0, 1.0, -1.0)

    signs.defvjp(lambda x: (x, x), lambda x, c: (jnp.where(jnp.abs(x) <= 1, c, 0.0),))
    return signs(x)


# %% wrong="binarize" reason="gradient" about="the forward rule takes 0 for negative"
def binarize(x):
    @jax.custom_vjp
    def signs(x):
        return jnp.where(x >= 0, 1.0, -1.0)

    def forward(x):
        return jnp.where(x > 0, 1.0, -1.0), x

    signs.defvjp(forward, lambda x, c: (jnp.where(jnp.abs(x) <= 1, c, 0.0),))
    return signs(x)


# %% wrong="binarize" reason="values" about="copies the sign bit: minus zero becomes -1"
def binarize(x):
    @jax.custom_vjp
    def signs(x):
        return jnp.copysign(1.0, x)

    signs.defvjp(lambda x: (signs(x), x), lambda x, c: (jnp.where(jnp.abs(x) <= 1, c, 0.0),))
    return signs(x)


# %% wrong="binarize" reason="values" about="x over its magnitude: 0 / 0"
def binarize(x):
    @jax.custom_vjp
    def signs(x):
        return x / jnp.abs(x)

    signs.defvjp(lambda x: (signs(x), x), lambda x, c: (jnp.where(jnp.abs(x) <= 1, c, 0.0),))
    return signs(x)


# %% wrong="binarize" reason="gradient" about="a ramp that ends a little further out"
def binarize(x):
    @jax.custom_vjp
    def signs(x):
        return jnp.where(x >= 0, 1.0, -1.0)

    signs.defvjp(lambda x: (signs(x), x), lambda x, c: (jnp.where(jnp.abs(x) < 1.001, c, 0.0),))
    return signs(x)


# %% wrong="binarize" reason="gradient" about="the slope of tanh"
def binarize(x):
    @jax.custom_vjp
    def signs(x):
        return jnp.where(x >= 0, 1.0, -1.0)

    signs.defvjp(lambda x: (signs(x), x), lambda x, c: (c * (1 - jnp.tanh(x) ** 2),))
    return signs(x)


# %% wrong="binarize" reason="gradient" about="only the upper end of the ramp"
def binarize(x):
    @jax.custom_vjp
    def signs(x):
        return jnp.where(x >= 0, 1.0, -1.0)

    signs.defvjp(lambda x: (signs(x), x), lambda x, c: (jnp.where(x <= 1, c, 0.0),))
    return signs(x)


# %% wrong="binarize" reason="primitive" earns=0.75 about="a custom_jvp in place of a custom_vjp" misconception="has no `jax.custom_vjp` of its own"
def binarize(x):
    @jax.custom_jvp
    def signs(x):
        return jnp.where(x >= 0, 1.0, -1.0)

    @signs.defjvp
    def rule(primals, tangents):
        (x,), (t,) = primals, tangents
        return signs(x), jnp.where(jnp.abs(x) <= 1, t, 0.0)

    return signs(x)


# %% wrong="binarize" reason="dtype" about="an integer sign"
def binarize(x):
    @jax.custom_vjp
    def signs(x):
        return jnp.where(x >= 0, 1, -1)

    signs.defvjp(lambda x: (signs(x), x), lambda x, c: (jnp.where(jnp.abs(x) <= 1, 1.0, 0.0),))
    return signs(x)


# %% right="binarize" about="keeps the mask, one per entry, under vmap"
def binarize(x):
    @jax.custom_vjp
    def sign(one):
        return jax.lax.select(one >= 0, jnp.float32(1), jnp.float32(-1))

    sign.defvjp(
        lambda one: (sign(one), jnp.abs(one) <= 1), lambda inside, c: (jnp.where(inside, c, 0.0),)
    )
    return jax.vmap(sign)(x)


# %% right="binarize" about="multiplies by the mask"
def binarize(x):
    @jax.custom_vjp
    def signs(x):
        return 2.0 * (x >= 0) - 1.0

    def forward(x):
        return signs(x), ((-1 <= x) & (x <= 1)).astype(x.dtype)

    def backward(inside, cotangent):
        return (cotangent * inside,)

    signs.defvjp(forward, backward)
    return signs(x)


# %% right="binarize" about="the rule outside of the function"
@jax.custom_vjp
def one_bit(x):
    return jnp.where(x < 0, -1.0, 1.0)


one_bit.defvjp(
    lambda x: (one_bit(x), x), lambda x, c: (jnp.where(abs(x) > 1, jnp.zeros_like(c), c),)
)


def binarize(x):
    return one_bit(x)


# %% right="binarize" about="pulls back through a clip that is its own copy"
def binarize(x):
    @jax.custom_vjp
    def signs(x):
        return jnp.sign(jnp.sign(x) + 0.5)

    def forward(x):
        return signs(x), x

    def backward(x, cotangent):
        return (jax.lax.select(jnp.square(x) <= 1, cotangent, jnp.zeros_like(cotangent)),)

    signs.defvjp(forward, backward)
    return signs(x)


# %% wrong="deep_gradient" reason="memory" about="a checkpoint around the whole loss" misconception="keeps the insides of every layer"
def deep_gradient(W, x):
    def loss(W):
        h, _ = jax.lax.scan(lambda h, _: (layer(h, W), None), x, None, length=50)
        return jnp.sum(h**2)

    return jax.grad(jax.checkpoint(loss))(W)


# %% wrong="deep_gradient" reason="values" about="49 layers"
def deep_gradient(W, x):
    def loss(W):
        light = jax.checkpoint(layer)
        h, _ = jax.lax.scan(lambda h, _: (light(h, W), None), x, None, length=49)
        return jnp.sum(h**2)

    return jax.grad(loss)(W)


# %% wrong="deep_gradient" reason="values" about="only the last layer counts" misconception="cuts the chain between the layers"
def deep_gradient(W, x):
    h, _ = jax.lax.scan(lambda h, _: (layer(h, W), None), x, None, length=49)
    return jax.grad(lambda W: jnp.sum(layer(h, W) ** 2))(W)


# %% wrong="deep_gradient" reason="values" about="the gradient of the length, not of its square"
def deep_gradient(W, x):
    def loss(W):
        light = jax.checkpoint(layer)
        h, _ = jax.lax.scan(lambda h, _: (light(h, W), None), x, None, length=50)
        return jnp.sqrt(jnp.sum(h**2))

    return jax.grad(loss)(W)


# %% wrong="deep_gradient" reason="memory" about="a checkpoint that saves all it can" misconception="keeps the insides of every layer"
def deep_gradient(W, x):
    everything = jax.checkpoint_policies.everything_saveable

    def loss(W):
        light = jax.checkpoint(layer, policy=everything)
        h, _ = jax.lax.scan(lambda h, _: (light(h, W), None), x, None, length=50)
        return jnp.sum(h**2)

    return jax.grad(loss)(W)


# %% wrong="deep_gradient" reason="values" about="adds every layer to its input"
def deep_gradient(W, x):
    def loss(W):
        light = jax.checkpoint(lambda h, W: h + layer(h, W))
        h, _ = jax.lax.scan(lambda h, _: (light(h, W), None), x, None, length=50)
        return jnp.sum(h**2)

    return jax.grad(loss)(W)


# %% right="deep_gradient" about="checkpoint around the body of the scan"
def deep_gradient(W, x):
    @jax.checkpoint
    def body(h, _):
        return layer(h, W_now[0]), None

    W_now = [W]

    def loss(W):
        W_now[0] = W
        return jnp.sum(jax.lax.scan(body, x, None, length=50)[0] ** 2)

    gradient = jax.grad(loss)(W)
    W_now.clear()
    return gradient


# %% right="deep_gradient" about="jax.remat under its old name"
def deep_gradient(W, x):
    def loss(W):
        body = jax.remat(lambda h, _: (layer(h, W), None))
        h, _ = jax.lax.scan(body, x, jnp.arange(50))
        return jnp.vdot(h, h)

    return jax.grad(loss)(W)


# %% right="deep_gradient" about="fori_loop with a fixed number of turns"
def deep_gradient(W, x):
    light = jax.checkpoint(layer)

    def loss(W):
        return jnp.sum(jax.lax.fori_loop(0, 50, lambda _, h: light(h, W), x) ** 2)

    return jax.grad(loss)(W)


# %% right="deep_gradient" about="a policy that saves nothing"
def deep_gradient(W, x):
    nothing = jax.checkpoint_policies.nothing_saveable

    def loss(W):
        light = jax.checkpoint(layer, policy=nothing, prevent_cse=False)
        h, _ = jax.lax.scan(lambda h, _: (light(h, W), None), x, None, length=50)
        return jnp.sum(h**2)

    return jax.grad(loss)(W)


# %% wrong="eccentric_anomaly" reason="gradient" about="the forward rule returns M"
def eccentric_anomaly(M, e):
    @jax.custom_vjp
    def solved(M, e):
        return solve_kepler(M, e)

    def backward(kept, cotangent):
        E, e = kept
        by_M = cotangent / (1 - e * jnp.cos(E))
        return by_M, by_M * jnp.sin(E)

    solved.defvjp(lambda M, e: (M, (solve_kepler(M, e), e)), backward)
    return solved(M, e)


# %% wrong="eccentric_anomaly" reason="gradient" about="differences of two searches in the backward rule"
def eccentric_anomaly(M, e):
    h = 0.01

    @jax.custom_vjp
    def solved(M, e):
        return solve_kepler(M, e)

    def backward(kept, cotangent):
        M, e = kept
        by_M = (solve_kepler(M + h, e) - solve_kepler(M - h, e)) / (2 * h)
        by_e = (solve_kepler(M, e + h) - solve_kepler(M, e - h)) / (2 * h)
        return cotangent * by_M, cotangent * by_e

    solved.defvjp(lambda M, e: (solve_kepler(M, e), (M, e)), backward)
    return solved(M, e)


# %% wrong="eccentric_anomaly" reason="gradient" about="the slope at M in place of E"
def eccentric_anomaly(M, e):
    @jax.custom_vjp
    def solved(M, e):
        return solve_kepler(M, e)

    def backward(kept, cotangent):
        M, e = kept
        by_M = cotangent / (1 - e * jnp.cos(M))
        return by_M, by_M * jnp.sin(M)

    solved.defvjp(lambda M, e: (solve_kepler(M, e), (M, e)), backward)
    return solved(M, e)


# %% wrong="eccentric_anomaly" reason="gradient" about="the sign of the slope with respect to e"
def eccentric_anomaly(M, e):
    @jax.custom_vjp
    def solved(M, e):
        return solve_kepler(M, e)

    def backward(kept, cotangent):
        E, e = kept
        by_M = cotangent / (1 - e * jnp.cos(E))
        return by_M, -by_M * jnp.sin(E)

    def forward(M, e):
        E = solve_kepler(M, e)
        return E, (E, e)

    solved.defvjp(forward, backward)
    return solved(M, e)


# %% wrong="eccentric_anomaly" reason="work" about="searches a second time for what the backward rule keeps"
def eccentric_anomaly(M, e):
    hold = jax.lax.stop_gradient
    E = solve_kepler(hold(M), hold(e))
    again = solve_kepler(hold(M + 0.0), hold(e))
    return again - (E - e * jnp.sin(E) - M) / hold(1 - e * jnp.cos(again))


# %% wrong="eccentric_anomaly" reason="work" about="a scan of Newton steps of its own"
def eccentric_anomaly(M, e):
    def newton(E, _):
        return E - (E - e * jnp.sin(E) - M) / (1 - e * jnp.cos(E)), None

    E = solve_kepler(jax.lax.stop_gradient(M), jax.lax.stop_gradient(e))
    return jax.lax.scan(newton, E, None, length=2)[0]


# %% wrong="eccentric_anomaly" reason="gradient" about="forgets the cotangent"
def eccentric_anomaly(M, e):
    @jax.custom_vjp
    def solved(M, e):
        return solve_kepler(M, e)

    def forward(M, e):
        E = solve_kepler(M, e)
        return E, (E, e)

    def backward(kept, cotangent):
        E, e = kept
        by_M = 1 / (1 - e * jnp.cos(E))
        return by_M, by_M * jnp.sin(E)

    solved.defvjp(forward, backward)
    return solved(M, e)


# %% right="eccentric_anomaly" about="a custom_jvp"
def eccentric_anomaly(M, e):
    @jax.custom_jvp
    def solved(M, e):
        return solve_kepler(M, e)

    @solved.defjvp
    def rule(primals, tangents):
        M, e = primals
        dM, de = tangents
        E = solved(M, e)
        return E, (dM + jnp.sin(E) * de) / (1 - e * jnp.cos(E))

    return solved(M, e)


# %% right="eccentric_anomaly" about="lax.custom_root"
def eccentric_anomaly(M, e):
    def off(E):
        return E - e * jnp.sin(E) - M

    def solve(_, start):
        return solve_kepler(jax.lax.stop_gradient(M), jax.lax.stop_gradient(e))

    def tangent(g, y):
        return y / jax.lax.stop_gradient(g(jnp.ones_like(y)))

    return jax.lax.custom_root(off, M, solve, tangent)


# %% right="eccentric_anomaly" about="adds a term whose value is zero and whose slope is right"
def eccentric_anomaly(M, e):
    hold = jax.lax.stop_gradient
    E = hold(solve_kepler(hold(M), hold(e)))
    change = (M - hold(M)) + jnp.sin(E) * (e - hold(e))
    return E + change / hold(1 - e * jnp.cos(E))


# %% right="eccentric_anomaly" about="keeps both slopes in the forward rule"
def eccentric_anomaly(M, e):
    @jax.custom_vjp
    def solved(M, e):
        return solve_kepler(M, e)

    def forward(M, e):
        E = solve_kepler(M, e)
        by_M = 1 / (1 - e * jnp.cos(E))
        return E, (by_M, by_M * jnp.sin(E))

    solved.defvjp(forward, lambda slopes, c: (c * slopes[0], c * slopes[1]))
    return solved(M, e)


# %% wrong="force" reason="values" about="one slope at a time, uphill"
def force(x):
    return jnp.stack(
        [jax.grad(lambda one, n=n: energy(x.at[n].set(one)))(x[n]) for n in range(x.size)]
    )


# %% wrong="td_gradient" reason="batch loop" earns=0.5 about="adds up the loss state by state"
def td_gradient(params, states, rewards, next_states):
    def loss(params):
        total = 0.0
        for state, reward, after in zip(states, rewards, next_states, strict=True):
            target = jax.lax.stop_gradient(reward + 0.9 * worth(params, after))
            total += (target - worth(params, state)) ** 2
        return total / len(rewards)

    return jax.grad(loss)(params)
