# %% wrong="clip_gradients" reason="values" about="0 / 0 for a gradient that is zero"
def clip_gradients(grads, limit):
    n = jnp.linalg.norm(ravel_pytree(grads)[0])
    return jax.tree.map(lambda g: g / n * jnp.minimum(n, limit), grads)


# %% right="fast_track_pytrees" about="a float"
fast_track_pytrees = 5.0


# %% right="fast_track_pytrees" about="counted by JAX"
import numpy

fast_track_pytrees = len(
    jax.tree.leaves(
        {"shape": (2, 3), "bias": None, "weights": numpy.zeros((2, 3)), "tags": ["a", {"b"}]}
    )
)


# %% wrong="fast_track_pytrees" reason="answer" about="opens the set and counts None, a leaf for the tuple"
fast_track_pytrees = 7


# %% wrong="fast_track_pytrees" reason="answer" about="counts keys and leaves"
fast_track_pytrees = 9


# %% wrong="scale_leaves" reason="values" about="leaves single numbers alone"
def scale_leaves(tree, factor):
    return jax.tree.map(lambda leaf: factor * leaf if leaf.ndim else leaf, tree)


# %% wrong="scale_leaves" reason="values" about="divides by the factor"
def scale_leaves(tree, factor):
    return jax.tree.map(lambda leaf: leaf / factor, tree)


# %% wrong="scale_leaves" reason="values" about="scales by the magnitude of the factor"
def scale_leaves(tree, factor):
    return jax.tree.map(lambda leaf: jnp.abs(factor) * leaf, tree)


# %% wrong="scale_leaves" reason="values" about="puts the leaves back in the reverse order where the shapes allow it"
def scale_leaves(tree, factor):
    leaves, treedef = jax.tree.flatten(tree)
    leaves[0], leaves[1] = leaves[1], leaves[0]
    return jax.tree.unflatten(treedef, [factor * leaf for leaf in leaves])


# %% wrong="scale_leaves" reason="shape" about="makes every leaf at least a vector"
def scale_leaves(tree, factor):
    return jax.tree.map(lambda leaf: jnp.atleast_1d(leaf) * factor, tree)


# %% wrong="scale_leaves" reason="values" about="multiplies twice what stands in a list"
def scale_leaves(tree, factor):
    def scale(path, leaf):
        twice = any(hasattr(step, "idx") for step in path)
        return factor * leaf * (factor if twice else 1.0)

    return jax.tree.map_with_path(scale, tree)


