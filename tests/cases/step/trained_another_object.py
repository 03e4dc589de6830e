import tensorflow as tf
import keras
keras.utils.set_random_seed(0)
x, y = tf.random.normal((16, 3)), tf.random.normal((16, 1))
def train(net):
    optimizer = keras.optimizers.SGD(0.1)
    for _ in range(3):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x) - y))
        grads = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(grads, net.trainable_variables))
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="tanh"), keras.layers.Dense(1)])
# %% a clone is trained
copy = keras.models.clone_model(model)
train(copy)
error = float(tf.reduce_mean(tf.square(model(x) - y)))  # expect: step/trained-another-object
# %% near: the clone is evaluated
copy = keras.models.clone_model(model)
train(copy)
error = float(tf.reduce_mean(tf.square(copy(x) - y)))
# %% near: the weights are copied back
copy = keras.models.clone_model(model)
train(copy)
model.set_weights(copy.get_weights())
error = float(tf.reduce_mean(tf.square(model(x) - y)))
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(0)
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))
def build():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
student, teacher = build(), build()
sgd = keras.optimizers.SGD(0.1)
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((student(x) - y) ** 2)
    sgd.apply_gradients(zip(tape.gradient(loss, student.trainable_variables), student.trainable_variables))
# %% an average that is assigned to nothing
for _ in range(3):
    step()
    averaged = [0.9 * t + 0.1 * s for t, s in zip(teacher.weights, student.weights)]  # expect: step/trained-another-object
# %% near: an average that is assigned
for _ in range(3):
    step()
    for t, s in zip(teacher.weights, student.weights):
        t.assign(0.9 * t + 0.1 * s)
# %% near: an average that is kept as tensors
averaged = teacher.weights
for _ in range(3):
    step()
    averaged = [0.9 * t + 0.1 * s for t, s in zip(averaged, student.weights)]
# %% near: an average that is set at the end
for _ in range(3):
    step()
    averaged = [0.9 * t + 0.1 * s for t, s in zip(teacher.weights, student.weights)]
    teacher.set_weights([a.numpy() for a in averaged])
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(4)
x, y = tf.random.normal((32, 3)), tf.random.normal((32, 1))
def critic():
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(6, activation="tanh"), keras.layers.Dense(1)])
online, slow = critic(), critic()
slow.set_weights(online.get_weights())
adam = keras.optimizers.Adam(0.01)
def learn():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((online(x) - 0.9 * slow(x) - y) ** 2)
    adam.apply_gradients(zip(tape.gradient(loss, online.trainable_variables), online.trainable_variables))
def follow(share, source):
    new = []
    for old, fresh in zip(slow.get_weights(), source.get_weights()):
        new.append((1.0 - share) * old + share * fresh)
    slow.set_weights(new)  # expect: step/trained-another-object
# %% a slow copy that follows itself
for _ in range(4):
    learn()
    follow(0.01, slow)
# %% near: a slow copy that follows the trained one
for _ in range(4):
    learn()
    follow(1e-4, online)
# %% near: set back to the start before each of several trainings
start = online.get_weights()
for _ in range(4):
    online.set_weights(start)
    learn()
    print(float(tf.reduce_mean((online(x) - y) ** 2)))
# %% near: copied while nothing is trained
for _ in range(4):
    slow.set_weights(online.get_weights())
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(0)
inputs = keras.Input((4,))
hidden = keras.layers.Dense(5, activation="tanh")(inputs)
values = keras.layers.Dense(2)(hidden)
online = keras.Model(inputs, values)
behind = keras.Model(inputs, values)
alias = online
apart = keras.models.clone_model(online)
states, targets = tf.random.normal((12, 4)), tf.random.normal((12, 2))
optimizer = keras.optimizers.SGD(0.05)
def learn(goal):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(online(states) - goal))
    grads = tape.gradient(loss, online.trainable_variables)
    optimizer.apply_gradients(zip(grads, online.trainable_variables))
def follow(copy, source):
    for mine, theirs in zip(copy.weights, source.weights):
        mine.assign(theirs)  # expect: step/trained-another-object
# %% a copy that is made of the same layers
for step in range(6):
    learn(targets + 0.9 * behind(states))
    if step % 2:
        behind.set_weights(online.get_weights())  # expect: step/trained-another-object
# %% a copy that is the same model
for step in range(6):
    learn(targets + 0.9 * alias(states))
    if step % 3 == 2:
        alias.set_weights(online.get_weights())  # expect: step/trained-another-object
# %% variable by variable, in a function
for step in range(4):
    learn(targets + 0.9 * behind(states))
    follow(behind, online)
# %% near: a copy with weights of its own
apart.set_weights(online.get_weights())
for step in range(6):
    learn(targets + 0.9 * apart(states))
    if step % 2:
        apart.set_weights(online.get_weights())
