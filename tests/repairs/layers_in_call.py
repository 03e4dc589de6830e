# %% setup
import keras
import tensorflow as tf
width = 5
class Block(keras.layers.Layer):
    def __init__(self, size, norm=True):
        super().__init__()
        self.size = size
        self.norm = norm
    def call(self, x):
        shift = keras.layers.Dense(self.size, use_bias=False)
        h = shift(x) + keras.layers.Dense(self.size, activation="relu")(x)
        return keras.layers.Dense(width)(h) if self.norm else h
class Deep(keras.Model):
    def __init__(self, dense):
        super().__init__()
        self.dense = dense
        self.last = keras.layers.Dense(1)
    def call(self, x):
        return self.last(keras.layers.Dense(4)(self.dense(x)))
class Fitting(keras.layers.Layer):
    def __init__(self):
        super().__init__()
    def call(self, x):
        size = x.shape[-1] * 2
        return keras.layers.Dense(size)(x)
class Rows(keras.layers.Layer):
    def __init__(self, count):
        super().__init__()
        self.count = count
    def call(self, x):
        for _ in range(self.count):
            x = keras.layers.Dense(3)(x)
        return x
def stepped(net, x):
    with tf.GradientTape() as tape:
        error = tf.reduce_mean(tf.square(net(x) - 1.0))
    grads = tape.gradient(error, net.trainable_variables)
    optimizer.apply_gradients(zip(grads, net.trainable_variables))
inputs = tf.random.normal((6, 3), seed=4)
optimizer = keras.optimizers.SGD(0.01)
# %% several layers of a method
# fix: step/untracked-variable
# becomes: self.shift = keras.layers.Dense(self.size, use_bias=False)
# becomes: self.dense = keras.layers.Dense(self.size, activation="relu")
# becomes: self.dense_2 = keras.layers.Dense(width)
# becomes: shift = self.shift
# becomes: h = shift(x) + self.dense(x)
# becomes: return self.dense_2(h) if self.norm else h
class Whole(keras.Model):
    def __init__(self):
        super().__init__()
        self.block, self.out = Block(4), keras.layers.Dense(1)
    def call(self, x):
        return self.out(self.block(x))
stepped(Whole(), inputs)
# %% beside an attribute of the name
# fix: step/untracked-variable
# becomes: self.dense_2 = keras.layers.Dense(4)
# becomes: return self.last(self.dense_2(self.dense(x)))
stepped(Deep(keras.layers.Dense(3)), inputs)
# %% near: a size that the input has
# none: step/untracked-variable
class Whole(keras.Model):
    def __init__(self):
        super().__init__()
        self.block, self.out = Fitting(), keras.layers.Dense(1)
    def call(self, x):
        return self.out(self.block(x))
stepped(Whole(), inputs)
# %% near: as many as a loop has turns
# none: step/untracked-variable
class Whole(keras.Model):
    def __init__(self):
        super().__init__()
        self.block, self.out = Rows(2), keras.layers.Dense(1)
    def call(self, x):
        return self.out(self.block(x))
stepped(Whole(), inputs)
# %% a class without a constructor
# fix: step/untracked-variable
# becomes: def __init__(self, **kwargs):
# becomes: super().__init__(**kwargs)
# becomes: self.query = keras.layers.Dense(4, use_bias=False)
# becomes: query = self.query
class Attention(keras.layers.Layer):
    def call(self, tokens):
        query = keras.layers.Dense(4, use_bias=False)
        query = query(tokens)
        return tf.matmul(tf.nn.softmax(tf.matmul(query, tokens, transpose_b=True)), tokens)
class Reader(keras.Model):
    def __init__(self):
        super().__init__()
        self.attention, self.out = Attention(), keras.layers.Dense(1)
    def call(self, tokens):
        return self.out(self.attention(tokens))
reader = Reader()
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(reader(tf.ones((2, 3, 4))) ** 2)
grads = tape.gradient(loss, reader.trainable_variables)
keras.optimizers.SGD(0.1).apply_gradients(zip(grads, reader.trainable_variables))
