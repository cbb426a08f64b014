"""RFC 6962 hashing against the published Certificate Transparency vectors, and for all trees."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_bridge.journal.format.merkle import (
    EMPTY_ROOT,
    Frontier,
    ProofError,
    inclusion_path,
    leaf_hash,
    range_hash_of,
    root_of,
    verify_inclusion,
)
from verifier import verify_journal

LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
HASHES = [leaf_hash(leaf) for leaf in LEAVES]
FIRST_OF_EIGHT = [
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
]

trees = st.lists(st.binary(max_size=8), min_size=1, max_size=70).map(lambda data: [leaf_hash(item) for item in data])


@pytest.mark.parametrize("size", range(9))
def test_roots_are_the_published_ones(size: int) -> None:
    assert root_of(HASHES[:size]).hex() == ROOTS[size]


@pytest.mark.parametrize("size", range(9))
def test_the_independent_verifier_computes_the_published_roots(size: int) -> None:
    tree = verify_journal.Tree()
    for leaf in LEAVES[:size]:
        tree.push(verify_journal.hash_leaf(leaf))
    assert tree.root().hex() == ROOTS[size]


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert Frontier().root() == EMPTY_ROOT


def test_the_published_inclusion_proof_comes_out() -> None:
    assert [node.hex() for node in inclusion_path(0, 8, range_hash_of(HASHES))] == FIRST_OF_EIGHT


@given(trees, st.data())
def test_every_leaf_proves_its_inclusion(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    path = inclusion_path(index, len(leaves), range_hash_of(leaves))
    verify_inclusion(leaves[index], index, len(leaves), path, root_of(leaves))
    assert verify_journal.root_from_path(leaves[index], index, len(leaves), path) == root_of(leaves)


@given(trees, st.data())
def test_no_other_leaf_index_or_path_proves_inclusion(leaves: list[bytes], data: st.DataObject) -> None:
    size = len(leaves)
    index = data.draw(st.integers(0, size - 1))
    path, root = list(inclusion_path(index, size, range_hash_of(leaves))), root_of(leaves)
    with pytest.raises(ProofError):
        verify_inclusion(leaf_hash(b"another leaf, longer than any"), index, size, path, root)
    with pytest.raises(ProofError):
        verify_inclusion(leaves[index], index, size, [*path, root], root)
    with pytest.raises(ProofError):
        verify_inclusion(leaves[index], size, size, path, root)
    if path:
        with pytest.raises(ProofError):
            verify_inclusion(leaves[index], index, size, path[:-1], root)


@given(trees)
def test_a_frontier_survives_being_written_and_read(leaves: list[bytes]) -> None:
    frontier = Frontier()
    for leaf in leaves:
        frontier.add(leaf)
    again = Frontier.from_bytes(frontier.size, frontier.to_bytes())
    again.add(leaves[0])
    assert again.root() == root_of([*leaves, leaves[0]])


@pytest.mark.parametrize(("size", "nodes"), [(3, b"x" * 32), (0, b"x" * 32), (1, b"x" * 31)])
def test_a_frontier_that_does_not_fit_its_size_is_refused(size: int, nodes: bytes) -> None:
    with pytest.raises(ValueError):
        Frontier.from_bytes(size, nodes)


def test_tile_nodes_are_given_out_once_complete() -> None:
    frontier = Frontier()
    leaves = [leaf_hash(b"%d" % n) for n in range(600)]
    nodes = [node for leaf in leaves for node in frontier.add(leaf)]
    assert nodes == [(8, 0, root_of(leaves[:256])), (8, 1, root_of(leaves[256:512]))]
