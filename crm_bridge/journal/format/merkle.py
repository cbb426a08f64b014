"""RFC 6962 Merkle tree hashing: leaves, roots, a growing frontier, proofs and their verification."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

EMPTY_ROOT = sha256(b"").digest()
HASH_SIZE = 32

# Inner nodes of these levels are kept by the store (every 256th leaf completes one): enough for proofs without
# reading the whole journal, and almost free to write.
TILE_HEIGHT = 8

RangeHash = Callable[[int, int], bytes]


class ProofError(ValueError):
    """A proof that does not lead to the root."""


def leaf_hash(data: bytes) -> bytes:
    """Return SHA-256(0x00 ‖ data) (RFC 6962 section 2.1)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 ‖ left ‖ right) (RFC 6962 section 2.1)."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """The roots of the complete subtrees that make up a tree: all that is needed to let it grow."""

    __slots__ = ("_nodes", "size")

    def __init__(self, size: int = 0, nodes: Sequence[bytes] = ()) -> None:
        """Continue a tree of `size` leaves; `nodes` are its complete subtrees, widest first, one for each bit set."""
        if size < 0 or size.bit_count() != len(nodes) or any(len(node) != HASH_SIZE for node in nodes):
            raise ValueError("the nodes do not fit the size")
        self.size = size
        self._nodes = list(nodes)

    def add(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Append a leaf hash; return the (level, index, hash) of the tile nodes that it completed."""
        completed = []
        index, level, node = self.size, 0, leaf
        while index & 1:
            node = node_hash(self._nodes.pop(), node)
            index >>= 1
            level += 1
            if level % TILE_HEIGHT == 0:
                completed.append((level, index, node))
        self._nodes.append(node)
        self.size += 1
        return completed

    def root(self) -> bytes:
        """Return the Merkle tree hash of all leaves so far."""
        if not self._nodes:
            return EMPTY_ROOT
        result = self._nodes[-1]
        for node in reversed(self._nodes[:-1]):
            result = node_hash(node, result)
        return result

    def copy(self) -> Frontier:
        """Return an independent copy."""
        return Frontier(self.size, self._nodes)

    def to_bytes(self) -> bytes:
        """Return the nodes joined, widest first."""
        return b"".join(self._nodes)

    @classmethod
    def from_bytes(cls, size: int, joined: bytes) -> Frontier:
        """Read what `to_bytes` wrote; raise ValueError when it does not fit `size`."""
        if len(joined) % HASH_SIZE:
            raise ValueError("a node is cut")
        return cls(size, [joined[at : at + HASH_SIZE] for at in range(0, len(joined), HASH_SIZE)])


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the Merkle tree hash over leaf hashes."""
    if not leaves:
        return EMPTY_ROOT
    level = list(leaves)
    while len(level) > 1:
        # A node without a neighbour moves up as it is: the same tree as splitting at powers of two.
        alone = level[-1:] if len(level) & 1 else []
        level = [
            sha256(b"\x01" + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)
        ] + alone
    return level[0]


def range_hash_of(leaves: Sequence[bytes]) -> RangeHash:
    """Return the function (start, end) -> Merkle tree hash over a list of leaf hashes in memory."""
    return lambda start, end: root_of(leaves[start:end])


def inclusion_path(index: int, size: int, range_hash: RangeHash) -> tuple[bytes, ...]:
    """Return the audit path of leaf `index` in a tree of `size`, leaf's sibling first (RFC 6962 section 2.1.1)."""
    if not 0 <= index < size:
        raise ValueError("the leaf is not in the tree")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(range_hash(middle, end))
            end = middle
        else:
            path.append(range_hash(start, middle))
            start = middle
    return tuple(reversed(path))


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Raise ProofError unless `path` leads from the leaf to the root (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size:
        raise ProofError("the index is outside the tree")
    position, last, result = index, size - 1, leaf
    for node in path:
        if last == 0:
            raise ProofError("the path is too long")
        if position & 1 or position == last:
            result = node_hash(node, result)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            result = node_hash(result, node)
        position >>= 1
        last >>= 1
    if last or result != root:
        raise ProofError("the path does not lead to the root")


def _split(count: int) -> int:
    """Return the largest power of two that is smaller than `count` (at least 2)."""
    return 1 << (count - 1).bit_length() - 1
