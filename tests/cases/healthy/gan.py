import numpy as np
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(3)

generator = keras.Sequential([
    keras.Input((8,)), layers.Dense(4 * 4 * 8, use_bias=False), layers.BatchNormalization(), layers.LeakyReLU(), layers.Reshape((4, 4, 8)),
    layers.Conv2DTranspose(4, 3, strides=2, padding="same", use_bias=False), layers.BatchNormalization(), layers.LeakyReLU(),
    layers.Conv2DTranspose(1, 3, padding="same", activation="tanh"),
])
discriminator = keras.Sequential([
    keras.Input((8, 8, 1)), layers.Conv2D(8, 3, strides=2, padding="same"), layers.LeakyReLU(), layers.Dropout(0.3), layers.Flatten(), layers.Dense(1),
])
cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)
generator_optimizer, discriminator_optimizer = keras.optimizers.Adam(1e-4), keras.optimizers.SGD(1e-4)
images = np.random.default_rng(0).uniform(-1, 1, (32, 8, 8, 1)).astype("float32")

@tf.function
def train_step(batch):
    noise = tf.random.normal((tf.shape(batch)[0], 8))
    with tf.GradientTape() as gen_tape, tf.GradientTape() as disc_tape:
        fake = generator(noise, training=True)
        real_output = discriminator(batch, training=True)
        fake_output = discriminator(fake, training=True)
        gen_loss = cross_entropy(tf.ones_like(fake_output), fake_output)
        disc_loss = cross_entropy(tf.ones_like(real_output), real_output) + cross_entropy(tf.zeros_like(fake_output), fake_output)
    gen_grads = gen_tape.gradient(gen_loss, generator.trainable_variables)
    disc_grads = disc_tape.gradient(disc_loss, discriminator.trainable_variables)
    generator_optimizer.apply_gradients(zip(gen_grads, generator.trainable_variables))
    discriminator_optimizer.apply_gradients(zip(disc_grads, discriminator.trainable_variables))
    return gen_loss, disc_loss
# %% DCGAN with two tapes in one compiled step
for epoch in range(2):
    for batch in tf.data.Dataset.from_tensor_slices(images).shuffle(32, seed=1).batch(16):
        gen_loss, disc_loss = train_step(batch)
    print(f"epoch {epoch}: {gen_loss:.3f} {disc_loss:.3f}")
# %% setup
import numpy as np
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(4)

class WGAN(keras.Model):
    def __init__(self, critic, generator, latent=4, critic_steps=2, gp_weight=10.0):
        super().__init__()
        self.critic, self.generator = critic, generator
        self.latent, self.critic_steps, self.gp_weight = latent, critic_steps, gp_weight

    def compile(self, c_opt, g_opt, **kwargs):
        super().compile(**kwargs)
        self.c_opt, self.g_opt = c_opt, g_opt

    def penalty(self, real, fake):
        alpha = tf.random.uniform((tf.shape(real)[0], 1))
        mixed = real + alpha * (fake - real)
        with tf.GradientTape() as tape:
            tape.watch(mixed)
            score = self.critic(mixed, training=True)
        grads = tape.gradient(score, mixed)
        norm = tf.sqrt(tf.reduce_sum(tf.square(grads), axis=1) + 1e-12)
        return tf.reduce_mean((norm - 1.0) ** 2)

    def train_step(self, real):
        batch = tf.shape(real)[0]
        for _ in range(self.critic_steps):
            with tf.GradientTape() as tape:
                fake = self.generator(tf.random.normal((batch, self.latent)), training=True)
                cost = tf.reduce_mean(self.critic(fake)) - tf.reduce_mean(self.critic(real))
                c_loss = cost + self.gp_weight * self.penalty(real, fake)
            grads = tape.gradient(c_loss, self.critic.trainable_variables)  # status: ok ok ok zero
            self.c_opt.apply_gradients(zip(grads, self.critic.trainable_variables))
        with tf.GradientTape() as tape:
            g_loss = -tf.reduce_mean(self.critic(self.generator(tf.random.normal((batch, self.latent)), training=True)))
        grads = tape.gradient(g_loss, self.generator.trainable_variables)
        self.g_opt.apply_gradients(zip(grads, self.generator.trainable_variables))
        return {"c_loss": c_loss, "g_loss": g_loss}