# %% wrong="scale_leaves" reason="structure" about="a recursion that makes lists of tuples"
def scale_leaves(tree, factor):
    if tree is None:
        return None
    if isinstance(tree, dict):
        return {key: scale_leaves(part, factor) for key, part in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [scale_leaves(part, factor) for part in tree]
    return factor * tree


# %% wrong="scale_leaves" reason="structure" about="drops the containers that hold nothing"
def scale_leaves(tree, factor):
    if isinstance(tree, dict):
        parts = {key: scale_leaves(part, factor) for key, part in tree.items()}
        return {key: part for key, part in parts.items() if part is not None}
    if isinstance(tree, (list, tuple)):
        return type(tree)(scale_leaves(part, factor) for part in tree)
    return None if tree is None else factor * tree


# %% right="scale_leaves" about="a recursion of its own"
def scale_leaves(tree, factor):
    if tree is None:
        return None
    if isinstance(tree, dict):
        return {key: scale_leaves(part, factor) for key, part in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)(scale_leaves(part, factor) for part in tree)
    return factor * tree


# %% right="scale_leaves" about="one long vector and back"
def scale_leaves(tree, factor):
    vector, back = ravel_pytree(tree)
    return back(vector * factor)


# %% right="scale_leaves" about="the old name of tree map, and partial"
def scale_leaves(tree, factor):
    from functools import partial

    return jax.tree_util.tree_map(partial(jnp.multiply, factor), tree)


# %% right="scale_leaves" about="a vector-Jacobian product of a linear map"
def scale_leaves(tree, factor):
    return jax.linearize(lambda t: jax.tree.map(lambda leaf: leaf * factor, t), tree)[1](tree)


# %% wrong="sgd_step" reason="values" about="divides by the norm of the gradient"
def sgd_step(params, grads, rate):
    norm = jnp.linalg.norm(ravel_pytree(grads)[0])
    return jax.tree.map(lambda p, g: p - rate * g / norm, params, grads)


# %% wrong="sgd_step" reason="values" about="moves matrices only"
def sgd_step(params, grads, rate):
    return jax.tree.map(lambda p, g: p - rate * g if p.ndim > 1 else p, params, grads)


# %% wrong="sgd_step" reason="values" about="multiplies the parameter as well"
def sgd_step(params, grads, rate):
    return jax.tree.map(lambda p, g: rate * (p - g), params, grads)


# %% wrong="sgd_step" reason="values" about="parameters and gradients swapped"
def sgd_step(params, grads, rate):
    return jax.tree.map(lambda g, p: p - rate * g, params, grads)


# %% wrong="sgd_step" reason="structure" about="returns the gradients too"
def sgd_step(params, grads, rate):
    return jax.tree.map(lambda p, g: (p - rate * g, g), params, grads)


# %% wrong="sgd_step" reason="values" about="steps by the sign of the gradient"
def sgd_step(params, grads, rate):
    return jax.tree.map(lambda p, g: p - rate * jnp.sign(g), params, grads)


# %% wrong="sgd_step" reason="KeyError" about="knows the form: body and head"
def sgd_step(params, grads, rate):
    return {
        key: jax.tree.map(lambda p, g: p - rate * g, params[key], grads[key])
        for key in ("body", "head")
    }


# %% right="sgd_step" about="two maps, one after the other"
def sgd_step(params, grads, rate):
    steps = jax.tree.map(lambda g: -rate * g, grads)
    return jax.tree.map(jnp.add, params, steps)


# %% right="sgd_step" about="flattens both and closes with the first treedef"
def sgd_step(params, grads, rate):
    leaves, treedef = jax.tree.flatten(params)
    new = [p - rate * g for p, g in zip(leaves, jax.tree.leaves(grads), strict=True)]
    return treedef.unflatten(new)


# %% right="sgd_step" about="the gradient of a quadratic form"
def sgd_step(params, grads, rate):
    def half(p):
        squares = jax.tree.map(lambda a, g: jnp.sum((a - rate * g) ** 2) / 2, p, grads)
        return jax.tree.reduce(jnp.add, squares)

    return jax.grad(half)(params)


# %% right="sgd_step" about="a transposed pair"
def sgd_step(params, grads, rate):
    pairs = jax.tree.map(lambda p, g: jnp.stack([p, -rate * g]), params, grads)
    return jax.tree.map(lambda pair: pair.sum(0), pairs)


# %% wrong="parameter_mean" reason="values" about="weights each leaf by its rows"
def parameter_mean(params):
    leaves = [jnp.atleast_1d(leaf) for leaf in jax.tree.leaves(params)]
    return sum(leaf.mean() * len(leaf) for leaf in leaves) / sum(len(leaf) for leaf in leaves)


# %% wrong="parameter_mean" reason="values" about="leaves single numbers out"
def parameter_mean(params):
    leaves = [leaf for leaf in jax.tree.leaves(params) if leaf.ndim]
    return sum(leaf.sum() for leaf in leaves) / sum(leaf.size for leaf in leaves)


# %% wrong="parameter_mean" reason="values" about="divides by one too few, like a variance"
def parameter_mean(params):
    vector, _ = ravel_pytree(params)
    return vector.sum() / (vector.size - 1)


# %% wrong="parameter_mean" reason="values" about="the mean magnitude"
def parameter_mean(params):
    return jnp.mean(jnp.abs(ravel_pytree(params)[0]))


# %% wrong="parameter_mean" reason="values" about="the median"
def parameter_mean(params):
    return jnp.median(ravel_pytree(params)[0])


# %% wrong="parameter_mean" reason="shape" about="keeps an axis"
def parameter_mean(params):
    return jnp.mean(ravel_pytree(params)[0], keepdims=True)


# %% wrong="parameter_mean" reason="values" about="counts None as one more zero"
def parameter_mean(params):
    leaves = jax.tree.leaves(params, is_leaf=lambda node: node is None)
    total = sum(0.0 if leaf is None else leaf.sum() for leaf in leaves)
    return total / sum(1 if leaf is None else leaf.size for leaf in leaves)


# %% right="parameter_mean" about="sums and sizes in one reduce"
def parameter_mean(params):
    total = jax.tree.reduce(lambda a, leaf: a + leaf.sum(), params, 0.0)
    return total / jax.tree.reduce(lambda a, leaf: a + leaf.size, params, 0)


# %% right="parameter_mean" about="weights the means of the leaves by their sizes"
def parameter_mean(params):
    leaves = jax.tree.leaves(params)
    sizes = jnp.array([leaf.size for leaf in leaves], jnp.float32)
    means = jnp.array([leaf.mean() for leaf in leaves])
    return jnp.vdot(sizes / sizes.sum(), means)


# %% right="parameter_mean" about="concatenates the ravelled leaves"
def parameter_mean(params):
    return jnp.concatenate([leaf.ravel() for leaf in jax.tree.leaves(params)]).mean()


# %% right="parameter_mean" about="jnp.average with weights"
def parameter_mean(params):
    leaves = jax.tree.leaves(params)
    return jnp.average(
        jnp.stack([jnp.mean(leaf) for leaf in leaves]),
        weights=jnp.array([float(leaf.size) for leaf in leaves]),
    )


# %% wrong="ema_update" reason="dtype" about="leaves out integers only, and averages the switches"
def ema_update(average, state, decay):
    def move(a, s):
        return s if jnp.issubdtype(s.dtype, jnp.integer) else decay * a + (1 - decay) * s

    return jax.tree.map(move, average, state)


# %% wrong="ema_update" reason="values" about="takes vectors and matrices for floating ones"
def ema_update(average, state, decay):
    def move(a, s):
        return (decay * a + (1 - decay) * s).astype(s.dtype) if s.ndim else s

    return jax.tree.map(move, average, state)


# %% wrong="ema_update" reason="values" about="sends the counters through float32"
def ema_update(average, state, decay):
    def move(a, s):
        keep = decay if jnp.issubdtype(s.dtype, jnp.floating) else 0.0
        return (keep * a + (1.0 - keep) * s).astype(s.dtype)

    return jax.tree.map(move, average, state)


# %% wrong="ema_update" reason="values" about="adds the new state in full"
def ema_update(average, state, decay):
    return jax.tree.map(
        lambda a, s: decay * a + s if jnp.issubdtype(s.dtype, jnp.floating) else s, average, state
    )


# %% wrong="ema_update" reason="values" about="a decay of 0.9, whatever is asked for"
def ema_update(average, state, decay):
    return jax.tree.map(
        lambda a, s: 0.9 * a + 0.1 * s if jnp.issubdtype(s.dtype, jnp.floating) else s,
        average,
        state,
    )


# %% wrong="ema_update" reason="values" about="floating leaves stay as in the state"
def ema_update(average, state, decay):
    return jax.tree.map(
        lambda a, s: s if jnp.issubdtype(s.dtype, jnp.floating) else s, average, state
    )


# %% wrong="ema_update" reason="structure" about="drops what is not floating"
def ema_update(average, state, decay):
    return jax.tree.map(
        lambda a, s: decay * a + (1 - decay) * s if jnp.issubdtype(s.dtype, jnp.floating) else None,
        average,
        state,
    )


# %% wrong="ema_update" reason="values" about="the larger of the two counters"
def ema_update(average, state, decay):
    def move(a, s):
        if jnp.issubdtype(s.dtype, jnp.floating):
            return decay * a + (1 - decay) * s
        return jnp.maximum(a, s)

    return jax.tree.map(move, average, state)


# %% right="ema_update" about="a step from the average towards the state"
def ema_update(average, state, decay):
    def move(a, s):
        return a + (1 - decay) * (s - a) if jnp.issubdtype(a.dtype, jnp.inexact) else s

    return jax.tree.map(move, average, state)


# %% right="ema_update" about="asks for the kind of the dtype"
def ema_update(average, state, decay):
    return jax.tree.map(
        lambda a, s: s if s.dtype.kind in "iub" else a * decay + s * (1 - decay), average, state
    )


# %% right="ema_update" about="floating leaves are told by isdtype"
def ema_update(average, state, decay):
    leaves, treedef = jax.tree.flatten(state)
    olds = treedef.flatten_up_to(average)
    new = [
        decay * a + (1 - decay) * s if jnp.isdtype(s.dtype, "real floating") else s
        for a, s in zip(olds, leaves, strict=True)
    ]
    return treedef.unflatten(new)


# %% right="ema_update" about="takes the two kinds apart and merges them"
def ema_update(average, state, decay):
    floating = jax.tree.map(lambda s: jnp.issubdtype(s.dtype, jnp.floating), state)
    moved = jax.tree.map(lambda a, s: decay * a + (1.0 - decay) * s, average, state)
    return jax.tree.map(lambda yes, m, s: m if yes else s, floating, moved, state)


# %% wrong="clip_gradients" reason="values" about="adds 1e-6 to the norm, as some libraries do"
def clip_gradients(grads, limit):
    norm = jnp.linalg.norm(ravel_pytree(grads)[0])
    factor = jnp.minimum(1.0, limit / (norm + 1e-6))
    return jax.tree.map(lambda g: g * factor, grads)


# %% wrong="clip_gradients" reason="values" about="the factor is the limit over the square of the norm"
def clip_gradients(grads, limit):
    squares = sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(grads))
    return jax.tree.map(lambda g: g * jnp.minimum(1.0, limit / squares), grads)


