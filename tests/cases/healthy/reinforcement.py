import numpy as np
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(30)

def q_net():
    return keras.Sequential([keras.Input((4,)), layers.Dense(24, activation="relu"), layers.Dense(24, activation="relu"), layers.Dense(2)])

model, target = q_net(), q_net()
target.set_weights(model.get_weights())
optimizer, huber = keras.optimizers.Adam(1e-3, clipnorm=1.0), keras.losses.Huber()
rng = np.random.default_rng(0)
memory = [(rng.normal(size=4), int(rng.integers(2)), float(rng.normal()), rng.normal(size=4), float(rng.random() < 0.1)) for _ in range(64)]
# %% DQN with replay buffer and target network
for step in range(4):
    batch = [memory[i] for i in rng.choice(len(memory), 16)]
    state, action, reward, next_state, done = (np.array([b[i] for b in batch], dtype="float32") for i in range(5))
    future = target.predict(next_state, verbose=0)
    goal = reward + 0.99 * tf.reduce_max(future, axis=1) * (1 - done)
    with tf.GradientTape() as tape:
        q = tf.reduce_sum(model(state) * tf.one_hot(action.astype(int), 2), axis=1)
        loss = huber(goal, q)
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    if step % 2 == 1:
        target.set_weights(model.get_weights())
# %% setup
import numpy as np
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(31)
inputs = keras.Input((4,))
common = layers.Dense(32, activation="relu")(inputs)
model = keras.Model(inputs, [layers.Dense(2, activation="softmax")(common), layers.Dense(1)(common)])
optimizer, huber = keras.optimizers.Adam(0.01), keras.losses.Huber()
rng = np.random.default_rng(1)
# %% actor-critic with a NumPy environment
for episode in range(2):
    action_probs, values, rewards = [], [], []
    with tf.GradientTape() as tape:
        state = rng.normal(size=4).astype("float32")
        for t in range(6):
            probs, value = model(state[None])
            values.append(value[0, 0])
            p = np.squeeze(probs)
            action = rng.choice(2, p=p / p.sum())
            action_probs.append(tf.math.log(probs[0, action]))
            state = (state + rng.normal(size=4)).astype("float32")
            rewards.append(1.0 + float(state[0]))
        returns, total = [], 0.0
        for r in rewards[::-1]:
            total = r + 0.99 * total
            returns.insert(0, total)
        returns = (np.array(returns) - np.mean(returns)) / (np.std(returns) + 1e-7)
        actor = [-lp * (ret - float(v)) for lp, v, ret in zip(action_probs, values, returns)]
        critic = [huber(tf.expand_dims(v, 0), tf.expand_dims(tf.constant(ret, tf.float32), 0)) for v, ret in zip(values, returns)]
        loss = sum(actor) + sum(critic)
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
# %% setup
import numpy as np
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(32)
actor = keras.Sequential([keras.Input((3,)), layers.Dense(16, activation="relu"), layers.Dense(1, activation="tanh")])
critic_in = [keras.Input((3,)), keras.Input((1,))]
critic = keras.Model(critic_in, layers.Dense(1)(layers.Dense(16, activation="relu")(layers.Concatenate()(critic_in))))
target_actor, target_critic = keras.models.clone_model(actor), keras.models.clone_model(critic)
target_actor.set_weights(actor.get_weights())
target_critic.set_weights(critic.get_weights())
actor_opt, critic_opt = keras.optimizers.Adam(1e-3), keras.optimizers.Adam(2e-3)

@tf.function
def update(s, a, r, s2):
    with tf.GradientTape() as tape:
        y = r + 0.99 * target_critic([s2, target_actor(s2, training=True)], training=True)
        critic_loss = tf.reduce_mean((y - critic([s, a], training=True)) ** 2)
    critic_opt.apply_gradients(zip(tape.gradient(critic_loss, critic.trainable_variables), critic.trainable_variables))
    with tf.GradientTape() as tape:
        actor_loss = -tf.reduce_mean(critic([s, actor(s, training=True)], training=True))
    actor_opt.apply_gradients(zip(tape.gradient(actor_loss, actor.trainable_variables), actor.trainable_variables))

def soft(target, original, tau):
    target.set_weights([w * tau + t * (1 - tau) for t, w in zip(target.get_weights(), original.get_weights())])
