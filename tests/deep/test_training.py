from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="needs the extra febench[deep]")

from deep.images import Augmentation, as_input  # noqa: E402
from deep.training import BETAS, Checkpoint, Recipe, StagedAdamW, Training, one_cycle, train  # noqa: E402

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]


def generator(seed=0, device="cpu"):
    return torch.Generator(device).manual_seed(seed)


def uint8_images(n, channels=1, side=8):
    return torch.randint(0, 256, (n, channels, side, side), generator=generator(n), dtype=torch.uint8)


def small_network(classes=2, seed=0):
    torch.manual_seed(seed)
    layers = [torch.nn.Conv2d(3, 4, 3, padding=1), torch.nn.BatchNorm2d(4), torch.nn.ReLU(), torch.nn.Flatten()]
    return torch.nn.Sequential(*layers, torch.nn.Linear(4 * 64, classes))


def weights_of(network):
    return {name: value.clone() for name, value in network.state_dict().items()}


def new_training(recipe, n=12, seed=0, network=None, device="cpu", dtype=torch.float32, slot=0):
    """A training of a small network on n images."""
    network, rows = (network or small_network()).to(device), torch.arange(n, device=device)
    pixels, source = uint8_images(n).to(device), generator(seed, device)
    return Training(network, pixels, rows, rows % 2, source, recipe, dtype, slot)


def same(first, second):
    return all(
        torch.equal(a, b) for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    )


@pytest.mark.parametrize("n", [1, 3, 7, 40])
def test_every_batch_is_full_and_images_come_equally_often(n, monkeypatch):
    drawn = []
    training = new_training(Recipe(steps=21, batch_size=8, lr=0.1), n)
    monkeypatch.setattr(training, "_update", lambda: drawn.append(training._batch.clone()))
    train([training])
    assert [len(batch) for batch in drawn] == [8] * 21
    counts = torch.cat(drawn).bincount(minlength=n)
    assert counts.max() - counts.min() <= 1
    assert n == 1 or len({tuple(batch.tolist()) for batch in drawn}) > 1


@pytest.mark.parametrize("device", DEVICES)
def test_the_loss_is_of_float32_whatever_the_network_computes_in(device, monkeypatch):
    losses = []
    stock = torch.nn.functional.cross_entropy

    def watched(logits, *args, **kwargs):
        losses.append((logits.dtype, torch.is_autocast_enabled(device)))
        return stock(logits, *args, **kwargs)

    monkeypatch.setattr(torch.nn.functional, "cross_entropy", watched)
    recipe = Recipe(steps=2, batch_size=4, lr=0.1, label_smoothing=0.1)
    train([new_training(recipe, device=device, dtype=torch.bfloat16)])
    assert set(losses) == {(torch.float32, False)}


@given(st.integers(1, 100_000), st.integers(1, 5000), st.floats(0, 100), st.integers(2, 256))
def test_the_budget_is_of_steps_or_of_epochs_whichever_is_more(n, steps, epochs, batch_size):
    steps_taken = Recipe(steps=steps, batch_size=batch_size, lr=0.1, epochs=epochs).steps_for(n)
    assert steps_taken >= steps and steps_taken * batch_size >= epochs * n
    assert steps_taken == steps or (steps_taken - 1) * batch_size < epochs * n


@pytest.mark.parametrize("steps", [1, 2, 3, 10, 1000])
def test_one_cycle_rises_and_falls(steps):
    rates = [one_cycle(step, steps, 0.3) for step in range(steps)]
    assert all(0 < rate <= 1 for rate in rates)
    top = int(np.argmax(rates))
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    if steps >= 10:
        assert max(rates) > 0.9 and rates[-1] < 0.05