# %% wrong="clip_gradients" reason="values" about="goes by the largest magnitude"
def clip_gradients(grads, limit):
    largest = jnp.max(jnp.abs(ravel_pytree(grads)[0]))
    return jax.tree.map(lambda g: g * jnp.minimum(1.0, limit / largest), grads)


# %% wrong="clip_gradients" reason="values" about="long gradients become zero"
def clip_gradients(grads, limit):
    norm = jnp.linalg.norm(ravel_pytree(grads)[0])
    return jax.tree.map(lambda g: jnp.where(norm > limit, 0.0, g), grads)


# %% wrong="clip_gradients" reason="values" about="long gradients become unit vectors"
def clip_gradients(grads, limit):
    norm = jnp.linalg.norm(ravel_pytree(grads)[0])
    return jax.tree.map(lambda g: jnp.where(norm > limit, g / norm, g), grads)


# %% wrong="clip_gradients" reason="values" about="clips from half the limit on"
def clip_gradients(grads, limit):
    norm = jnp.linalg.norm(ravel_pytree(grads)[0])
    return jax.tree.map(
        lambda g: g * jnp.minimum(1.0, limit / jnp.maximum(norm, limit / 2) / 1.05), grads
    )


# %% wrong="clip_gradients" reason="values" about="a smooth limit: tanh"
def clip_gradients(grads, limit):
    norm = jnp.linalg.norm(ravel_pytree(grads)[0])
    factor = jnp.where(
        norm > 0, limit * jnp.tanh(norm / limit) / jnp.where(norm > 0, norm, 1.0), 1.0
    )
    return jax.tree.map(lambda g: g * factor, grads)


