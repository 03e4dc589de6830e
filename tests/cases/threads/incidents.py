import numpy as np
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(1)
rng = np.random.default_rng(0)
images = rng.uniform(size=(8, 16, 16, 1)).astype("float32")
masks = (rng.uniform(size=(8, 16, 16, 1)) > 0.7).astype("float32")
unet = keras.Sequential([keras.Input((16, 16, 1)), layers.Conv2D(4, 3, padding="same", activation="relu"), layers.Conv2D(1, 1, activation="sigmoid")])

def iou_loss(y_true, y_pred):
    y_pred = tf.round(y_pred)  # expect: none/non-differentiable-op
    inter = tf.reduce_sum(y_true * y_pred, axis=(1, 2, 3))
    union = tf.reduce_sum(y_true + y_pred, axis=(1, 2, 3)) - inter
    return 1.0 - (inter + 1.0) / (union + 1.0)
# %% overlap of rounded masks, own loop
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(iou_loss(masks, unet(images, training=True)))
grads = tape.gradient(loss, unet.trainable_variables)  # status: none none none none
# %% overlap of rounded masks, fit
# raises: ValueError
# allow: error/no-gradients-provided
unet.compile("adam", iou_loss)
unet.fit(images, masks, verbose=0)
# %% near: soft overlap
def dice(y_true, y_pred):
    inter = tf.reduce_sum(y_true * y_pred, axis=(1, 2, 3))
    return 1.0 - (2.0 * inter + 1.0) / (tf.reduce_sum(y_true + y_pred, axis=(1, 2, 3)) + 1.0)
unet.compile("adam", dice, metrics=[keras.metrics.BinaryIoU()])
unet.fit(images, masks, epochs=2, verbose=0)
# %% setup
import numpy as np
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(2)
boxes = tf.constant([[0.5, 0.5, 0.2, 0.0], [0.1, 0.4, 0.3, 0.6]])
head = layers.Dense(4, kernel_initializer="zeros", bias_initializer="zeros")
features = tf.random.normal((2, 6))
head.build((2, 6))
# %% square roots of box sizes
with tf.GradientTape() as tape:
    pred = head(features)
    size = tf.sqrt(pred[:, 2:])  # expect: nonfinite/infinite-derivative
    loss = tf.reduce_sum((pred[:, :2] - boxes[:, :2]) ** 2) + tf.reduce_sum((size - tf.sqrt(boxes[:, 2:])) ** 2)
grads = tape.gradient(loss, head.trainable_variables)  # status: nan|inf nan|inf
# %% a row of attention that is masked whole
scores = tf.Variable(tf.random.normal((2, 3)), name="scores")
allowed = tf.constant([[True, True, False], [False, False, False]])
with tf.GradientTape() as tape:
    masked = tf.where(allowed, scores, -np.inf)
    weights = tf.nn.softmax(masked)  # expect: nonfinite/invalid-forward-value or nonfinite/loss-only
    loss = tf.reduce_sum(weights * tf.constant([1.0, 2.0, 3.0]))
grad = tape.gradient(loss, scores)  # status: ok
# allow: nonfinite/bad-input-data
# %% perplexity of a probability that reaches zero
table = tf.Variable([[60.0, 0.0, -60.0]], name="table")
with tf.GradientTape() as tape:
    p = tf.nn.softmax(table)
    entropy = -tf.reduce_sum(p * tf.math.log(p))  # expect: nonfinite/invalid-forward-value or nonfinite/infinite-derivative
    loss = tf.exp(entropy)
grad = tape.gradient(loss, table)  # status: nan|ok
# %% setup
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(3)

class Mixture(keras.Model):
    def __init__(self, k=3):
        super().__init__()
        self.k, self.hidden, self.params = k, layers.Dense(8, activation="tanh"), layers.Dense(3 * k)

    def call(self, x):
        logits, mean, log_scale = tf.split(self.params(self.hidden(x)), 3, axis=1)
        return tf.nn.softmax(logits), mean, tf.exp(log_scale)