# %% near: variable by variable, to a copy with weights of its own
for step in range(4):
    learn(targets + 0.9 * apart(states))
    follow(apart, online)
# %% near: put back to where it began
first = online.get_weights()
for step in range(3):
    learn(targets)
    last = online.get_weights()
online.set_weights(first)
online.set_weights(last)
# %% a copy that is made of the same layers, long ago
for step in range(11):
    learn(targets + 0.9 * behind(states))
    if step % 4 == 3:
        behind.set_weights(online.get_weights())  # expect: step/trained-another-object
# %% near: weights that are kept in bounds
for step in range(4):
    learn(targets)
    for v in online.trainable_variables:
        v.assign(tf.clip_by_value(v, -9.0, 9.0))
# %% near: put back to the weights of a copy that is not trained
for step in range(3):
    learn(targets)
    online.set_weights(apart.get_weights())
# allow: step/update-without-effect
# %% setup
import keras
import numpy as np
keras.utils.set_random_seed(21)
rng = np.random.default_rng(21)
x = rng.normal(size=(64, 4)).astype("float32")
y = x[:, :1] - 2.0 * x[:, 1:2]
def build():
    net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(6, activation="relu"), keras.layers.Dense(1)])
    net.compile("adam", "mse")
    return net
# %% a copy of the best state has none of its weights
model = build()
model.fit(x, y, epochs=2, verbose=0)
best_model = keras.models.clone_model(model)  # expect: step/trained-another-object
best_model.compile(loss="mse")
print(model.evaluate(x, y, verbose=0), best_model.evaluate(x, y, verbose=0))
# %% the copy of a function is predicted with
def deployed(net):
    return keras.models.clone_model(net)  # expect: step/trained-another-object
model = build()
model.fit(x, y, epochs=2, verbose=0)
server = deployed(model)
print(np.mean((server.predict(x, verbose=0) - y) ** 2))
# %% chosen in a loop
model, lowest, chosen = build(), np.inf, None
for epoch in range(3):
    loss = model.fit(x, y, verbose=0).history["loss"][0]
    if loss < lowest:
        lowest = loss
        chosen = keras.models.clone_model(model)  # expect: step/trained-another-object
print(model.predict(x, verbose=0)[0], chosen.predict(x, verbose=0)[0])
# %% from the configuration
model = build()
model.fit(x, y, epochs=2, verbose=0)
copied = keras.Sequential.from_config(model.get_config())  # expect: step/trained-another-object
print(model(x[:1]), copied(x[:1]))
# %% near: the weights are copied as well
model = build()
model.fit(x, y, epochs=2, verbose=0)
best_model = keras.models.clone_model(model)
best_model.set_weights(model.get_weights())
print(best_model.predict(x, verbose=0)[0])
# %% near: variable by variable
model = build()
model.fit(x, y, epochs=2, verbose=0)
best_model = keras.models.clone_model(model)
for mine, its in zip(best_model.variables, model.variables):
    mine.assign(its)
print(best_model.predict(x, verbose=0)[0])
# %% near: in a compiled function
import tensorflow as tf
model = build()
model.fit(x, y, epochs=2, verbose=0)
best_model = keras.models.clone_model(model)
@tf.function
def put(copy, source):
    for mine, its in zip(copy.variables, source.variables):
        mine.assign(its)
put(best_model, model)
print(best_model.predict(x, verbose=0)[0])
# %% near: a new model to compare with
model = build()
model.fit(x, y, epochs=2, verbose=0)
fresh = keras.models.clone_model(model)
fresh.compile(loss="mse")
print(model.evaluate(x, y, verbose=0), fresh.evaluate(x, y, verbose=0))
# %% near: another one, side by side
model = build()
model.fit(x, y, epochs=2, verbose=0)
other = keras.models.clone_model(model)
other.compile(loss="mse")
print(model.evaluate(x, y, verbose=0), other.evaluate(x, y, verbose=0))
# %% near: a student, as it is before it learns from the teacher
model = build()
model.fit(x, y, epochs=2, verbose=0)
student = keras.models.clone_model(model)
student.compile(loss="mse")
print(student.evaluate(x, y, verbose=0))
# %% near: what chance gives, beside the history of the training
model = build()
history = model.fit(x, y, epochs=2, verbose=0)
guessing = keras.models.clone_model(model)
guessing.compile(loss="mse")
print(history.history["loss"][-1], guessing.evaluate(x, y, verbose=0))
# %% near: a copy that was made before the training
model = build()
before = keras.models.clone_model(model)
model.fit(x, y, epochs=2, verbose=0)
print(model.predict(x, verbose=0)[0], before.predict(x, verbose=0)[0])
# %% near: a copy that is trained anew on a half of the data
model = build()
model.fit(x, y, verbose=0)
copy = keras.models.clone_model(model)
copy.compile("adam", "mse")
copy.fit(x[:32], y[:32], verbose=0)
print(copy.evaluate(x[32:], y[32:], verbose=0))
# %% near: a target network beside the one that learns
model = build()
model.fit(x, y, verbose=0)
target = keras.models.clone_model(model)
for _ in range(2):
    goal = y + 0.9 * target.predict(x, verbose=0)
    model.fit(x, goal, verbose=0)