# %% right="clip_gradients" about="divides by the larger of norm and limit"
def clip_gradients(grads, limit):
    norm = jnp.sqrt(sum(jnp.vdot(leaf, leaf) for leaf in jax.tree.leaves(grads)))
    return jax.tree.map(lambda g: g * (limit / jnp.maximum(norm, limit)), grads)


# %% right="clip_gradients" about="lax.cond over whole pytrees"
def clip_gradients(grads, limit):
    vector, back = ravel_pytree(grads)
    norm = jnp.linalg.norm(vector)
    return jax.lax.cond(norm > limit, lambda: back(vector * (limit / norm)), lambda: grads)


# %% right="clip_gradients" about="compares the squares"
def clip_gradients(grads, limit):
    squares = jax.tree.reduce(lambda total, g: total + jnp.sum(g * g), grads, 0.0)
    factor = jnp.where(squares > limit**2, limit * jax.lax.rsqrt(squares), 1.0)
    return jax.tree.map(lambda g: factor * g, grads)


# %% right="clip_gradients" about="the norm of the leaves' norms"
def clip_gradients(grads, limit):
    norms = jax.tree.map(lambda g: jnp.linalg.norm(g.ravel()), grads)
    norm = jnp.linalg.norm(jnp.stack(jax.tree.leaves(norms)))
    return jax.tree.map(lambda g: jnp.where(norm <= limit, g, g * limit / norm), grads)


# %% wrong="decay_weights" reason="values" about="looks at the last key of a dict on the path"
def decay_weights(params, rate):
    def decay(path, leaf):
        keys = [step.key for step in path if hasattr(step, "key")]
        return (1 - rate) * leaf if keys[-1] == "w" else leaf

    return jax.tree.map_with_path(decay, params)


# %% wrong="decay_weights" reason="values" about="ignores upper and lower case"
def decay_weights(params, rate):
    def decay(path, leaf):
        return (1 - rate) * leaf if str(getattr(path[-1], "key", "")).lower() == "w" else leaf

    return jax.tree.map_with_path(decay, params)


# %% wrong="decay_weights" reason="values" about="the text of the path ends with w"
def decay_weights(params, rate):
    def decay(path, leaf):
        name = jax.tree_util.keystr(path, simple=True, separator=".")
        return (1 - rate) * leaf if name.endswith("w") else leaf

    return jax.tree.map_with_path(decay, params)


