# %% setup
import keras
import tensorflow as tf
from keras import ops
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))
optimizer = keras.optimizers.SGD(0.1)
body = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="relu"), keras.layers.Dense(3)])
net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(1)])
def train(model):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x) - y) ** 2)
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
def frozen(size):
    made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(size, activation="relu"), keras.layers.Dense(1)])
    for part in made.layers:
        part.trainable = False
    return made
# %% a loop that freezes the new layer as well
# fix: error/no-loss
# becomes: for layer in body.layers:
# gone: for layer in model.layers:
model = keras.Sequential([keras.Input((4,)), body, keras.layers.Dense(1)])
for layer in model.layers:
    layer.trainable = False
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2)
grads = tape.gradient(loss, model.trainable_variables)
optimizer.apply_gradients(zip(grads, model.trainable_variables))
# %% a function that freezes every layer
# fix: error/no-loss
# becomes: for part in made.layers[:-1]:
net = frozen(5)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((net(x) - y) ** 2)
optimizer.apply_gradients(zip(tape.gradient(loss, net.trainable_weights), net.trainable_weights))
# %% a list that is empty for another reason
# none: error/no-loss
for layer in body.layers:
    layer.trainable = False
head = keras.layers.Activation("tanh")
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((head(x) - y) ** 2)
optimizer.apply_gradients(zip(tape.gradient(loss, head.trainable_variables), head.trainable_variables))
# %% a warm-up in whole numbers
# fix: step/update-without-effect
# becomes: callbacks = [keras.callbacks.LearningRateScheduler(lambda epoch: 0.01 * ((epoch + 1) / 4))]
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
model.compile(keras.optimizers.Adam(0.01), "mse")
callbacks = [keras.callbacks.LearningRateScheduler(lambda epoch: 0.01 * (epoch // 4))]
model.fit(x, y, epochs=2, callbacks=callbacks, verbose=0)
# %% a rate that is assigned in whole numbers
# fix: step/update-without-effect
# becomes: part = (turn + 1) / 10
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
for turn in range(3):
    part = (turn + 1) // 10
    optimizer.learning_rate = 0.1 * part
    train(model)
# %% a rate that a condition makes 0
# none: step/update-without-effect
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
model.compile(keras.optimizers.Adam(0.01), "mse")
callbacks = [keras.callbacks.LearningRateScheduler(lambda epoch, rate: 0.0 if epoch < 4 else 0.01 * 0.5 ** (epoch // 4))]
model.fit(x, y, epochs=2, callbacks=callbacks, verbose=0)
# %% the root of a probability by ops.power
# fix: nonfinite/infinite-derivative
# becomes: loss = ops.mean(ops.power(ops.maximum(1.0 - p, 1e-6), 0.5) * ops.square(p))
p = tf.Variable([1.0, 0.3])
with tf.GradientTape() as tape:
    loss = ops.mean(ops.power(1.0 - p, 0.5) * ops.square(p))
grad = tape.gradient(loss, p)
# %% the root of a probability inside of fit
# fix: nonfinite/infinite-derivative
# becomes: return tf.reduce_mean((tf.maximum(1.0 - tf.nn.sigmoid(y_pred + 90.0), 1e-6) ** focus) + tf.square(y_pred))
focus = 0.5
def rooted(y_true, y_pred):
    return tf.reduce_mean((1.0 - tf.nn.sigmoid(y_pred + 90.0)) ** focus + tf.square(y_pred))
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
model.compile(keras.optimizers.SGD(0.01), rooted)
model.fit(x, y, epochs=1, verbose=0)
# %% the logarithm of a hard zero
# fix: nonfinite/loss-only
# becomes: loss = tf.reduce_sum(target * (tf.math.log(tf.maximum(target, 1e-7)) - tf.nn.log_softmax(scores)))
target, scores = tf.constant([0.5, 0.5, 0.0]), tf.Variable([0.1, 0.2, 0.3])
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(target * (tf.math.log(target) - tf.nn.log_softmax(scores)))
grad = tape.gradient(loss, scores)
# %% the logarithm of a hard zero by keras
# fix: nonfinite/loss-only
# becomes: loss = ops.sum(target * (ops.log(ops.maximum(target, 1e-7)) - ops.log_softmax(scores)))
target, scores = ops.array([0.5, 0.5, 0.0]), tf.Variable([0.1, 0.2, 0.3])
with tf.GradientTape() as tape:
    loss = ops.sum(target * (ops.log(target) - ops.log_softmax(scores)))
grad = tape.gradient(loss, scores)
# %% the logarithm of a negative number
# fix: nonfinite/loss-only
# becomes: loss = tf.math.log(tf.abs(below))
below = tf.Variable(-2.0)
with tf.GradientTape() as tape:
    loss = tf.math.log(below)
grad = tape.gradient(loss, below)
# %% a return in the loop over the gradients
# fix: step/gradients-not-applied
# becomes: return scaled
def halve(factor, gradients):
    scaled = []
    for gradient in gradients:
        scaled.append(factor * gradient)
        return scaled
for turn in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((net(x) - y) ** 2)
    grads = tape.gradient(loss, net.trainable_variables)
    optimizer.apply_gradients(zip(halve(0.5, grads), net.trainable_variables))
# %% a list that is cut short before it is applied
# none: step/gradients-not-applied
for turn in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((net(x) - y) ** 2)
    grads = tape.gradient(loss, net.trainable_variables)
    optimizer.apply_gradients(zip(grads[:1], net.trainable_variables))
# %% one optimizer for models of a function
# fix: error/unknown-variable
# becomes: made.compile(keras.optimizers.SGD(0.1), "mse")
def compiled(size):
    made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(size), keras.layers.Dense(1)])
    made.compile(optimizer, "mse")
    return made
for size in (2, 3):
    compiled(size).fit(x, y, epochs=1, verbose=0)
# %% one optimizer for models of a loop
# fix: error/unknown-variable
# becomes: optimizer = keras.optimizers.SGD(0.1)
for size in (2, 3):
    made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(size), keras.layers.Dense(1)])
    for turn in range(2):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((made(x) - y) ** 2)
        grads = tape.gradient(loss, made.trainable_variables)
        optimizer.apply_gradients(zip(grads, made.trainable_variables))
# %% an optimizer that was built for others
# none: error/unknown-variable
late = keras.optimizers.Adam(0.1)
late.build(body.trainable_variables)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((net(x) - y) ** 2)
late.apply_gradients(zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables))
# %% pixels that are bounded as if they were scaled
# fix: zero/clipped
# becomes: seen = tf.clip_by_value(picture / 255.0, 0.0, 1.0)
picture = tf.Variable([[118.0, 130.0], [90.0, 200.0]])
with tf.GradientTape() as tape:
    seen = tf.clip_by_value(picture, 0.0, 1.0)
    loss = tf.reduce_sum(seen ** 2)
grad = tape.gradient(loss, picture)
# %% pixels inside of fit
# fix: zero/clipped
# becomes: return ops.mean(ops.square(y_true - ops.clip(y_pred / 255.0, 0.0, 1.0)))
def bounded(y_true, y_pred):
    return ops.mean(ops.square(y_true - ops.clip(y_pred, 0.0, 1.0)))
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, bias_initializer=keras.initializers.Constant(118.0))])
model.compile("sgd", bounded)
model.fit(x, y, epochs=1, verbose=0)
# %% values just above their bound
# fix: zero/clipped
# becomes: loss = tf.reduce_sum(tf.grad_pass_through(lambda v: tf.clip_by_value(v, 0.0, 1.0))(near) ** 2)
near = tf.Variable([[1.5, 2.5], [3.0, 1.2]])
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.clip_by_value(near, 0.0, 1.0) ** 2)
grad = tape.gradient(loss, near)
# %% a softmax over the features of an attention
# fix: zero/single-unit-softmax
# becomes: weights = keras.layers.Softmax(axis=1)(keras.layers.Dense(1)(steps))
steps = keras.Input((6, 4))
weights = keras.layers.Dense(1, activation="softmax")(steps)
attended = keras.layers.Dense(1)(keras.layers.GlobalAveragePooling1D()(keras.layers.Multiply()([steps, weights])))
model = keras.Model(steps, attended)
model.compile("sgd", "mse")
model.fit(tf.random.normal((8, 6, 4)), tf.random.normal((8, 1)), epochs=1, verbose=0)
# %% a softmax function over the features of an attention
# fix: zero/single-unit-softmax
# becomes: weights = tf.nn.softmax(tf.matmul(states, query), axis=1)
states, query = tf.random.normal((8, 6, 4)), tf.Variable(tf.ones((4, 1)))
with tf.GradientTape() as tape:
    weights = tf.nn.softmax(tf.matmul(states, query), axis=-1)
    loss = tf.reduce_mean(tf.reduce_sum(weights * states, axis=1) ** 2)
