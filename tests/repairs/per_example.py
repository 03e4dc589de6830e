# %% setup
import keras
import tensorflow as tf
x, y = tf.random.normal((16, 4), seed=1), tf.random.normal((16, 1), seed=2)
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
optimizer = keras.optimizers.SGD(0.01)
w, b = tf.Variable(tf.ones((4, 1)), name="w"), tf.Variable([0.5], name="b")
def private_step(x, y):
    with tf.GradientTape() as tape:
        losses = tf.reduce_mean(tf.square(model(x) - y), axis=1)
    rows = tape.jacobian(losses, model.trainable_variables)
    clipped = [tf.clip_by_norm(g, 1.0, axes=list(range(1, g.shape.rank))) for g in rows]
    optimizer.apply_gradients(zip(clipped, model.trainable_variables))
    return losses
def of_one(args):
    one, label = args
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(one[None] @ w + b - label))
    return tape.gradient(loss, [w, b])
# %% clipped one by one
# fix: error/gradient-shape-mismatch
# becomes: clipped = [tf.reduce_mean(tf.clip_by_norm(g, 1.0, axes=list(range(1, g.shape.rank))), axis=0) for g in rows]
losses = private_step(x, y)
# %% a jacobian for a gradient
# fix: error/gradient-shape-mismatch
# becomes: rows_of_each = [tf.reduce_mean(j * 0.5, axis=0) for j in tape.jacobian(losses, model.trainable_variables)]
with tf.GradientTape() as tape:
    losses = tf.reduce_mean(tf.square(model(x) - y), axis=1)
rows_of_each = [j * 0.5 for j in tape.jacobian(losses, model.trainable_variables)]
optimizer.apply(rows_of_each, model.trainable_variables)
# %% mapped over the batch
# fix: error/gradient-shape-mismatch
# becomes: keras.optimizers.SGD(0.01).apply_gradients(zip([tf.reduce_mean(g, axis=0) for g in each], [w, b]))
each = tf.vectorized_map(of_one, (x, y))
keras.optimizers.SGD(0.01).apply_gradients(zip(each, [w, b]))
# %% in pairs
# fix: error/gradient-shape-mismatch
# becomes: keras.optimizers.SGD(0.01).apply_gradients([(tf.reduce_mean(jw, axis=0), w), (tf.reduce_mean(jb, axis=0), b)])
with tf.GradientTape() as tape:
    losses = tf.reduce_mean(tf.square(x @ w + b - y), axis=1)
jw, jb = tape.jacobian(losses, [w, b])
keras.optimizers.SGD(0.01).apply_gradients([(jw, w), (jb, b)])
# %% gradients of another model
# none: error/gradient-shape-mismatch
wide = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(model(x) - y))
grads = tape.gradient(loss, model.trainable_variables)
keras.optimizers.SGD(0.01).apply_gradients(zip([tf.tile(g, [1] * g.shape.rank) @ tf.ones((1, 2)) if g.shape.rank == 2 else g for g in grads], model.trainable_variables))