# %% wrong="decay_weights" reason="values" about="keys that begin with w"
def decay_weights(params, rate):
    def decay(path, leaf):
        return (1 - rate) * leaf if str(getattr(path[-1], "key", "")).startswith("w") else leaf

    return jax.tree.map_with_path(decay, params)


# %% wrong="decay_weights" reason="values" about="multiplies by the rate"
def decay_weights(params, rate):
    def decay(path, leaf):
        return rate * leaf if getattr(path[-1], "key", None) == "w" else leaf

    return jax.tree.map_with_path(decay, params)


# %% wrong="decay_weights" reason="values" about="spares the weights and decays the rest"
def decay_weights(params, rate):
    def decay(path, leaf):
        return leaf if getattr(path[-1], "key", None) == "w" else (1 - rate) * leaf

    return jax.tree.map_with_path(decay, params)


# %% wrong="decay_weights" reason="values" about="a recursion that decays all that stands under w"
def decay_weights(params, rate):
    def walk(node, under):
        if isinstance(node, dict):
            return {key: walk(part, under or key == "w") for key, part in node.items()}
        if isinstance(node, (list, tuple)):
            return type(node)(walk(part, under) for part in node)
        return node if node is None or not under else (1 - rate) * node

    return walk(params, False)


# %% wrong="decay_weights" reason="values" about="decays w in the dicts at the top only"
def decay_weights(params, rate):
    def decay(path, leaf):
        near = len(path) <= 3 and getattr(path[-1], "key", None) == "w"
        return (1 - rate) * leaf if near else leaf

    return jax.tree.map_with_path(decay, params)


# %% right="decay_weights" about="compares with a DictKey"
def decay_weights(params, rate):
    w = jax.tree_util.DictKey("w")
    return jax.tree.map_with_path(lambda path, p: p * (1 - rate) if path[-1] == w else p, params)


# %% right="decay_weights" about="a recursion of its own"
def decay_weights(params, rate):
    def walk(node, key):
        if isinstance(node, dict):
            return {key: walk(part, key) for key, part in node.items()}
        if isinstance(node, (list, tuple)):
            return type(node)(walk(part, None) for part in node)
        return node if node is None or key != "w" else node - rate * node

    return walk(params, None)


# %% right="decay_weights" about="flattens with paths and multiplies by 1 or 1 - rate"
def decay_weights(params, rate):
    leaves, treedef = jax.tree.flatten_with_path(params)
    factors = [1 - rate if str(path[-1]) == "['w']" else 1.0 for path, _ in leaves]
    return treedef.unflatten([f * leaf for f, (_, leaf) in zip(factors, leaves, strict=True)])


# %% right="decay_weights" about="isinstance before the key"
def decay_weights(params, rate):
    def is_weight(path):
        return isinstance(path[-1], jax.tree_util.DictKey) and path[-1].key == "w"

    return jax.tree.map_with_path(
        lambda path, p: jnp.where(is_weight(path), (1 - rate) * p, p), params
    )


# %% wrong="stack_trees" reason="shape" about="squeezes: a list of one loses its axis"
def stack_trees(trees):
    return jax.tree.map(lambda *leaves: jnp.stack(leaves).squeeze(), *trees)


# %% wrong="stack_trees" reason="shape" about="vstack: matrices are joined"
def stack_trees(trees):
    return jax.tree.map(lambda *leaves: jnp.vstack(leaves), *trees)


# %% wrong="stack_trees" reason="values" about="stacks in the reverse order"
def stack_trees(trees):
    return jax.tree.map(lambda *leaves: jnp.stack(leaves[::-1]), *trees)


# %% wrong="stack_trees" reason="values" about="the first pytree over and over"
def stack_trees(trees):
    return jax.tree.map(lambda leaf: jnp.stack([leaf] * len(trees)), trees[0])


# %% wrong="stack_trees" reason="dtype" about="makes float32 of every leaf"
def stack_trees(trees):
    return jax.tree.map(
        lambda *leaves: jnp.stack([leaf.astype(jnp.float32) for leaf in leaves]), *trees
    )


# %% wrong="stack_trees" reason="structure" about="wraps the stack in the list again"
def stack_trees(trees):
    return [jax.tree.map(lambda *leaves: jnp.stack(leaves), *trees)]


