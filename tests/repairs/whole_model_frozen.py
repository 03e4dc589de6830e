# %% setup
import keras
import tensorflow as tf
x, y = tf.random.normal((16, 4), seed=1), tf.random.normal((16, 1), seed=2)
base = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="tanh")])
stacked = keras.Sequential([base, keras.layers.Dense(1)])
stacked(x)
inputs = keras.Input((4,))
functional = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Dropout(0.1)(base(inputs, training=False))))
class Classifier(keras.Model):
    def __init__(self, backbone):
        super().__init__()
        self.backbone, self.extra = None, keras.layers.Dense(2)
        self.backbone = backbone
        self.head = keras.layers.Dense(1)
    def call(self, x):
        return self.head(self.extra(self.backbone(x)))
whole = Classifier(base)
whole(x)
flat = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(1)])
optimizer = keras.optimizers.SGD(0.1)
def train(model):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    grads = tape.gradient(loss, model.trainable_weights)
    optimizer.apply_gradients(zip(grads, model.trainable_weights))
# %% a row of layers on a base of an earlier cell
# fix: error/no-loss
# becomes: base.trainable = False
# gone: stacked.trainable = False
stacked.trainable = False
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(stacked(x) - y))
grads = tape.gradient(loss, stacked.trainable_weights)
optimizer.apply_gradients(zip(grads, stacked.trainable_weights))
# %% a model of inputs and outputs
# fix: error/no-loss
# becomes: base.trainable = False
functional.trainable = False
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(functional(x) - y))
grads = tape.gradient(loss, functional.trainable_variables)
optimizer.apply_gradients(zip(grads, functional.trainable_variables))
# %% a class of one's own
# fix: error/no-loss
# becomes: whole.backbone.trainable = False
whole.trainable = False
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(whole(x) - y))
grads = tape.gradient(loss, whole.trainable_variables)
optimizer.apply_gradients(zip(grads, whole.trainable_variables))
# %% layer by layer
# fix: error/no-loss
# becomes: body.trainable = False
body = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
row = keras.Sequential()
row.add(body)
row.add(keras.layers.Dense(1))
row.trainable = False
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(row(x) - y))
grads = tape.gradient(loss, row.trainable_variables)
optimizer.apply_gradients(zip(grads, row.trainable_variables))
# %% a model on no other
# none: error/no-loss
flat.trainable = False
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(flat(x) - y))
grads = tape.gradient(loss, flat.trainable_variables)
optimizer.apply_gradients(zip(grads, flat.trainable_variables))
# %% fit, layer by layer in one line
# fix: step/update-without-effect
# becomes: for layer in net.layers[:-1]: layer.trainable = False
net = keras.models.clone_model(flat)
for layer in net.layers: layer.trainable = False
net.compile("sgd", "mse")
net.fit(x, y, verbose=0)
# %% fit, a model on another one
# fix: step/update-without-effect
# becomes: base.trainable = False
stacked.trainable = False
stacked.compile("sgd", "mse")
stacked.fit(x, y, verbose=0)
# %% every layer in a loop, before `fit`
# fix: step/update-without-effect
# becomes: for layer in base.layers:
model = keras.Sequential([base, keras.layers.Dense(1)])
for layer in model.layers:
    layer.trainable = False
model.compile("sgd", "mse")
model.fit(x, y, verbose=0)
