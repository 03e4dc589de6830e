# %% setup
import keras
import tensorflow as tf
generator = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(6)])
critic = keras.Sequential([keras.Input((6,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1)])
adam_g, adam_c = keras.optimizers.Adam(1e-4), keras.optimizers.Adam(1e-4)
real = tf.random.normal((16, 6), seed=1)
a, b = tf.Variable(tf.ones((2, 3))), tf.Variable(tf.ones((3,)))
def step(batch):
    with tf.GradientTape() as gen_tape, tf.GradientTape() as critic_tape:
        fake = critic(generator(tf.random.normal((16, 4))))
        gen_loss, critic_loss = -tf.reduce_mean(fake), tf.reduce_mean(fake) - tf.reduce_mean(critic(batch))
    g = gen_tape.gradient(gen_loss, generator.trainable_variables)
    c = critic_tape.gradient(critic_loss, critic.trainable_variables)
    c, _ = tf.clip_by_global_norm(c, 1.0)
    adam_g.apply_gradients(zip(g, generator.trainable_variables))
    adam_c.apply_gradients(zip(c, generator.trainable_variables))
# %% the last line of a GAN
# fix: error/gradient-shape-mismatch
# becomes: keras.optimizers.Adam(1e-4).apply_gradients(zip(c, critic.trainable_variables))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(critic(real))
c = tape.gradient(loss, critic.trainable_variables)
keras.optimizers.Adam(1e-4).apply_gradients(zip(c, generator.trainable_variables))
# %% clipped before, in a function
# fix: error/gradient-shape-mismatch
# becomes: adam_c.apply_gradients(zip(c, critic.trainable_variables))
step(real)
# %% variables one by one
# fix: error/gradient-shape-mismatch
# becomes: optimizer.apply_gradients(zip(grads, [a, b]))
optimizer = keras.optimizers.SGD(0.1)
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(a * b)
grads = tape.gradient(loss, [a, b])
optimizer.apply_gradients(zip(grads, [b, a]))