def nll(y, weights, mean, scale):
    density = tf.exp(-0.5 * ((y - mean) / scale) ** 2) / (scale * 2.5066)
    return -tf.reduce_mean(tf.math.log(tf.reduce_sum(weights * density, axis=1)))  # expect: nonfinite/invalid-forward-value or zero/underflow or nonfinite/overflow

model = Mixture()
x = tf.random.normal((16, 2))
# %% mixture density of far targets
y = tf.fill((16, 1), 500.0)
with tf.GradientTape() as tape:
    loss = nll(y, *model(x))
grads = tape.gradient(loss, model.trainable_variables)  # status: nan nan nan nan
# %% near: mixture density of close targets
y = tf.random.normal((16, 1))
with tf.GradientTape() as tape:
    loss = nll(y, *model(x))
grads = tape.gradient(loss, model.trainable_variables)  # status: ok ok ok ok
# %% setup
import numpy as np
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(4)
gen = keras.Sequential([keras.Input((4,)), layers.Dense(8, activation="relu"), layers.Dense(2)])
disc = keras.Sequential([keras.Input((4,)), layers.Dense(8, activation="relu"), layers.Dense(1)])
bce = keras.losses.BinaryCrossentropy(from_logits=True)
gen_opt, disc_opt = keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3)

def moments(sample):
    return np.array([[sample.mean(), sample.std(), np.abs(sample).max(), sample.min()]], "float32")
# %% moments of the generated numbers, in NumPy
for step in range(2):
    with tf.GradientTape() as tape:
        fake = gen(tf.random.normal((16, 4)))
        judged = disc(moments(fake.numpy()))  # expect: none/left-tensorflow
        loss = bce(tf.ones_like(judged), judged)
    grads = tape.gradient(loss, gen.trainable_variables)  # status: none none none none
# %% generator trained on the discriminator's variables
with tf.GradientTape() as tape:
    fake = tf.concat([gen(tf.random.normal((16, 4)))] * 2, axis=1)
    judged = disc(fake)
    loss = bce(tf.ones_like(judged), judged)
grads = tape.gradient(loss, disc.trainable_variables)
gen_opt.apply_gradients(zip(grads, disc.trainable_variables))
# %% setup
import numpy as np
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(5)
x = tf.random.normal((8, 6, 3))

class Summary(keras.Model):
    def __init__(self):
        super().__init__()
        self.lstm = layers.LSTM(4, return_state=True)
        self.project = layers.Dense(4, activation="tanh")
        self.out = layers.Dense(1)

    def call(self, inputs):
        last, h, c = self.lstm(inputs)
        context = self.project(c)  # expect: none/discarded-result
        return self.out(last)

model = Summary()
y = tf.random.normal((8, 1))
model(x)
# %% the cell state is projected and forgotten
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2)
grads = tape.gradient(loss, model.trainable_variables)  # status: ok ok ok none none ok ok
# %% the cell state is projected and forgotten, fit
# allow: step/silently-skipped
model.compile("sgd", "mse")
model.fit(x, y, verbose=0)  # status: ok ok ok none none ok ok
# %% the cell state is projected and forgotten, train_on_batch
# allow: step/silently-skipped
model.compile("sgd", "mse", run_eagerly=True)
loss = model.train_on_batch(x, y)  # status: ok ok ok none none ok ok
# %% setup
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(6)

class Trainer(keras.Model):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            pred = self.net(x, training=True)
        loss = tf.reduce_mean((pred - y) ** 2)  # expect: none/outside-tape
        grads = tape.gradient(loss, self.net.trainable_variables)  # status: none none
        self.optimizer.apply_gradients(zip(grads, self.net.trainable_variables))
        return {"loss": loss}

trainer = Trainer(keras.Sequential([keras.Input((3,)), layers.Dense(1)]))
x, y = tf.random.normal((8, 3)), tf.random.normal((8, 1))
# %% the loss of a train step after its tape
# raises: ValueError
# allow: error/no-gradients-provided
trainer.compile("sgd")
trainer.fit(x, y, verbose=0)
# %% the loss of an eager train step after its tape
# raises: ValueError
# allow: error/no-gradients-provided
trainer.compile("sgd", run_eagerly=True)
trainer.fit(x, y, verbose=0)
# %% setup
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(7)

