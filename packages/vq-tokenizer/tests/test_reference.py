"""Coding what changed from a reference: the warp, the gate, and a decoder that starts as a copy."""

import torch
from torch import Tensor

from vq_tokenizer import FSQ
from vq_tokenizer.tokenizer.reference import ReferenceDecoder, ReferenceEncoder, open_gate, warp

WIDTHS, BLOCKS, LEVELS = (16, 24, 32), (1, 1, 1), (8, 5, 5, 5)


def pair() -> tuple[ReferenceEncoder, ReferenceDecoder]:
    torch.manual_seed(0)
    return ReferenceEncoder(4, WIDTHS, BLOCKS, 4), ReferenceDecoder(4, WIDTHS, BLOCKS, 4)


def test_warp_by_two_pixels_is_a_shift() -> None:
    pictures = torch.rand(2, 3, 8, 16)
    flow = torch.zeros(2, 2, 8, 16)
    assert torch.allclose(warp(pictures, flow), pictures, atol=1e-5)
    flow[:, 0] = 2 * 2 / 16  # half sides: the picture is 2 wide
    assert torch.allclose(warp(pictures, flow)[..., :14], pictures[..., 2:], atol=1e-5)


def test_gate_opens_one_token_around_a_change() -> None:
    changed = torch.zeros(1, 5, 5, dtype=torch.bool)
    changed[0, 2, 2] = True
    gate = open_gate(changed, 4)
    assert gate.shape == (1, 1, 20, 20)
    assert gate.sum() == 12 * 12
    assert gate[0, 0, 4:16, 4:16].all()


def test_nothing_everywhere_gives_the_reference_back() -> None:
    _, decoder = pair()
    for parameter in decoder.parameters():
        torch.nn.init.normal_(parameter, 0, 0.1)  # whatever it has learned
    reference = torch.rand(2, 3, 64, 96)
    shut = open_gate(torch.zeros(2, 4, 6, dtype=torch.bool), 16)
    assert torch.equal(decoder(torch.zeros(2, 4, 4, 6), reference, shut), reference)
    one = torch.zeros(2, 4, 6, dtype=torch.bool)
    one[:, 0, 0] = True
    seen = decoder(torch.rand(2, 4, 4, 6), reference, open_gate(one, 16))
    assert not torch.equal(seen[..., :32, :32], reference[..., :32, :32])
    assert torch.equal(seen[..., 32:, :], reference[..., 32:, :])


def test_learns_to_move_what_copying_leaves() -> None:
    encoder, decoder = pair()
    quantizer = FSQ(LEVELS)
    modules = torch.nn.ModuleList([encoder, decoder])
    optimizer = torch.optim.AdamW(modules.parameters(), lr=3e-3)
    coarse = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    reference = torch.nn.functional.interpolate(coarse, size=(32, 32), mode="bicubic").clamp(0, 1)
    pictures = reference.roll((1, 2), (2, 3))

    def restored() -> Tensor:
        latents = encoder(pictures, reference).permute(0, 2, 3, 1)
        codes = quantizer(latents).codes.permute(0, 3, 1, 2)
        result: Tensor = decoder(codes, reference, torch.ones(4, 1, 32, 32))
        return result

    for _ in range(60):
        optimizer.zero_grad()
        (restored() - pictures).abs().mean().backward()
        optimizer.step()
    copied = (reference - pictures).abs().mean()
    assert (restored() - pictures).abs().mean() < 0.5 * copied