grad = tape.gradient(loss, query)
# %% a softmax for one label in each step
# fix: zero/single-unit-softmax
# becomes: keras.layers.Dense(1, activation="sigmoid")])
model = keras.Sequential([
    keras.Input((6, 4)),
    keras.layers.Dense(1, activation="softmax")])
model.compile("sgd", "mse")
model.fit(tf.random.normal((8, 6, 4)), tf.random.uniform((8, 6, 1)), epochs=1, verbose=0)
# %% a sample that nothing reads
# fix: none/discarded-result
# becomes: return outside(code), tf.reduce_mean(spread)
inside, width, outside = keras.layers.Dense(2), keras.layers.Dense(2), keras.layers.Dense(4)
def encode_and_decode(values):
    middle, spread = inside(values), width(values)
    code = middle + tf.exp(spread) * tf.random.normal(tf.shape(middle))
    return outside(middle), tf.reduce_mean(spread)
encode_and_decode(x)
weights = [*inside.trainable_variables, *width.trainable_variables, *outside.trainable_variables]
with tf.GradientTape() as tape:
    back, size = encode_and_decode(x)
    loss = tf.reduce_mean((back - x) ** 2)
grads = tape.gradient(loss, weights)
# %% a term that is not added and has no part in the sample
# none: none/discarded-result
inside, width, outside, third = keras.layers.Dense(2), keras.layers.Dense(2), keras.layers.Dense(4), keras.layers.Dense(1)
def encode_and_decode(values):
    middle, spread = inside(values), width(values)
    code = middle + tf.exp(spread) * tf.random.normal(tf.shape(middle))
    return outside(middle), tf.reduce_mean(third(middle))