# %% wrong="stack_trees" reason="values" about="one long vector each: float32 loses the digits of the counters"
def stack_trees(trees):
    vectors = jnp.stack([ravel_pytree(jax.tree.map(jnp.float32, tree))[0] for tree in trees])
    back = ravel_pytree(jax.tree.map(jnp.float32, trees[0]))[1]
    stacked = jax.vmap(back)(vectors)
    return jax.tree.map(lambda s, leaf: s.astype(leaf.dtype), stacked, trees[0])


# %% right="stack_trees" about="jnp.array of the leaves"
def stack_trees(trees):
    return jax.tree.map(lambda *leaves: jnp.array(leaves), *trees)


# %% right="stack_trees" about="a new axis, then concatenate"
def stack_trees(trees):
    grown = [jax.tree.map(lambda leaf: leaf[None], tree) for tree in trees]
    return jax.tree.map(lambda *leaves: jnp.concatenate(leaves), *grown)


# %% right="stack_trees" about="flattens all, zips the leaves"
def stack_trees(trees):
    treedef = jax.tree.structure(trees[0])
    columns = zip(*map(jax.tree.leaves, trees), strict=True)
    return treedef.unflatten([jnp.stack(column) for column in columns])


# %% right="stack_trees" about="vmap with a stacked out axis"
def stack_trees(trees):
    return jax.tree.map(lambda *leaves: jnp.stack(leaves, axis=-1), *trees) and jax.tree.map(
        lambda *leaves: jnp.moveaxis(jnp.stack(leaves, axis=-1), -1, 0), *trees
    )


# %% wrong="through_layers" reason="values" about="leaves out the last layer"
def through_layers(stacked, x):
    some = jax.tree.map(lambda leaf: leaf[:-1], stacked)
    return jax.lax.scan(lambda x, p: (apply_layer(p, x), None), x, some)[0]


# %% wrong="through_layers" reason="values" about="leaves out the first layer, fori_loop from 1"
def through_layers(stacked, x):
    def one(i, x):
        return apply_layer(jax.tree.map(lambda leaf: leaf[i], stacked), x)

    return jax.lax.fori_loop(1, stacked["b"].shape[0], one, x)


# %% wrong="through_layers" reason="values" about="ten layers, whatever their number"
def through_layers(stacked, x):
    def one(i, x):
        return apply_layer(jax.tree.map(lambda leaf: leaf[i], stacked), x)

    return jax.lax.fori_loop(0, 10, one, x)


# %% wrong="through_layers" reason="values" about="adds the input of each layer to its result"
def through_layers(stacked, x):
    return jax.lax.scan(lambda x, p: (x + apply_layer(p, x), None), x, stacked)[0]


# %% wrong="through_layers" reason="values" about="no tanh after the last layer"
def through_layers(stacked, x):
    first = jax.tree.map(lambda leaf: leaf[:-1], stacked)
    x = jax.lax.scan(lambda x, p: (apply_layer(p, x), None), x, first)[0]
    return x @ stacked["w"][-1] + stacked["b"][-1]


# %% wrong="through_layers" reason="batch loop" about="a loop over 160 layers, of which the surplus is masked" misconception="writes every layer into the program"
def through_layers(stacked, x):
    n = len(stacked["b"])
    for i in range(160):
        one = jax.tree.map(lambda leaf: leaf[min(i, n - 1)], stacked)
        x = jnp.where(i < n, apply_layer(one, x), x)
    return x


# %% wrong="through_layers" reason="batch loop" about="a scan that is unrolled in full" misconception="none"
def through_layers(stacked, x):
    return jax.lax.scan(lambda x, p: (apply_layer(p, x), None), x, stacked, unroll=True)[0]


# %% wrong="through_layers" reason="batch loop" about="reduce over a list of layers" misconception="writes every layer into the program"
def through_layers(stacked, x):
    import functools

    layers = [jax.tree.map(lambda leaf: leaf[i], stacked) for i in range(len(stacked["b"]))]
    return functools.reduce(lambda x, p: apply_layer(p, x), layers, x)


# %% wrong="through_layers" reason="gradient" about="stops the gradient at every layer but the last"
def through_layers(stacked, x):
    def one(x, p):
        return apply_layer(p, jax.lax.stop_gradient(x)), None

    return jax.lax.scan(one, x, stacked)[0]


# %% right="through_layers" about="unrolled four layers at a time"
def through_layers(stacked, x):
    return jax.lax.scan(lambda x, p: (apply_layer(p, x), None), x, stacked, unroll=4)[0]