critic = keras.Sequential([keras.Input((2,)), layers.Dense(16, activation="tanh"), layers.Dense(1)])
generator = keras.Sequential([keras.Input((4,)), layers.Dense(16, activation="relu"), layers.Dense(2)])
wgan = WGAN(critic, generator)
wgan.compile(keras.optimizers.Adam(1e-3, beta_1=0.5), keras.optimizers.RMSprop(1e-3))
data = np.random.default_rng(0).normal(2.0, 0.5, (64, 2)).astype("float32")
# %% WGAN-GP as a Keras model with its own train step
history = wgan.fit(data, batch_size=16, epochs=2, verbose=0)
# %% setup
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(5)

def mapper(name):
    return keras.Sequential([keras.Input((6,)), layers.Dense(12, activation="relu"), layers.Dense(6)], name=name)

def judge(name):
    return keras.Sequential([keras.Input((6,)), layers.Dense(12), layers.LeakyReLU(0.2), layers.Dense(1)], name=name)

g, f, d_x, d_y = mapper("g"), mapper("f"), judge("d_x"), judge("d_y")
opts = {m.name: keras.optimizers.Adam(2e-4, beta_1=0.5) for m in (g, f, d_x, d_y)}
bce = keras.losses.BinaryCrossentropy(from_logits=True)
real_x, real_y = tf.random.normal((16, 6)), tf.random.normal((16, 6)) + 1.0
# %% CycleGAN with one persistent tape and four optimizers
for step in range(2):
    with tf.GradientTape(persistent=True) as tape:
        fake_y, fake_x = g(real_x, training=True), f(real_y, training=True)
        cycled_x, cycled_y = f(fake_y, training=True), g(fake_x, training=True)
        same_x, same_y = f(real_x, training=True), g(real_y, training=True)
        disc_fake_x, disc_fake_y = d_x(fake_x), d_y(fake_y)
        disc_real_x, disc_real_y = d_x(real_x), d_y(real_y)
        cycle = 10.0 * (tf.reduce_mean(tf.abs(real_x - cycled_x)) + tf.reduce_mean(tf.abs(real_y - cycled_y)))
        total_g = bce(tf.ones_like(disc_fake_y), disc_fake_y) + cycle + 5.0 * tf.reduce_mean(tf.abs(real_y - same_y))
        total_f = bce(tf.ones_like(disc_fake_x), disc_fake_x) + cycle + 5.0 * tf.reduce_mean(tf.abs(real_x - same_x))
        loss_x = 0.5 * (bce(tf.ones_like(disc_real_x), disc_real_x) + bce(tf.zeros_like(disc_fake_x), disc_fake_x))
        loss_y = 0.5 * (bce(tf.ones_like(disc_real_y), disc_real_y) + bce(tf.zeros_like(disc_fake_y), disc_fake_y))
    for loss, model in ((total_g, g), (total_f, f), (loss_x, d_x), (loss_y, d_y)):
        grads = tape.gradient(loss, model.trainable_variables)
        opts[model.name].apply_gradients(zip(grads, model.trainable_variables))
    del tape
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(6)
gen = keras.Sequential([keras.Input((3,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(2)])
disc = keras.Sequential([keras.Input((2,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1)])
gen_opt, disc_opt = keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3)
bce = keras.losses.BinaryCrossentropy(from_logits=True)
real = tf.random.normal((16, 2)) + 2.0
# %% the discriminator step on generated numbers of a NumPy batch
for step in range(3):
    fake = gen(tf.random.normal((16, 3))).numpy()
    with tf.GradientTape() as tape:
        loss = bce(tf.ones((16, 1)), disc(real)) + bce(tf.zeros((16, 1)), disc(fake))
    disc_opt.apply_gradients(zip(tape.gradient(loss, disc.trainable_variables), disc.trainable_variables))
    with tf.GradientTape() as tape:
        loss = bce(tf.ones((16, 1)), disc(gen(tf.random.normal((16, 3)))))
    gen_opt.apply_gradients(zip(tape.gradient(loss, gen.trainable_variables), gen.trainable_variables))
# %% Hinge loss with a stopped fake
with tf.GradientTape() as tape:
    fake = tf.stop_gradient(gen(tf.random.normal((16, 3))))
    loss = tf.reduce_mean(tf.nn.relu(1.0 - disc(real))) + tf.reduce_mean(tf.nn.relu(1.0 + disc(fake)))
grads = tape.gradient(loss, disc.trainable_variables)
disc_opt.apply_gradients(zip(grads, disc.trainable_variables))
