import tensorflow as tf
w = tf.Variable([[0.3], [0.4]], name="w")
v = tf.Variable([[0.3, 0.1], [0.4, 0.2]], name="v")
x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
truth = tf.constant([[0.0], [1.0]])
# %% one unit
with tf.GradientTape() as tape:
    p = tf.nn.softmax(x @ w)  # expect: zero/single-unit-softmax
    loss = tf.reduce_mean((p - 0.5) ** 2)
grad = tape.gradient(loss, w)
# %% near: two units
with tf.GradientTape() as tape:
    p = tf.nn.softmax(x @ v)
    loss = tf.reduce_mean((p - 0.7) ** 2)
grad = tape.gradient(loss, v)
# %% labels of 0 and 1 beside one logit
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=truth, logits=x @ w))  # expect: zero/single-unit-softmax
grad = tape.gradient(loss, w)
# %% a sigmoid under the loss for classes
import keras
unit = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, activation="tanh"), keras.layers.Dense(1, activation="sigmoid")])
unit.compile("sgd", "categorical_crossentropy")
unit.fit(x, truth, epochs=2, verbose=0)  # expect: zero/single-unit-softmax
# %% near: one logit under the binary loss, beside an unused loss for classes
with tf.GradientTape() as tape:
    unused = tf.nn.softmax_cross_entropy_with_logits(labels=truth, logits=x @ w)
    loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=truth, logits=x @ w))
grad = tape.gradient(loss, w)
# %% near: two logits
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=[[0.0, 1.0], [1.0, 0.0]], logits=x @ v))
grad = tape.gradient(loss, v)
