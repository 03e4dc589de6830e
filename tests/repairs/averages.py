# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(6)
states, rewards = tf.random.normal((24, 3)), tf.random.normal((24, 1))
def value_net():
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(5, activation="tanh"), keras.layers.Dense(1)])
actor_value, slow_value = value_net(), value_net()
slow_value.set_weights(actor_value.get_weights())
rule = keras.optimizers.SGD(0.05)
def improve():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((actor_value(states) - 0.9 * slow_value(states) - rewards) ** 2)
    rule.apply_gradients(zip(tape.gradient(loss, actor_value.trainable_variables), actor_value.trainable_variables))
# %% the fresh weights are taken and not read
# fix: step/trained-another-object
# becomes: mixed = [(1.0 - rate) * slow[i] + rate * fresh[i] for i in range(len(slow))]
def follow(rate):
    slow = slow_value.get_weights()
    fresh = actor_value.get_weights()
    mixed = [(1.0 - rate) * slow[i] + rate * slow[i] for i in range(len(slow))]
    slow_value.set_weights(mixed)
for _ in range(4):
    improve()
    follow(0.02)
# %% nothing else is at hand
# none: step/trained-another-object
def follow(rate):
    slow = slow_value.get_weights()
    mixed = [(1.0 - rate) * slow[i] + rate * slow[i] for i in range(len(slow))]
    slow_value.set_weights(mixed)
for _ in range(4):
    improve()
    follow(0.02)
