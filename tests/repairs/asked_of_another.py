# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(8)
def dense(inputs, outputs):
    return keras.Sequential([keras.Input((inputs,)), keras.layers.Dense(6, activation="tanh"), keras.layers.Dense(outputs)])
generator, discriminator = dense(4, 3), dense(3, 1)
bce = keras.losses.BinaryCrossentropy(from_logits=True)
gen_optimizer, disc_optimizer = keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1)
real = tf.random.normal((16, 3), seed=1)
def train_step(images):
    with tf.GradientTape() as gen_tape, tf.GradientTape() as disc_tape:
        fake = generator(tf.random.normal((16, 4)))
        on_real, on_fake = discriminator(images), discriminator(fake)
        gen_loss = bce(tf.ones_like(on_fake), on_fake)
        disc_loss = bce(tf.ones_like(on_real), on_real) + bce(tf.zeros_like(on_fake), on_fake)
    gen_grads = gen_tape.gradient(gen_loss, discriminator.trainable_variables)
    disc_grads = disc_tape.gradient(disc_loss, discriminator.trainable_variables)
    gen_optimizer.apply_gradients(zip(gen_grads, discriminator.trainable_variables))
    disc_optimizer.apply_gradients(zip(disc_grads, discriminator.trainable_variables))
class Adversarial(keras.Model):
    def __init__(self, g, d):
        super().__init__()
        self.g, self.d = g, d
    def train_step(self, images):
        with tf.GradientTape(persistent=True) as tape:
            fake = self.g(tf.random.normal((16, 4)))
            on_real, on_fake = self.d(images), self.d(fake)
            d_loss = bce(tf.ones_like(on_real), on_real) + bce(tf.zeros_like(on_fake), on_fake)
            g_loss = bce(tf.ones_like(on_fake), on_fake)
        gg = tape.gradient(g_loss, self.d.trainable_weights)
        dg = tape.gradient(d_loss, self.d.trainable_weights)
        gen_optimizer.apply_gradients(zip(gg, self.d.trainable_weights))
        disc_optimizer.apply_gradients(zip(dg, self.d.trainable_weights))
        return {"g": g_loss, "d": d_loss}
def two_scores(images):
    with tf.GradientTape(persistent=True) as tape:
        features = generator(tf.random.normal((16, 4)))
        first = tf.reduce_mean(discriminator(features) ** 2)
        second = tf.reduce_mean((discriminator(features) - 1.0) ** 2)
    one = tape.gradient(first, discriminator.trainable_variables)
    other = tape.gradient(second, discriminator.trainable_variables)
    disc_optimizer.apply_gradients(zip([a + b for a, b in zip(one, other)], discriminator.trainable_variables))
# %% in a function
# fix: step/untracked-variable
# becomes: gen_grads = gen_tape.gradient(gen_loss, generator.trainable_variables)
# becomes: disc_grads = disc_tape.gradient(disc_loss, discriminator.trainable_variables)
# becomes: gen_optimizer.apply_gradients(zip(gen_grads, generator.trainable_variables))
for _ in range(3):
    train_step(real)
# %% in a class
# fix: step/untracked-variable
# becomes: gg = tape.gradient(g_loss, self.g.trainable_weights)
# becomes: dg = tape.gradient(d_loss, self.d.trainable_weights)
# becomes: gen_optimizer.apply_gradients(zip(gg, self.g.trainable_weights))
gan = Adversarial(dense(4, 3), dense(3, 1))
gan.compile()
gen_optimizer, disc_optimizer = keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1)
gan.fit(real, batch_size=16, epochs=2, verbose=0)
# %% near: names that say nothing
# none: step/untracked-variable
for _ in range(3):
    two_scores(real)