print(model.predict(x, verbose=0)[0])
# %% near: an average of the weights
model = build()
model.fit(x, y, verbose=0)
average = keras.models.clone_model(model)
for _ in range(2):
    model.fit(x, y, verbose=0)
    average.set_weights([0.9 * a + 0.1 * b for a, b in zip(average.get_weights(), model.get_weights())])
print(average.predict(x, verbose=0)[0])
# %% a copy is saved, and never looked at
import pathlib
import tempfile
model = build()
model.fit(x, y, epochs=2, verbose=0)
archive = keras.models.clone_model(model)  # expect: step/trained-another-object
archive.save(pathlib.Path(tempfile.mkdtemp()) / "archive.keras")
print(model.evaluate(x, y, verbose=0))
# %% near: the layers alone are saved
import pathlib
import tempfile
model = build()
model.fit(x, y, epochs=2, verbose=0)
template = keras.Sequential.from_config(model.get_config())
template.save(pathlib.Path(tempfile.mkdtemp()) / "template.keras")
print(model.evaluate(x, y, verbose=0))
# %% near: a copy in a loop that gets the weights each time
model, lowest, best = build(), np.inf, None
for epoch in range(5):
    loss = model.fit(x, y, verbose=0).history["loss"][0]
    if loss < lowest:
        lowest = loss
        best = keras.models.clone_model(model)
        best.set_weights(model.get_weights())
print(model.predict(x, verbose=0)[0], best.predict(x, verbose=0)[0])
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(4)
x = tf.random.normal((24, 6))
kinds = tf.random.uniform((24,), 0, 3, tf.int32)
def features():
    entry = keras.Input((6,))
    h = keras.layers.Dense(10, activation="relu")(entry)
    return keras.Model(entry, keras.layers.Dense(4)(keras.layers.BatchNormalization()(h)))
def pretrain(net):
    adam, back = keras.optimizers.Adam(1e-2), keras.layers.Dense(6)
    back.build((None, 4))
    for _ in range(2):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((back(net(x, training=True)) - x) ** 2)
        wanted = net.trainable_variables + back.trainable_variables
        adam.apply_gradients(zip(tape.gradient(loss, wanted), wanted))
def classifier(base):
    base.trainable = False
    whole = keras.Sequential([base, keras.layers.Dense(3)])
    whole.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return whole
def head_on(base):
    head, adam = keras.layers.Dense(3), keras.optimizers.Adam(1e-2)
    head.build((None, 4))
    for _ in range(2):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(kinds, head(base(x)), from_logits=True))
        adam.apply_gradients(zip(tape.gradient(loss, head.trainable_variables), head.trainable_variables))
encoder = features()
# %% a new encoder is frozen in the place of the trained one
pretrain(encoder)
whole = classifier(features())  # expect: step/trained-another-object
whole.fit(x, kinds, verbose=0)
# %% a name of its own, and everything in one cell
learned = features()
pretrain(learned)
extractor = features()  # expect: step/trained-another-object
whole = classifier(extractor)
whole.fit(x, kinds, verbose=0)
# %% near: the trained one is frozen
pretrain(encoder)
whole = classifier(encoder)
whole.fit(x, kinds, verbose=0)
# %% near: its weights are copied
pretrain(encoder)
extractor = features()
extractor.set_weights(encoder.get_weights())
whole = classifier(extractor)
whole.fit(x, kinds, verbose=0)
# %% near: a random one to compare with
pretrain(encoder)
random_features = features()
whole = classifier(random_features)
whole.fit(x, kinds, verbose=0)
# %% near: both are looked at
pretrain(encoder)
for base in (features(), encoder):
    whole = classifier(base)  # note: step/recreated-every-step
    whole.fit(x, kinds, verbose=0)
# %% near: a predictor learns what a network with random weights gives
pretrain(encoder)
fixed, predictor = features(), features()
fixed.trainable = False
adam = keras.optimizers.Adam(1e-2)
for _ in range(2):
    with tf.GradientTape() as tape:
        surprise = tf.reduce_mean((predictor(x) - fixed(x)) ** 2)
    adam.apply_gradients(zip(tape.gradient(surprise, predictor.trainable_variables), predictor.trainable_variables))
