# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(2)
trunk, policy, value = keras.layers.Dense(6, activation="tanh"), keras.layers.Dense(3), keras.layers.Dense(1)
states, returns, actions = tf.random.normal((8, 4)), tf.random.normal((8, 1)), tf.random.uniform((8,), 0, 3, tf.int32)
policy(trunk(states)), value(trunk(states))
criterion = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
of_actor, of_critic = keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3)
def losses():
    h = trunk(states)
    return criterion(actions, policy(h)), tf.reduce_mean(tf.square(value(h) - returns))
# %% the lists are written at the calls
# fix: step/updated-twice
# becomes: grads = tape.gradient([actor, critic], trunk.trainable_variables + policy.trainable_variables)
# becomes: grads = tape.gradient(critic, value.trainable_variables)
# becomes: of_critic.apply_gradients(zip(grads, value.trainable_variables))
for _ in range(2):
    with tf.GradientTape(persistent=True) as tape:
        actor, critic = losses()
    grads = tape.gradient(actor, trunk.trainable_variables + policy.trainable_variables)
    of_actor.apply_gradients(zip(grads, trunk.trainable_variables + policy.trainable_variables))
    grads = tape.gradient(critic, trunk.trainable_variables + value.trainable_variables)
    of_critic.apply_gradients(zip(grads, trunk.trainable_variables + value.trainable_variables))
# %% in a function, with the lists by name and two tapes
# fix: step/updated-twice
# becomes: second = value.trainable_variables
# becomes: moved = one.gradient([actor, critic], first)
# becomes: also = two.gradient(critic, second)
def step():
    with tf.GradientTape() as one, tf.GradientTape() as two:
        actor, critic = losses()
    first = policy.trainable_variables + trunk.trainable_variables
    second = value.trainable_variables + trunk.trainable_variables
    moved = one.gradient(actor, first)
    also = two.gradient(critic, second)
    of_actor.apply_gradients(zip(moved, first))
    of_critic.apply_gradients(zip(also, second))
step()
# %% one optimizer, all variables for each
# fix: step/updated-twice
# becomes: grads = tape.gradient([near, far], every)
# gone: grads = tape.gradient(far, every)
# gone: of_actor.apply_gradients(zip(grads, every))  # again
every = trunk.trainable_variables
with tf.GradientTape(persistent=True) as tape:
    near, far = losses()
grads = tape.gradient(near, every)
of_critic.apply_gradients(zip(grads, every))
grads = tape.gradient(far, every)
of_actor.apply_gradients(zip(grads, every))  # again
# %% one target, asked for twice
# fix: step/updated-twice
# becomes: second = value.trainable_variables
# gone: second = trunk.trainable_variables + value.trainable_variables
first = trunk.trainable_variables + policy.trainable_variables
second = trunk.trainable_variables + value.trainable_variables
with tf.GradientTape(persistent=True) as tape:
    loss = tf.add_n(losses())
once = tape.gradient(loss, first)
twice = tape.gradient(loss, second)
of_actor.apply_gradients(zip(once, first))
of_critic.apply_gradients(zip(twice, second))
# %% what the first update moves for itself leads to the second target
# none: step/updated-twice
with tf.GradientTape(persistent=True) as tape:
    actor, critic = losses()
    critic = critic + 0.1 * actor
grads = tape.gradient(actor, trunk.trainable_variables + policy.trainable_variables)
of_actor.apply_gradients(zip(grads, trunk.trainable_variables + policy.trainable_variables))
grads = tape.gradient(critic, trunk.trainable_variables + value.trainable_variables)
of_critic.apply_gradients(zip(grads, trunk.trainable_variables + value.trainable_variables))