class Trainer(keras.Model):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self.net(x, training=True) - y) ** 2)
        grads = tape.gradient(loss, self.net.trainable_variables)  # expect: step/gradients-not-applied
        return {"loss": loss}

trainer = Trainer(keras.Sequential([keras.Input((3,)), layers.Dense(1)]))
x, y = tf.random.normal((8, 3)), tf.random.normal((8, 1))
# %% a train step that forgets to apply
trainer.compile("sgd")
trainer.fit(x, y, epochs=2, batch_size=4, verbose=0)
# %% setup
import numpy as np
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(8)
rng = np.random.default_rng(0)
x, y = rng.normal(size=(32, 4)).astype("float32"), rng.normal(size=(32, 1)).astype("float32")
dataset = tf.data.Dataset.from_tensor_slices((x, y)).batch(8)
model = keras.Sequential([keras.Input((4,)), layers.Dense(3, activation="tanh"), layers.Dense(1)])
# %% the scale of the loss stays too large
net = keras.Sequential([keras.Input((4,)), layers.Dense(3, dtype="mixed_float16"), layers.Dense(1, dtype="float32")])
opt = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01), initial_scale=2.0 ** 30)  # also: step/skipped-by-loss-scale
net.compile(opt, "mse")
net.fit(x * 100.0, y, batch_size=8, verbose=0)  # expect: step/skipped-by-loss-scale
# allow: nonfinite/overflow
# %% near: one step in six is skipped
net = keras.Sequential([keras.Input((4,)), layers.Dense(3, dtype="mixed_float16"), layers.Dense(1, dtype="float32")])
opt = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01), initial_scale=2.0 ** 17)
for epoch in range(3):
    for xb, yb in dataset:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((net(xb) - yb) ** 2)
            scaled = opt.scale_loss(loss)
        grads = tape.gradient(scaled, net.trainable_variables)
        opt.apply_gradients(zip(grads, net.trainable_variables))
# %% the target net assigned to itself
target = keras.models.clone_model(model)
target.set_weights(model.get_weights())
sgd = keras.optimizers.SGD(0.1)
for xb, yb in dataset:
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(xb) - (yb + 0.9 * target(xb))) ** 2)
    sgd.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
    for t in target.weights:
        t.assign(t)  # expect: step/trained-another-object or step/update-without-effect
# %% a learning rate of the schedule that is zero from the start
schedule = keras.optimizers.schedules.CosineDecay(0.0, 100)  # expect: step/update-without-effect
sgd = keras.optimizers.SGD(schedule)
for xb, yb in dataset:
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(xb) - yb) ** 2)
    sgd.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))  # also: step/update-without-effect
# %% the trainable flag kept from the first trace
for layer in model.layers[:1]:
    layer.trainable = False
sgd = keras.optimizers.SGD(0.1)
sgd.build(model.variables)
@tf.function
def step(xb, yb):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(xb) - yb) ** 2)
    grads = tape.gradient(loss, model.trainable_variables)  # also: step/stale-capture
    sgd.apply_gradients(zip(grads, model.trainable_variables))
    return loss
for i, (xb, yb) in enumerate(dataset):
    if i == 2:
        model.layers[0].trainable = True  # expect: step/stale-capture
    step(xb, yb)  # also: step/stale-capture
# %% a constraint that undoes each update
net = keras.Sequential([keras.Input((4,)), layers.Dense(1, use_bias=False, kernel_initializer="ones", kernel_constraint=lambda w: tf.ones_like(w))])  # expect: step/update-without-effect
sgd = keras.optimizers.SGD(0.1)
for xb, yb in dataset:
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((net(xb) - yb) ** 2)
    sgd.apply_gradients(zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables))  # also: step/update-without-effect