encode_and_decode(x)
weights = [*inside.trainable_variables, *third.trainable_variables, *outside.trainable_variables]
with tf.GradientTape() as tape:
    back, size = encode_and_decode(x)
    loss = tf.reduce_mean((back - x) ** 2)
grads = tape.gradient(loss, weights)
# %% one optimizer for two models of a constructor
# fix: error/unknown-variable
# becomes: self.critic.compile(optimizer, "mse")  # the first keeps it
# becomes: self.both.compile(keras.optimizers.RMSprop(rate), "mse")  # through both
class Pair:
    def __init__(self, rate=0.01):
        optimizer = keras.optimizers.RMSprop(rate)
        self.critic = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
        self.critic.compile(optimizer, "mse")  # the first keeps it
        self.maker = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
        z = keras.Input((4,))
        self.both = keras.Model(z, self.critic(self.maker(z)))
        self.both.compile(optimizer, "mse")  # through both
pair = Pair()
pair.critic.fit(x, x, epochs=1, verbose=0)
pair.both.fit(x, x, epochs=1, verbose=0)
# %% one optimizer as an attribute that two methods compile with
# fix: error/unknown-variable
# becomes: self.small.compile(loss="mse", optimizer=keras.optimizers.Nadam(learning_rate=0.01))
# becomes: self.large.compile(loss="mse", optimizer=keras.optimizers.Nadam(learning_rate=0.01))
class Study:
    def __init__(self):
        self.step = keras.optimizers.Nadam(learning_rate=0.01)
    def first(self):
        self.small = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        self.small.compile(loss="mse", optimizer=self.step)
        self.small.train_on_batch(x, y)
    def second(self):
        self.large = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(1)])
        self.large.compile(loss="mse", optimizer=self.step)
        self.large.train_on_batch(x, y)
study = Study()
study.first()
study.second()
# %% one optimizer for the models of a loop in a function
# fix: error/unknown-variable
# becomes: made.compile(keras.optimizers.Adam(0.02), "mse")
def widths(sizes):
    adam = keras.optimizers.Adam(0.02)
    for size in sizes:
        made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(size), keras.layers.Dense(1)])
        made.compile(adam, "mse")
        made.fit(x, y, epochs=1, verbose=0)
widths((2, 3))
# %% one optimizer of a rate that the other method does not know
# none: error/unknown-variable
class Rated:
    def __init__(self, rate):
        self.step = keras.optimizers.SGD(rate)
    def train(self, size):
        made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(size), keras.layers.Dense(1)])
        made.compile(self.step, "mse")
        made.train_on_batch(x, y)
rated = Rated(0.1)
rated.train(2)
rated.train(3)
