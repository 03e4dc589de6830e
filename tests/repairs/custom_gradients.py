# %% setup
import tensorflow as tf
x, s, heat, logits = tf.Variable(2.0), tf.Variable(3.0), tf.Variable(1.5), tf.Variable([[1.0, 2.0, 0.5]])
@tf.custom_gradient
def short(x, y):
    return x * y, lambda dy: dy * y
@tf.custom_gradient
def half(x, s):
    return x * s, lambda dy: (dy * s, None)
@tf.custom_gradient
def tempered(values):
    p = tf.nn.softmax(values / heat)
    def grad(upstream):
        return p * (upstream - tf.reduce_sum(upstream * p, axis=-1, keepdims=True)) / heat
    return p, grad
@tf.custom_gradient
def rooted(values):
    kept = tf.linalg.logdet(heat * tf.eye(2))
    def grad(upstream):
        return upstream
    return values + kept, grad
# %% one gradient too few by a lambda
# fix: error/gradient-shape-mismatch
# becomes: return x * y, lambda dy: (dy * y, dy * x)
with tf.GradientTape() as tape:
    loss = short(x, s)
grads = tape.gradient(loss, [x, s])
# %% None by a lambda
# fix: none/custom-gradient-none
# becomes: return x * s, lambda dy: (dy * s, dy * x)
with tf.GradientTape() as tape:
    loss = half(x, s)
grads = tape.gradient(loss, [x, s])
# %% a variable that the gradient function does not take
# fix: error/gradient-shape-mismatch
# becomes: def grad(upstream, variables=None):
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tempered(logits) ** 2)
grads = tape.gradient(loss, [logits, heat])
# %% a variable whose gradient is not simple
# fix: error/gradient-shape-mismatch
# becomes: return values + kept
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(rooted(logits) ** 2)
grads = tape.gradient(loss, [logits, heat])
# %% setup
import tensorflow as tf
x, level = tf.Variable([-1.0, 0.4, 3.0]), tf.Variable(1.0)
@tf.custom_gradient
def stepped(x, level):
    y = tf.round(tf.clip_by_value(x, 0.0, level) * 4.0) / 4.0
    def grad(dy):
        return dy * tf.cast((x > 0.0) & (x < level), dy.dtype), None
    return y, grad
# %% the bound of a clip has a derivative where it holds
# fix: none/custom-gradient-none
# becomes: return dy * tf.cast((x > 0.0) & (x < level), dy.dtype), tf.reduce_sum(dy / 4.0 * 4.0 * tf.cast(x > level, dy.dtype))
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(stepped(x, level))
grads = tape.gradient(loss, [x, level])
