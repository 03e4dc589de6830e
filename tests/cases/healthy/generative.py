import numpy as np
import tensorflow as tf
import keras
from keras import layers, ops
keras.utils.set_random_seed(10)

class Sampling(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator(1337)

    def call(self, inputs):
        mean, log_var = inputs
        return mean + ops.exp(0.5 * log_var) * keras.random.normal(ops.shape(mean), seed=self.seed_generator)

class VAE(keras.Model):
    def __init__(self, encoder, decoder, **kwargs):
        super().__init__(**kwargs)
        self.encoder, self.decoder = encoder, decoder
        self.total = keras.metrics.Mean(name="total_loss")

    @property
    def metrics(self):
        return [self.total]

    def train_step(self, data):
        with tf.GradientTape() as tape:
            mean, log_var, z = self.encoder(data)
            rebuilt = self.decoder(z)
            rebuild_loss = ops.mean(ops.sum(keras.losses.binary_crossentropy(data, rebuilt)))
            kl = ops.mean(ops.sum(-0.5 * (1 + log_var - ops.square(mean) - ops.exp(log_var)), axis=1))
            loss = rebuild_loss + kl
        grads = tape.gradient(loss, self.trainable_weights)
        self.optimizer.apply_gradients(zip(grads, self.trainable_weights))
        self.total.update_state(loss)
        return {"loss": self.total.result()}

inputs = keras.Input((12,))
h = layers.Dense(16, activation="relu")(inputs)
z_mean, z_log_var = layers.Dense(2, name="z_mean")(h), layers.Dense(2, name="z_log_var")(h)
encoder = keras.Model(inputs, [z_mean, z_log_var, Sampling()([z_mean, z_log_var])])
decoder = keras.Sequential([keras.Input((2,)), layers.Dense(16, activation="relu"), layers.Dense(12, activation="sigmoid")])
vae = VAE(encoder, decoder)
vae.compile(optimizer=keras.optimizers.Adam(1e-3))
data = np.random.default_rng(0).uniform(size=(64, 12)).astype("float32")
# %% VAE of the Keras examples, compiled fit
history = vae.fit(data, epochs=2, batch_size=32, verbose=0)
# %% setup
import numpy as np
import tensorflow as tf
import keras
keras.utils.set_random_seed(11)
encoder = keras.Sequential([keras.Input((10,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(4)])
decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(10)])
optimizer = keras.optimizers.Adam(1e-3)
x = tf.cast(tf.random.uniform((32, 10)) > 0.5, tf.float32)

def log_normal(sample, mean, logvar):
    return tf.reduce_sum(-0.5 * ((sample - mean) ** 2 * tf.exp(-logvar) + logvar + tf.math.log(2.0 * np.pi)), axis=1)

def elbo_loss(x):
    mean, logvar = tf.split(encoder(x), 2, axis=1)
    z = mean + tf.random.normal(tf.shape(mean)) * tf.exp(0.5 * logvar)
    logits = decoder(z)
    logpx = -tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(logits=logits, labels=x), axis=1)
    return -tf.reduce_mean(logpx + log_normal(z, 0.0, 0.0) - log_normal(z, mean, logvar))
# %% CVAE of the TensorFlow tutorials
variables = encoder.trainable_variables + decoder.trainable_variables
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = elbo_loss(x)
    optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
# %% setup
import numpy as np
import tensorflow as tf
import keras
keras.utils.set_random_seed(12)

class Coupling(keras.layers.Layer):
    def __init__(self, mask):
        super().__init__()
        self.mask = tf.constant(mask)
        self.scale = keras.Sequential([keras.layers.Dense(16, activation="relu"), keras.layers.Dense(2, activation="tanh")])
        self.shift = keras.Sequential([keras.layers.Dense(16, activation="relu"), keras.layers.Dense(2)])

    def call(self, x):
        kept = x * self.mask
        s, t = self.scale(kept) * (1.0 - self.mask), self.shift(kept) * (1.0 - self.mask)
        return kept + (1.0 - self.mask) * (x * tf.exp(s) + t), tf.reduce_sum(s, axis=1)

class RealNVP(keras.Model):
    def __init__(self):
        super().__init__()
        self.couplings = [Coupling([0.0, 1.0]), Coupling([1.0, 0.0]), Coupling([0.0, 1.0])]

    def log_prob(self, x):
        total = 0.0
        for coupling in self.couplings:
            x, logdet = coupling(x)
            total += logdet
        return total - 0.5 * tf.reduce_sum(x ** 2, axis=1) - np.log(2.0 * np.pi)

