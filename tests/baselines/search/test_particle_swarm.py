from __future__ import annotations

import numpy as np
import pytest

from baselines.search import Box, ParticleSwarm
from baselines.search.particle_swarm import Particles

BOX = Box(2, -10.0, 10.0)


def sphere(positions):
    return np.square(positions).sum(axis=1)


def three(epoch: int) -> Particles:
    positions = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 0.5]])
    own = np.array([[1.0, 1.0], [0.0, -1.0], [0.5, 0.5]])
    velocities = np.array([[0.1, 0.0], [-0.2, 0.3], [0.0, 0.0]])
    return Particles(positions, sphere(positions), velocities, own, sphere(own), epoch)


@pytest.mark.parametrize(("epoch", "w", "c1", "c2"), [(0, 0.9, 2.5, 0.5), (50, 0.65, 1.5, 1.5), (100, 0.4, 0.5, 2.5)])
def test_a_population_of_three_is_pulled_as_computed_by_hand(epoch, w, c1, c2):
    search = ParticleSwarm(3, epochs=101)
    swarm = three(epoch)
    first, second = np.full((3, 2), 0.25), np.full((3, 2), 0.5)
    best = [0.5, 0.5]  # the smallest of the particles' own values 2, 1 and 0.5
    wanted = [
        [w * 0.1 + 0.25 * c1 * (1 - 1) + 0.5 * c2 * (best[0] - 1), 0.25 * c1 * (1 - 2) + 0.5 * c2 * (best[1] - 2)],
        [w * -0.2 + 0.25 * c1 * (0 - 3) + 0.5 * c2 * (best[0] - 3), w * 0.3 + 0.25 * c1 * 0 + 0.5 * c2 * (best[1] + 1)],
        [0.0, 0.0],
    ]
    np.testing.assert_allclose(search.pull(swarm, first, second), wanted, atol=1e-12)


def test_the_schedule_is_as_long_as_the_budget():
    seen = []

    class Watched(ParticleSwarm):
        def now(self, schedule, epoch):
            value = super().now(schedule, epoch)
            seen.append(value) if schedule == self.inertia else None
            return value

    Watched(10).minimise(sphere, BOX, evaluations=500, rng=np.random.default_rng(0))
    paid = seen[:49]  # 500 evaluations: the first population and 49 epochs
    assert paid[0] == 0.9 and paid[-1] == pytest.approx(0.4)
    assert (np.diff(paid) < 0).all()


def test_own_best_positions_never_get_worse_and_keep_their_values():
    rng = np.random.default_rng(0)
    search = ParticleSwarm(12, epochs=30)
    swarm = search.start(sphere, BOX, rng)
    for _ in range(30):
        before, swarm = swarm, search.step(swarm, sphere, BOX, rng)
        assert (swarm.own_values <= before.own_values).all()
        np.testing.assert_array_equal(swarm.own_values, sphere(swarm.own_positions))
        assert (np.abs(swarm.velocities) <= BOX.width).all()
    assert swarm.epoch == 30
