"""C2SP signed notes, checkpoints and tlog-proofs: the published vector, and one spelling only."""

from __future__ import annotations

import base64
import pickle
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_bridge.journal.format.checkpoint import Checkpoint
from crm_bridge.journal.format.merkle import inclusion_path, leaf_hash, range_hash_of, root_of
from crm_bridge.journal.format.note import NoteError, SignedNote, Signer, VerifierKey, decode64, sign_note
from crm_bridge.journal.format.proof import InclusionProof
from verifier import verify_journal

# The key and note of golang.org/x/mod/sumdb/note, the first implementation of the format.
VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
LINE = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"

SIGNER = Signer("crm-bridge/test", bytes(range(32)))


def test_the_published_note_verifies() -> None:
    assert SignedNote.parse(TEXT + "\n" + LINE).signed_by(VerifierKey.parse(VKEY))


def test_signing_gives_the_published_note_byte_for_byte() -> None:
    assert sign_note(TEXT, Signer("PeterNeumann", SEED)) == TEXT + "\n" + LINE


def test_the_signer_knows_its_published_vkey() -> None:
    assert str(Signer("PeterNeumann", SEED).verifier) == VKEY


def test_the_independent_verifier_reads_the_published_key() -> None:
    key = verify_journal.Key(VKEY)
    assert key.signed(TEXT.encode(), SignedNote.parse(TEXT + "\n" + LINE).lines[0].signature)


@pytest.mark.parametrize("place", range(len(VKEY)))
def test_a_key_with_one_character_changed_is_refused(place: int) -> None:
    changed = VKEY[:place] + chr(ord(VKEY[place]) + 1) + VKEY[place + 1 :]
    with pytest.raises(NoteError):
        VerifierKey.parse(changed)
    with pytest.raises(verify_journal.UnreadableError):
        verify_journal.Key(changed)


@given(st.integers(0, len(TEXT + "\n" + LINE) - 1), st.integers(1, 127))
def test_a_note_with_one_character_changed_is_not_believed(place: int, change: int) -> None:
    note = TEXT + "\n" + LINE
    changed = note[:place] + chr(ord(note[place]) ^ change) + note[place + 1 :]
    try:
        believed = SignedNote.parse(changed).signed_by(VerifierKey.parse(VKEY))
    except NoteError:
        believed = False
    assert not believed


def test_base64_has_one_spelling() -> None:
    with pytest.raises(NoteError):
        decode64("QR==")


def test_signatures_of_strangers_are_ignored() -> None:
    note = sign_note(TEXT, Signer("PeterNeumann", SEED), SIGNER)
    assert SignedNote.parse(note).signed_by(SIGNER.verifier)


def test_a_bad_line_by_a_known_key_spoils_the_note() -> None:
    bad = sign_note("something else\n", SIGNER).rpartition("\n\n")[2]
    assert not SignedNote.parse(sign_note(TEXT, SIGNER) + bad).signed_by(SIGNER.verifier)


def test_a_checkpoint_survives_being_written_and_read() -> None:
    checkpoint = Checkpoint.sign("crm-bridge/test", 9, bytes(32), SIGNER)
    assert Checkpoint.parse(checkpoint.note) == checkpoint


@pytest.mark.parametrize(
    "text",
    [
        "crm-bridge/test\n09\n" + "A" * 43 + "=\n",
        "crm-bridge/test\n9\nAA==\n",
        "crm-bridge/test\n9\n",
        "x\n1\nAA==\nmore\n",
    ],
)
def test_text_that_is_not_exactly_a_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        Checkpoint.parse(sign_note(text, SIGNER))


def test_a_checkpoint_needs_a_key_of_its_own_name() -> None:
    checkpoint = Checkpoint.sign("crm-bridge/other", 9, bytes(32), SIGNER)
    assert not checkpoint.signed_by(SIGNER.verifier)


def test_the_signer_shows_no_secret_and_cannot_be_copied() -> None:
    assert repr(SIGNER) == f"Signer(crm-bridge/test+{SIGNER.verifier.key_id})"
    with pytest.raises(TypeError):
        pickle.dumps(SIGNER)


def make_proof() -> InclusionProof:
    leaves = [leaf_hash(b"%d" % n) for n in range(5)]
    checkpoint = Checkpoint.sign("crm-bridge/test", 5, root_of(leaves), SIGNER)
    return InclusionProof(3, inclusion_path(3, 5, range_hash_of(leaves)), checkpoint)


def test_a_proof_reads_as_the_c2sp_text() -> None:
    lines = make_proof().text().split("\n")
    assert lines[:2] == ["c2sp.org/tlog-proof@v1", "index 3"]
    assert lines[5:8] == ["", "crm-bridge/test", "5"]


def test_a_proof_survives_being_written_and_read() -> None:
    proof = make_proof()
    again = InclusionProof.parse(proof.text())
    again.verify(b"3")
    assert again == proof


def test_extra_data_in_a_proof_is_allowed_and_ignored() -> None:
    proof = make_proof()
    assert InclusionProof.parse(proof.text().replace("\nindex", "\nextra YWJj\nindex", 1)) == proof


@pytest.mark.parametrize("change", [("index 3", "index 03"), ("@v1", "@v2"), ("\n\n", "\n"), ("index 3\n", "")])
def test_text_that_is_not_exactly_a_proof_is_refused(change: tuple[str, str]) -> None:
    with pytest.raises(NoteError):
        InclusionProof.parse(make_proof().text().replace(*change, 1))


# A checkpoint of Go's checksum database, as it was served, with a cosignature; and the key that every Go tool has.
SUMDB_KEY = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
SUMDB_NOTE = """go.sum database tree
15081221
BoMMe1wd25Tco0mYGROkyqxHZWx+hcSCtMV315Lu6Lg=

— sum.golang.org Az3grilD7vQqTrv66jRgKM84Y80KTprrSt4bKmiOPxgmS5ZVBTeCl6dUvjYnN13R+C8j0jGY1WnUADGMkok3U0m2Zgo=
— test.example.com qTGhC3917mAr6hGh+T55tNjxaej/D/GQivJZRIj7XGdAcQOTqfMWIPgp/v/904LEduN/h2sSRtHUJXUL4b9Gm7Bz4Qc=
"""
# The example of c2sp.org/tlog-checkpoint.
C2SP_NOTE = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)


def test_a_published_checkpoint_of_the_checksum_database_verifies() -> None:
    checkpoint = Checkpoint.parse(SUMDB_NOTE)
    assert (checkpoint.origin, checkpoint.size) == ("go.sum database tree", 15081221)
    assert SignedNote.parse(SUMDB_NOTE).signed_by(VerifierKey.parse(SUMDB_KEY))


def test_the_independent_verifier_reads_the_same_published_checkpoint() -> None:
    note, key = verify_journal.Note(SUMDB_NOTE), verify_journal.Key(SUMDB_KEY)
    assert (note.origin, note.size, note.root) == ("go.sum database tree", 15081221, Checkpoint.parse(SUMDB_NOTE).root)
    assert all(key.signed(note.message, signature) for signature in note.by(key))
    assert len(note.by(key)) == 1


@pytest.mark.parametrize("read", [Checkpoint.parse, verify_journal.Note])
def test_the_example_of_the_specification_is_read(read: Callable[[str], Checkpoint | verify_journal.Note]) -> None:
    checkpoint = read(C2SP_NOTE)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
