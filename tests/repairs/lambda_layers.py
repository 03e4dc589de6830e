# %% setup
import keras
import tensorflow as tf
from keras import layers
keras.utils.set_random_seed(3)
x, y = tf.random.normal((16, 6)), tf.random.uniform((16,), 0, 3, tf.int32)
projection = layers.Dense(5, name="projection")
projection.build((None, 8))
other = layers.Dense(5, name="other")
other.build((None, 8))
def project(features):
    return tf.math.l2_normalize(projection(features), axis=-1)
inputs = keras.Input((6,))
features = layers.Dense(8, activation="relu")(inputs)
embedding = layers.Lambda(project, output_shape=(5,))(features)
net = keras.Model(inputs, layers.Dense(3, activation="softmax")(embedding))
net.compile("sgd", "sparse_categorical_crossentropy")
short = keras.Model(inputs, layers.Dense(3, activation="softmax")(layers.Lambda(lambda h: tf.nn.relu(other(h)), output_shape=(5,))(features)))
short.compile("sgd", "sparse_categorical_crossentropy")
def mixed(h):
    return tf.math.l2_normalize(projection(h), axis=-1) + tf.reduce_mean(h)
twice = keras.Model(inputs, layers.Dense(3, activation="softmax")(layers.Lambda(mixed, output_shape=(5,))(features)))
twice.compile("sgd", "sparse_categorical_crossentropy")
# %% a function that goes on with TensorFlow
# fix: step/untracked-variable
# becomes: return tf.math.l2_normalize(features, axis=-1)
# becomes: embedding = layers.Lambda(project, output_shape=(5,))(projection(features))
net.fit(x, y, epochs=1, verbose=0)
# %% a lambda that goes on with TensorFlow
# untried: step/untracked-variable
# becomes: short = keras.Model(inputs, layers.Dense(3, activation="softmax")(layers.Lambda(lambda h: tf.nn.relu(h), output_shape=(5,))(other(features))))
short.fit(x, y, epochs=1, verbose=0)
# %% near: the input is used twice
# none: step/untracked-variable
twice.fit(x, y, epochs=1, verbose=0)
# %% a Lambda with a name, of two inputs
# fix: step/untracked-variable
# becomes: left, right = [shared(a), shared(b)]
# gone: towers = keras.layers.Lambda(lambda given: [shared(given[0]), shared(given[1])])
a, b = keras.Input((4,)), keras.Input((4,))
shared = keras.layers.Dense(3, activation="tanh")
shared.build((None, 4))
towers = keras.layers.Lambda(lambda given: [shared(given[0]), shared(given[1])])
left, right = towers([a, b])
twin = keras.Model([a, b], keras.layers.Dense(1)(keras.layers.Concatenate()([left, right])))
twin.compile("sgd", "mse")
twin.fit([tf.random.normal((8, 4)), tf.random.normal((8, 4))], tf.zeros((8, 1)), verbose=0)
