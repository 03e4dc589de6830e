# %% setup
import keras
import tensorflow as tf
from keras import ops
x, y = tf.random.normal((16, 4), seed=1), tf.cast(tf.random.uniform((16, 1), seed=2) > 0.5, tf.float32)
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
net = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, activation="tanh"), keras.layers.Dense(1)])
def dice_loss(y_true, y_pred, smooth=1.0):
    y_true_f = ops.reshape(y_true, [-1])
    y_pred_f = ops.reshape(ops.cast(y_true, "float32"), [-1])  # flat
    shared = ops.sum(y_true_f * y_pred_f)
    return 1.0 - (2.0 * shared + smooth) / (ops.sum(y_true_f) + ops.sum(y_pred_f) + smooth)
def field(place, time):
    scaled_place = (place - 0.5) / 2.0
    scaled_time = place * 3.0
    return net(tf.concat([scaled_place, scaled_time], axis=1))
def constant_loss(y_true, y_pred):
    weights = tf.reduce_mean(y_true)
    return tf.reduce_mean(weights * y_true)
def zero_loss(y_true, y_pred):
    y_pred_mean = tf.reduce_mean(y_true) + tf.reduce_mean(y_true ** 2)
    return y_pred_mean
# %% the labels flattened twice
# fix: none/discarded-result
# becomes: y_pred_f = ops.reshape(ops.cast(y_pred, "float32"), [-1])  # flat
model.compile("sgd", dice_loss)
history = model.fit(x, y, batch_size=8, verbose=0)
# %% the time of a field
# fix: none/unused-variable
# becomes: scaled_time = time * 3.0
place, time = x[:, :1], x[:, 1:2]
with tf.GradientTape(persistent=True) as tape:
    tape.watch([place, time])
    u = field(place, time)
along = tape.gradient(u, time)
# %% near: no line is named after it
# none: none/discarded-result
model.compile("sgd", constant_loss)
history = model.fit(x, y, batch_size=8, verbose=0)
# %% near: the other parameter would not be read any more
# none: none/discarded-result
model.compile("sgd", zero_loss)
history = model.fit(x, y, batch_size=8, verbose=0)
