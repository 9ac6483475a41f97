"""What a CUDA graph needs of the optimiser, as far as a CPU can show; the rest is tested through whole trainings."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the extra febench[deep]")

from deep.optimizer import StagedAdamW  # noqa: E402


def steps(optimizer, network, shares):
    for share in shares:
        optimizer.set_rate(share)
        optimizer.zero_grad()
        network(torch.ones(4, 3)).square().mean().backward()
        optimizer.step()
    return [parameter.detach().clone() for parameter in network.parameters()]


def made(*, graph):
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.BatchNorm1d(5), torch.nn.Linear(5, 2))
    return network, StagedAdamW(network, 0.1, 0.05, 0.3, graph=graph)


def test_rates_in_a_tensor_are_those_that_are_set_one_by_one():
    found = [steps(optimizer, network, [0.1, 1.0, 0.5]) for network, optimizer in (made(graph=g) for g in (0, 1))]
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


def test_starting_over_moves_no_tensor_and_leaves_nothing():
    network, optimizer = made(graph=True)
    first = {name: value.clone() for name, value in network.state_dict().items()}
    once = steps(optimizer, network, [0.5, 1.0])
    places = [value.data_ptr() for state in optimizer._adamw.state.values() for value in state.values()]
    network.load_state_dict(first)
    optimizer.forget()
    again = steps(optimizer, network, [0.5, 1.0])
    assert all(torch.equal(one, other) for one, other in zip(once, again, strict=True))
    assert places == [value.data_ptr() for state in optimizer._adamw.state.values() for value in state.values()]