# %% right="through_layers" about="unrolled eight layers at a time, with fori_loop"
def through_layers(stacked, x):
    def one(i, x):
        return apply_layer(jax.tree.map(lambda leaf: leaf[i], stacked), x)

    return jax.lax.fori_loop(0, stacked["b"].shape[0], one, x, unroll=8)


# %% right="through_layers" about="keeps every result and takes the last"
def through_layers(stacked, x):
    def one(x, params):
        x = apply_layer(params, x)
        return x, x

    return jax.lax.scan(one, x, stacked)[1][-1]


# %% right="through_layers" about="the first layer apart, the others in a scan"
def through_layers(stacked, x):
    x = apply_layer(jax.tree.map(lambda leaf: leaf[0], stacked), x)
    rest = jax.tree.map(lambda leaf: leaf[1:], stacked)
    return jax.lax.scan(lambda x, p: (apply_layer(p, x), None), x, rest)[0]


# %% right="through_layers" about="a scan over the numbers of the layers, with checkpoint"
def through_layers(stacked, x):
    @jax.checkpoint
    def one(x, i):
        return apply_layer({"w": stacked["w"][i], "b": stacked["b"][i]}, x), None

    return jax.lax.scan(one, x, jnp.arange(len(stacked["b"])))[0]


# %% right="through_layers" about="backwards through a turned stack"
def through_layers(stacked, x):
    turned = jax.tree.map(lambda leaf: leaf[::-1], stacked)
    return jax.lax.scan(lambda x, p: (apply_layer(p, x), None), x, turned, reverse=True)[0]


# %% wrong="merge_adapters" reason="values" about="takes the correction away"
def merge_adapters(params, adapters):
    def merge(w, adapter):
        return w if adapter is None else w - adapter["up"] @ adapter["down"]

    return jax.tree.map(merge, params, adapters)


# %% wrong="merge_adapters" reason="TypeError" about="multiplies entry by entry"
def merge_adapters(params, adapters):
    def merge(w, adapter):
        return w if adapter is None else w + adapter["up"] * adapter["down"]

    return jax.tree.map(merge, params, adapters)


# %% wrong="merge_adapters" reason="values" about="uses the first direction of each adapter only"
def merge_adapters(params, adapters):
    def merge(w, adapter):
        return w if adapter is None else w + adapter["up"][:, :1] @ adapter["down"][:1]

    return jax.tree.map(merge, params, adapters)


# %% wrong="merge_adapters" reason="values" about="divides by the rank, as some libraries do"
def merge_adapters(params, adapters):
    def merge(w, adapter):
        if adapter is None:
            return w
        return w + adapter["up"] @ adapter["down"] / adapter["up"].shape[1]

    return jax.tree.map(merge, params, adapters)


# %% wrong="merge_adapters" reason="values" about="merges the matrices of the first adapter everywhere"
def merge_adapters(params, adapters):
    def merge(w, adapter):
        return w if adapter is None or w.ndim < 2 else w + 2 * adapter["up"] @ adapter["down"]

    return jax.tree.map(merge, params, adapters)


# %% wrong="merge_adapters" reason="structure" about="marks what was not trained by a dict of its own"
def merge_adapters(params, adapters):
    def merge(w, adapter):
        return {"w": w} if adapter is None else w + adapter["up"] @ adapter["down"]

    return jax.tree.map(merge, params, adapters)


# %% wrong="merge_adapters" reason="AttributeError" about="takes every dict with the key up for an adapter"
def merge_adapters(params, adapters):
    def is_adapter(node):
        return node is None or (isinstance(node, dict) and "up" in node)

    found = jax.tree.leaves(adapters, is_leaf=is_adapter)
    leaves, treedef = jax.tree.flatten(params)
    new = [
        w if one is None else w + one["up"].dot(one["down"])
        for w, one in zip(leaves, found, strict=False)
    ]
    return treedef.unflatten(new)


# %% right="merge_adapters" about="einsum, and a truth value"
def merge_adapters(params, adapters):
    def merge(w, adapter):
        return w + jnp.einsum("ar,rb->ab", adapter["up"], adapter["down"]) if adapter else w

    return jax.tree.map(merge, params, adapters)


# %% right="merge_adapters" about="looks each adapter up by the path of its leaf"
def merge_adapters(params, adapters):
    def merge(path, w):
        node = adapters
        for step in path:
            node = node[step.key if hasattr(step, "key") else step.idx]
        return w if node is None else node["up"] @ node["down"] + w

    return jax.tree.map_with_path(merge, params)