def test_one_cycle_without_warm_up_starts_at_the_peak():
    assert one_cycle(0, 1000, 0.0) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(
    "bad",
    [
        {"steps": 0},
        {"batch_size": 1},
        {"warmup": 1.0},
        {"warmup": -0.1},
        {"epochs": -1.0},
        {"epochs": float("inf")},
        {"stage_decay": 0.0},
        {"stage_decay": 1.5},
    ],
)
def test_impossible_recipes_are_refused(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        Recipe(**{"steps": 1, "batch_size": 2, "lr": 0.1, **bad})


def test_vectors_are_not_decayed():
    recipe = Recipe(steps=1, batch_size=8, lr=1e-6, weight_decay=1e5, augmentation=Augmentation.of_strength(0))
    training = new_training(recipe, 8)
    start = weights_of(training.network)
    train([training])
    shrunk = {
        name: (value.norm() / start[name].norm()).item()
        for name, value in training.network.named_parameters()
        if start[name].norm() > 0
    }
    decayed = 1 - 1e-6 * 1e5 * one_cycle(0, 1, recipe.warmup)
    assert shrunk["0.weight"] == pytest.approx(decayed, abs=1e-3)
    assert shrunk["4.weight"] == pytest.approx(decayed, abs=1e-3)
    assert shrunk["1.weight"] == pytest.approx(1, abs=1e-3)
    assert shrunk["4.bias"] == pytest.approx(1, abs=1e-3)


def test_stages_nearer_the_images_learn_slower():
    training = new_training(Recipe(steps=1, batch_size=8, lr=0.01, weight_decay=0.0, stage_decay=0.1), 8)
    start = weights_of(training.network)
    train([training])
    moved = [(training.network.state_dict()[name] - start[name]).abs().max() for name in ("0.weight", "4.weight")]
    assert moved[0].item() == pytest.approx(0.1 * moved[1].item(), rel=0.05)  # the first stage and the last of three


def test_frozen_statistics_do_not_change():
    training = new_training(Recipe(steps=5, batch_size=8, lr=0.01, frozen_statistics=True), 8)
    train([training], mean_logit)
    moved = training.network[1].state_dict()
    assert torch.equal(moved["running_mean"], torch.zeros(4)) and torch.equal(moved["running_var"], torch.ones(4))
    assert not torch.equal(moved["weight"], torch.ones(4))


@torch.no_grad()
def mean_logit(training):
    return training.network.eval()(as_input(training.normalise(training.pixels))).abs().mean().item()


@pytest.mark.parametrize(
    ("apart", "measured"), [(1, [3, 5, 8, 10, 13, 15, 18, 20, 23, 25]), (12, [9, 17, 25]), (30, [25])]
)
def test_measurements_end_with_the_last_step_and_change_nothing(apart, measured, monkeypatch):
    monkeypatch.setattr("deep.training.MIN_STEPS_BETWEEN_MEASUREMENTS", apart)
    quiet, watched = (new_training(Recipe(steps=25, batch_size=4, lr=0.05)) for _ in range(2))
    train([quiet])
    train([watched], mean_logit)
    assert [step for step, _ in watched.curve] == measured
    assert same(quiet.network, watched.network)


def test_side_by_side_equals_one_after_another():
    recipe = Recipe(steps=9, batch_size=4, lr=0.05)
    together = [new_training(recipe, n=n, seed=n, network=small_network(seed=n)) for n in (6, 9, 12)]
    train(together)
    for n, training in zip((6, 9, 12), together, strict=True):
        alone = new_training(recipe, n=n, seed=n, network=small_network(seed=n))
        train([alone])
        assert same(alone.network, training.network)


class KilledError(Exception):
    pass


@pytest.fixture
def always_due(monkeypatch):
    monkeypatch.setattr("deep.training.SAVE_INTERVAL_S", 0.0)


def dropout_network(seed=0):
    return torch.nn.Sequential(torch.nn.Dropout(0.2), *small_network(seed=seed))


def run_and_die(path, recipe, at, **options):
    training = new_training(recipe, **options)
    ordinary = training.advance

    def advance():
        if training.step == at:
            raise KilledError
        ordinary()

    training.advance = advance
    with pytest.raises(KilledError):
        train([training], mean_logit, Checkpoint(path, {"seed": 0}))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("at", [1, 7, 19])
def test_a_killed_training_continues_from_its_state(at, device, tmp_path, always_due, monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", True)
    monkeypatch.setattr("deep.training.MIN_STEPS_BETWEEN_MEASUREMENTS", 1)
    recipe = Recipe(steps=20, batch_size=8, lr=0.05)
    path = tmp_path / "cell.pt"
    whole = new_training(recipe, network=dropout_network(), device=device)
    train([whole], mean_logit)
    run_and_die(path, recipe, at, network=dropout_network(), device=device, slot=1)
    again = new_training(recipe, seed=99, network=dropout_network(seed=99), device=device, slot=2)
    train([again], mean_logit, Checkpoint(path, {"seed": 0}))
    assert again.resumed == at
    assert same(whole.network, again.network)
    assert whole.loss == again.loss
    assert again.curve == whole.curve
    assert again.seconds > again.seconds_before > 0


@pytest.mark.gpu
def test_a_state_is_of_one_step_though_the_gpu_lags_behind():
    training = new_training(Recipe(steps=200, batch_size=8, lr=0.05), device="cuda")
    for _ in range(100):
        training.advance()
    saved = {name: value.clone() for name, value in training.state()["network"].items()}
    torch.cuda.synchronize()
    assert all(torch.equal(saved[name], value) for name, value in training.network.state_dict().items())


@pytest.mark.parametrize("damage", ["torn", "empty", "other", "older", "pickle"])
def test_a_checkpoint_of_another_training_is_ignored(damage, tmp_path, always_due):
    recipe = Recipe(steps=6, batch_size=8, lr=0.05)
    path = tmp_path / "cell.pt"
    run_and_die(path, recipe, 3)
    about = {"seed": 1} if damage == "other" else {"seed": 0}
    if damage in ("torn", "empty"):
        path.write_bytes(path.read_bytes()[: 1000 if damage == "torn" else 0])
    if damage == "older":
        content = torch.load(path, weights_only=True)
        content["about"]["state"] -= 1
        torch.save(content, path)
    if damage == "pickle":
        torch.save({"about": about, "state": KilledError()}, path)
    alone, again = new_training(recipe), new_training(recipe)
    train([alone])
    train([again], checkpoint=Checkpoint(path, about))
    assert again.resumed == 0
    assert same(alone.network, again.network)


def test_short_trainings_leave_no_checkpoint(tmp_path):
    train([new_training(Recipe(steps=6, batch_size=8, lr=0.05))], checkpoint=Checkpoint(tmp_path / "cell.pt", {}))
    assert list(tmp_path.iterdir()) == []


# What a CUDA graph needs of the optimiser, as far as a CPU can show; the rest is tested through whole trainings


def stepped(optimizer, network, shares):
    for share in shares:
        optimizer.set_rate(share)
        optimizer.zero_grad()
        network(torch.ones(4, 3)).square().mean().backward()
        optimizer.step()
    return [parameter.detach().clone() for parameter in network.parameters()]


def optimised(*, graph):
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.BatchNorm1d(5), torch.nn.Linear(5, 2))
    return network, StagedAdamW(network, 0.1, 0.05, 0.3, graph=graph)


def test_learning_rates_in_a_tensor_equal_those_set_one_by_one():
    results = [
        stepped(optimizer, network, [0.1, 1.0, 0.5]) for network, optimizer in (optimised(graph=g) for g in (0, 1))
    ]
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


def test_channels_last_kernels_are_updated_as_torch_updates_them():
    def trained(memory_format, make):
        torch.manual_seed(0)
        network = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.Conv2d(8, 4, 1))
        network = network.to(memory_format=memory_format)
        optimizer = make(network)
        for _ in range(3):
            optimizer.zero_grad()
            network(torch.linspace(-1, 1, 2 * 3 * 5 * 4).view(2, 3, 5, 4)).square().mean().backward()
            optimizer.step()
        assert all(p.is_contiguous(memory_format=memory_format) for p in network.parameters() if p.ndim > 1)
        return [p.detach() for p in network.parameters()]

    def ours(network):
        optimizer = StagedAdamW(network, 0.1, 0.0, 1.0, graph=False)
        optimizer.set_rate(1.0)
        return optimizer

    stock = trained(torch.contiguous_format, lambda n: torch.optim.AdamW(n.parameters(), 0.1, BETAS, weight_decay=0.0))
    for one, other in zip(stock, trained(torch.channels_last, ours), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


def test_a_reset_moves_no_tensor_and_clears_the_state():
    network, optimizer = optimised(graph=True)
    first = {name: value.clone() for name, value in network.state_dict().items()}
    once = stepped(optimizer, network, [0.5, 1.0])
    places = [value.data_ptr() for state in optimizer._adamw.state.values() for value in state.values()]
    network.load_state_dict(first)
    optimizer.reset()
    again = stepped(optimizer, network, [0.5, 1.0])
    assert all(torch.equal(one, other) for one, other in zip(once, again, strict=True))
    assert places == [value.data_ptr() for state in optimizer._adamw.state.values() for value in state.values()]