# %% two optimizers for one list
first, second = keras.optimizers.SGD(0.1), keras.optimizers.Adam(0.1)
for xb, yb in dataset:
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(xb) - yb) ** 2)
    grads = tape.gradient(loss, model.trainable_variables)
    first.apply_gradients(zip(grads, model.trainable_variables))  # also: step/updated-twice
    second.apply_gradients(zip(grads, model.trainable_variables))  # expect: step/updated-twice
# %% recurrent weights over one, eager
u = tf.Variable(3.0 * tf.eye(4), name="u")
k = tf.Variable(tf.random.normal((4, 4), seed=3), name="k")
with tf.GradientTape() as tape:
    h = tf.zeros((32, 4))
    for t in range(30):
        h = h @ u + x @ k  # expect: scale/exploding-through-depth
    loss = tf.reduce_mean(h ** 2)
grads = tape.gradient(loss, [u, k])  # status: exploding exploding
# %% near: two losses, two steps in one turn
one, two = keras.optimizers.SGD(0.01), keras.optimizers.SGD(0.01)
for xb, yb in dataset:
    for opt, loss_of in ((one, lambda p: tf.reduce_mean((p - yb) ** 2)), (two, lambda p: tf.reduce_mean(tf.abs(p - yb)))):
        with tf.GradientTape() as tape:
            loss = loss_of(model(xb))
        opt.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
# %% near: gradients only for a report
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2)
grads = tape.gradient(loss, model.trainable_variables)
for v, g in zip(model.trainable_variables, grads):
    print(v.path, float(tf.norm(g)))
# %% near: influence of every sample
norms = []
for i in range(6):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x[i:i + 1]) - y[i:i + 1]) ** 2)
    norms.append(float(tf.linalg.global_norm(tape.gradient(loss, model.trainable_variables))))
print(max(norms))
# %% near: a saved gradient is applied in the next cell
accumulated = []
for xb, yb in dataset:
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(xb) - yb) ** 2)
    accumulated.append(tape.gradient(loss, model.trainable_variables))
# %% near: integrated gradients
baseline, image = tf.zeros((1, 4)), tf.constant(x[:1])
total = tf.zeros_like(image)
for alpha in np.linspace(0.0, 1.0, 5):
    point = baseline + alpha * (image - baseline)
    with tf.GradientTape() as tape:
        tape.watch(point)
        score = model(point)
    total += tape.gradient(score, point)
attribution = (image - baseline) * total / 5.0
# %% near: a frozen layer's gradients are read for pruning
model.layers[0].trainable = False
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2)
grads = tape.gradient(loss, model.variables)  # status: ok ok ok ok
importance = [float(tf.reduce_sum(tf.abs(v * g))) for v, g in zip(model.variables, grads)]
# %% near: dead units in part of a wide layer
wide = keras.Sequential([keras.Input((4,)), layers.Dense(64, activation="relu"), layers.Dense(1, activation="relu", bias_initializer="ones")])
wide.compile("adam", "mse")
wide.fit(x, y, epochs=2, verbose=0)
# %% near: an argmax for the metric in the train step
classifier = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
labels = rng.integers(0, 3, 32)
adam = keras.optimizers.Adam()
hits = []
for i in range(0, 32, 8):
    with tf.GradientTape() as tape:
        logits = classifier(x[i:i + 8])
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels[i:i + 8], logits))
        hits.append(np.mean(np.argmax(logits.numpy(), axis=1) == labels[i:i + 8]))
    adam.apply_gradients(zip(tape.gradient(loss, classifier.trainable_variables), classifier.trainable_variables))
# %% near: curriculum that starts with an empty auxiliary loss
aux = layers.Dense(1)
aux.build((None, 4))
variables = model.trainable_variables + aux.trainable_variables
adam = keras.optimizers.Adam()
for i, (xb, yb) in enumerate(dataset):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(xb) - yb) ** 2) + min(i, 1) * tf.reduce_mean(aux(xb) ** 2)
    adam.apply_gradients(zip(tape.gradient(loss, variables), variables))