flow = RealNVP()
points = tf.random.normal((64, 2)) * 0.5 + 1.0
flow.log_prob(points)
optimizer = keras.optimizers.Adam(1e-3)
# %% normalizing flow
for _ in range(3):
    with tf.GradientTape() as tape:
        nll = -tf.reduce_mean(flow.log_prob(points))
    grads = tape.gradient(nll, flow.trainable_variables)
    optimizer.apply_gradients(zip(grads, flow.trainable_variables))
# %% setup
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(13)

class VectorQuantizer(layers.Layer):
    def __init__(self, num, dim, beta=0.25):
        super().__init__()
        self.num, self.dim, self.beta = num, dim, beta
        self.codes = self.add_weight(shape=(dim, num), initializer="random_uniform", name="codes")

    def call(self, x):
        distances = tf.reduce_sum(x ** 2, axis=1, keepdims=True) + tf.reduce_sum(self.codes ** 2, axis=0) - 2 * tf.matmul(x, self.codes)
        one_hot = tf.one_hot(tf.argmin(distances, axis=1), self.num)
        quantized = tf.matmul(one_hot, self.codes, transpose_b=True)
        commitment = tf.reduce_mean((tf.stop_gradient(quantized) - x) ** 2)
        codebook = tf.reduce_mean((quantized - tf.stop_gradient(x)) ** 2)
        self.add_loss(self.beta * commitment + codebook)
        return x + tf.stop_gradient(quantized - x)

vq = VectorQuantizer(8, 4)
model = keras.Sequential([keras.Input((6,)), layers.Dense(4), vq, layers.Dense(6)])
x = tf.random.normal((32, 6))
optimizer = keras.optimizers.Adam(1e-3)
# %% VQ-VAE with straight through and added losses
for _ in range(3):
    with tf.GradientTape() as tape:
        rebuilt = model(x, training=True)
        loss = tf.reduce_mean((x - rebuilt) ** 2) + sum(model.losses)
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
# %% the same, compiled fit
model.compile("adam", "mse")
model.fit(x, x, epochs=2, verbose=0)
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(14)
logits_net = keras.Sequential([keras.Input((5,)), keras.layers.Dense(3)])
readout = keras.layers.Dense(1)
readout.build((None, 3))
x, y = tf.random.normal((32, 5)), tf.random.normal((32, 1))

def gumbel_softmax(logits, temperature, hard=False):
    noise = -tf.math.log(-tf.math.log(tf.random.uniform(tf.shape(logits), 1e-6, 1.0 - 1e-6)))
    soft = tf.nn.softmax((logits + noise) / temperature)
    if not hard:
        return soft
    one_hot = tf.one_hot(tf.argmax(soft, axis=-1), logits.shape[-1])
    return tf.stop_gradient(one_hot - soft) + soft
# %% Gumbel softmax, soft and hard
variables = logits_net.trainable_variables + readout.trainable_variables
for hard in (False, True):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((readout(gumbel_softmax(logits_net(x), 0.7, hard)) - y) ** 2)
    grads = tape.gradient(loss, variables)
    print(hard, [float(tf.norm(g)) for g in grads])
# %% gradients of two settings, not looked at
for hard in (False, True):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((readout(gumbel_softmax(logits_net(x), 0.7, hard)) - y) ** 2)
    grads = tape.gradient(loss, logits_net.trainable_variables)
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(15)
denoiser = keras.Sequential([keras.Input((5,)), keras.layers.Dense(32, activation="swish"), keras.layers.Dense(4)])
ema = keras.models.clone_model(denoiser)
ema.set_weights(denoiser.get_weights())
betas = tf.linspace(1e-4, 0.02, 50)
alpha_bar = tf.math.cumprod(1.0 - betas)
optimizer = keras.optimizers.AdamW(1e-3, weight_decay=1e-4)
data = tf.random.normal((64, 4))
# %% diffusion model with an average of its weights
for _ in range(3):
    t = tf.random.uniform((64,), maxval=50, dtype=tf.int32)
    a = tf.gather(alpha_bar, t)[:, None]
    noise = tf.random.normal((64, 4))
    noisy = tf.sqrt(a) * data + tf.sqrt(1.0 - a) * noise
    with tf.GradientTape() as tape:
        predicted = denoiser(tf.concat([noisy, tf.cast(t, tf.float32)[:, None] / 50.0], axis=1), training=True)
        loss = tf.reduce_mean((noise - predicted) ** 2)
    grads = tape.gradient(loss, denoiser.trainable_weights)
    optimizer.apply_gradients(zip(grads, denoiser.trainable_weights))
    for weight, average in zip(denoiser.weights, ema.weights):
        average.assign(0.99 * average + 0.01 * weight)