# %% DDPG with soft updates
for _ in range(3):
    s, a, r, s2 = tf.random.normal((16, 3)), tf.random.uniform((16, 1), -1, 1), tf.random.normal((16, 1)), tf.random.normal((16, 3))
    update(s, a, r, s2)
    soft(target_actor, actor, 0.005)
    soft(target_critic, critic, 0.005)
# %% setup
import numpy as np
import tensorflow as tf
import keras
keras.utils.set_random_seed(33)
policy = keras.Sequential([keras.Input((4,)), keras.layers.Dense(16, activation="tanh"), keras.layers.Dense(3)])
optimizer = keras.optimizers.Adam(1e-2)
states = tf.random.normal((32, 4))
# %% REINFORCE with entropy bonus and a sampled action
for _ in range(3):
    with tf.GradientTape() as tape:
        logits = policy(states)
        actions = tf.random.categorical(logits, 1)[:, 0]
        rewards = tf.cast(tf.equal(actions, 1), tf.float32)
        logp = -tf.nn.sparse_softmax_cross_entropy_with_logits(labels=actions, logits=logits)
        entropy = -tf.reduce_sum(tf.nn.softmax(logits) * tf.nn.log_softmax(logits), axis=1)
        loss = -tf.reduce_mean(logp * (rewards - tf.reduce_mean(rewards)) + 0.01 * entropy)
    grads = tape.gradient(loss, policy.trainable_variables)
    optimizer.apply_gradients(zip(grads, policy.trainable_variables))
# %% PPO clipped objective
old = tf.nn.log_softmax(policy(states))
actions = tf.random.categorical(old, 1)[:, 0]
advantages = tf.random.normal((32,))
for epoch in range(3):
    with tf.GradientTape() as tape:
        new = tf.gather(tf.nn.log_softmax(policy(states)), actions, batch_dims=1)
        ratio = tf.exp(new - tf.gather(old, actions, batch_dims=1))
        loss = -tf.reduce_mean(tf.minimum(ratio * advantages, tf.clip_by_value(ratio, 0.8, 1.2) * advantages))
    optimizer.apply_gradients(zip(tape.gradient(loss, policy.trainable_variables), policy.trainable_variables))
# %% evolution strategies, without gradients
def fitness(weights):
    policy.set_weights(weights)
    return -float(tf.reduce_mean(policy(states) ** 2))
center = policy.get_weights()
rng = np.random.default_rng(0)
for generation in range(2):
    noise = [[rng.normal(size=w.shape).astype("float32") for w in center] for _ in range(4)]
    scores = np.array([fitness([w + 0.1 * n for w, n in zip(center, sample)]) for sample in noise])
    scores = (scores - scores.mean()) / (scores.std() + 1e-8)
    center = [w + 0.01 * sum(s * sample[i] for s, sample in zip(scores, noise)) for i, w in enumerate(center)]
policy.set_weights(center)
# %% workers whose gradients change the variables that they share (A3C)
import tensorflow as tf
import keras
keras.utils.set_random_seed(31)

class Line(tf.Module):
    def __init__(self):
        self.kernel = tf.Variable(tf.random.normal((3, 2)))
        self.bias = tf.Variable(tf.zeros(2))

    def __call__(self, inputs):
        return inputs @ self.kernel + self.bias

shared, worker, descent = Line(), Line(), keras.optimizers.SGD(0.1)
inputs, wanted = tf.random.normal((8, 3)), tf.random.normal((8, 2))
for step in range(3):
    for mine, common in zip(worker.trainable_variables, shared.trainable_variables):
        mine.assign(common)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((worker(inputs) - wanted) ** 2)
    grads = tape.gradient(loss, worker.trainable_variables)
    descent.apply_gradients(zip(grads, shared.trainable_variables))
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(5)
scorer = keras.Sequential([keras.Input((3,)), keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(1)])
optimizer = keras.optimizers.SGD(0.01)
moves = [tf.random.normal((n, 3)) for n in (3, 1, 4, 2, 1)]
# %% as many actions as are legal, now and then one
for legal in moves:
    with tf.GradientTape() as tape:
        scores = tf.reshape(scorer(legal), (1, -1))
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[0], logits=scores))
    grads = tape.gradient(loss, scorer.trainable_variables)  # status: ok ok ok zero
    optimizer.apply_gradients(zip(grads, scorer.trainable_variables))