# %% right="merge_adapters" about="a recursion down both pytrees"
def merge_adapters(params, adapters):
    if params is None:
        return None
    if isinstance(params, dict):
        return {key: merge_adapters(part, adapters[key]) for key, part in params.items()}
    if isinstance(params, (list, tuple)):
        return type(params)(map(merge_adapters, params, adapters))
    return params if adapters is None else params + adapters["up"] @ adapters["down"]


# %% right="merge_adapters" about="first the corrections, zeros where there are none"
def merge_adapters(params, adapters):
    def correction(w, adapter):
        return jnp.zeros_like(w) if adapter is None else adapter["up"] @ adapter["down"]

    return jax.tree.map(jnp.add, params, jax.tree.map(correction, params, adapters))


# %% right="running_summary" about="a class with named fields, above the function"
@jax.tree_util.register_pytree_with_keys_class
class Named(Summary):
    def tree_flatten_with_keys(self):
        value = (jax.tree_util.GetAttrKey("value"), self.value)
        count = (jax.tree_util.GetAttrKey("count"), self.count)
        return (value, count), self.rule

    @classmethod
    def tree_unflatten(cls, rule, data):
        made = cls(data[0], rule)
        made.count = data[1]
        return made


def running_summary(first, xs, rule):
    return followed(Named(first, rule), xs)


# %% right="running_summary" about="register_pytree_node, with a copy put together"
def running_summary(first, xs, rule):
    class Mine(Summary):
        pass

    start = Mine(first, rule)

    def put_together(rule, data):
        made = copy.copy(start)
        made.__dict__ = {"value": data[0], "count": data[1], "rule": rule}
        return made

    jax.tree_util.register_pytree_node(Mine, lambda s: ((s.value, s.count), s.rule), put_together)
    return followed(start, xs)


# %% right="running_summary" about="no class: a tuple is carried"
def running_summary(first, xs, rule):
    def step(carry, x):
        value, count = carry
        value = value + (x - value) / (count + 1) if rule == "mean" else jnp.maximum(value, x)
        return (value, count + 1), value

    return jax.lax.scan(step, (first, jnp.float32(1)), xs)[1]


# %% right="running_summary" about="cumulative sums and maxima"
def running_summary(first, xs, rule):
    every = jnp.concatenate([first[None], xs])
    if rule == "largest":
        return jax.lax.cummax(every)[1:]
    return (jnp.cumsum(every) / jnp.arange(1, every.size + 1))[1:]


# %% wrong="running_summary" reason="values" about="counts from 0"
def running_summary(first, xs, rule):
    @jax.tree_util.register_pytree_node_class
    class Mine(Summary):
        def tree_flatten(self):
            return (self.value, self.count), self.rule

        @classmethod
        def tree_unflatten(cls, rule, data):
            made = object.__new__(cls)
            (made.value, made.count), made.rule = data, rule
            return made

    start = Mine(first, rule)
    start.count = 0.0
    return followed(start, xs)


# %% wrong="running_summary" reason="values" about="always the mean"
def running_summary(first, xs, rule):
    def step(carry, x):
        value, count = carry
        value = value + (x - value) / (count + 1)
        return (value, count + 1), value

    return jax.lax.scan(step, (first, jnp.float32(1)), xs)[1]


# %% wrong="running_summary" reason="AttributeError" about="forgets the rule in tree_unflatten"
def running_summary(first, xs, rule):
    @jax.tree_util.register_pytree_node_class
    class Mine(Summary):
        def tree_flatten(self):
            return (self.value, self.count), None

        @classmethod
        def tree_unflatten(cls, rule, data):
            made = object.__new__(cls)
            made.value, made.count = data
            return made

    return followed(Mine(first, rule), xs)


# %% wrong="running_summary" reason="shape" about="returns the last value only"
def running_summary(first, xs, rule):
    every = jnp.concatenate([first[None], xs])
    return every.mean() if rule == "mean" else every.max()


# %% wrong="running_summary" reason="batch loop" earns=0.5 about="a Python loop over the numbers"
def running_summary(first, xs, rule):
    summary, values = Summary(first, rule), []
    for x in xs:
        summary = summary.include(x)
        values.append(summary.value)
    return jnp.stack(values)


# %% wrong="running_summary" reason="shape" about="keeps the first number in the result"
def running_summary(first, xs, rule):
    every = jnp.concatenate([first[None], xs])
    if rule == "largest":
        return jax.lax.cummax(every)
    return jnp.cumsum(every) / jnp.arange(1, every.size + 1)
