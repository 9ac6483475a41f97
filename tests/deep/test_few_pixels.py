from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="needs the extra febench[deep]")
torchvision = pytest.importorskip("torchvision", reason="needs the extra febench[deep]")

from deep.architectures import Builder  # noqa: E402
from deep.few_pixels import MAX_COPIES, FewPixelsConv2d, _Product, use_matrix_products  # noqa: E402

SIDES, KERNELS, STRIDES, PADDINGS = (
    st.tuples(st.integers(a, b), st.integers(a, b)) for a, b in ((1, 7), (1, 5), (1, 3), (0, 2))
)


def both(layer, images):
    """What a convolution gives, and the gradients of images and parameters, as torch computes them and as products."""
    results = []
    for kind in (torch.nn.Conv2d, FewPixelsConv2d):
        layer.__class__ = kind
        x = images.clone().requires_grad_()
        y = layer(x)
        y.backward(torch.linspace(-1, 1, y.numel(), dtype=y.dtype).view(y.shape))
        results.append([y.detach(), x.grad, *(p.grad.clone() for p in layer.parameters())])
        layer.zero_grad()
    return results


@given(SIDES, KERNELS, STRIDES, PADDINGS, st.booleans(), st.integers(0, 2**31))
def test_it_is_the_same_convolution(sides, kernel, stride, padding, bias, seed):
    outputs = [(s + 2 * p - k) // t + 1 for s, k, t, p in zip(sides, kernel, stride, padding, strict=True)]
    assume(min(outputs) > 0 and math.prod(outputs) * math.prod(kernel) <= MAX_COPIES[torch.float32])
    torch.manual_seed(seed)
    layer = torch.nn.Conv2d(3, 5, kernel, stride, padding, bias=bias).double()
    stock, ours = both(layer, torch.randn(2, 3, *sides, dtype=torch.double))
    assert all(torch.allclose(a, b, rtol=1e-12, atol=1e-12) for a, b in zip(stock, ours, strict=True))


@pytest.fixture
def products(monkeypatch):
    """How often an output was made of products."""
    seen = []
    apply = _Product.apply
    monkeypatch.setattr(_Product, "apply", lambda *given: seen.append(given) or apply(*given))
    return seen


@pytest.mark.parametrize(
    ("kernel", "side", "bfloat16", "used"),
    [(3, 3, False, True), (3, 4, False, False), (3, 4, True, True), (3, 5, True, False), (1, 9, False, True)],
)
def test_only_small_outputs_are_computed_by_products(kernel, side, bfloat16, used, products):
    layer = torch.nn.Conv2d(3, 5, kernel, padding=kernel // 2)
    use_matrix_products(layer)
    with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
        layer(torch.zeros(1, 3, side, side))
    assert bool(products) is used


@pytest.mark.parametrize("given", [{"groups": 3}, {"dilation": 2}, {"padding": "same"}, {"padding_mode": "circular"}])
def test_other_convolutions_are_left_alone(given):
    layer = torch.nn.Conv2d(3, 6, 3, **{"padding": 1, **given})
    use_matrix_products(layer)
    assert type(layer) is torch.nn.Conv2d


def test_in_lower_precision_it_is_as_exact_as_torch(products):
    torch.manual_seed(0)
    layer, x = torch.nn.Conv2d(64, 32, 3, padding=1), torch.randn(8, 64, 2, 2)
    exact, _ = both(layer, x)
    with torch.autocast("cpu", torch.bfloat16):
        stock, ours = both(layer, x)
    assert products and ours[0].dtype is torch.bfloat16
    for true, theirs, mine in zip(exact, stock, ours, strict=True):
        assert (mine - true).abs().max() <= 1.5 * (theirs - true).abs().max()


def test_a_resnet_of_64_pixels_is_the_same_network(products):
    torch.manual_seed(0)
    ours = Builder("resnet18")(7).eval()
    stock = torchvision.models.resnet18(num_classes=7).eval()
    assert stock.load_state_dict(ours.state_dict())
    x = torch.randn(2, 3, 64, 64)
    assert torch.allclose(ours(x), stock(x), rtol=1e-4, atol=1e-5)
    assert len(products) == 7  # the convolutions of the last stage, and the shortcuts of the last three


def test_a_resnet_of_224_pixels_has_no_products(products):
    Builder("resnet18")(7).eval()(torch.randn(2, 3, 224, 224))
    assert {given[1].shape[2:] for given in products} <= {(1, 1)}
