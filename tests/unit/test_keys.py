"""API keys: only the key that was made opens, and only for its tenant and scopes."""

import hashlib
import hmac
import json
import re

import pytest

from report_queue import keys

PEPPER = "ab" * 32
ENTROPY = bytes(range(25))
NOW = 1_795_939_200_000  # 2026-11-29
KEY, KEY_ID, RECORD = keys.create("acme", ["submit", "read"], PEPPER, entropy=ENTROPY)
SECRET = json.dumps({"pepper": PEPPER, "keys": {KEY_ID: RECORD}})


def test_a_new_key_has_the_form_and_nobody_keeps_it() -> None:
    assert re.fullmatch(r"rq_[0-9a-v]{8}_[0-9a-v]{32}", KEY)
    assert KEY.split("_")[1] == KEY_ID
    assert KEY.split("_")[2] not in SECRET


def test_what_is_kept_is_the_keyed_hash_of_the_whole_key() -> None:
    expected = hmac.new(bytes.fromhex(PEPPER), KEY.encode(), hashlib.sha256).hexdigest()
    kept = {"hash": expected, "tenant": "acme", "scopes": ["submit", "read"]}
    assert kept == RECORD


def test_the_right_key_names_its_tenant_and_scopes() -> None:
    assert keys.verify(KEY, SECRET, now=NOW) == keys.Principal("acme", KEY_ID, frozenset({"submit", "read"}))


@pytest.mark.parametrize(
    "token",
    [
        "",
        "rq_",
        KEY[:-1],
        KEY + "0",
        KEY + "\n",
        " " + KEY,
        KEY.upper(),
        KEY[:-1] + ("0" if KEY[-1] != "0" else "1"),
        KEY.replace(KEY_ID, "vvvvvvvv"),
        KEY.replace("rq_", "sk_"),
        KEY[:12] + "ä" * 32,
        "rq_00000000_" + "0" * 32,
        "x" * 100_000,
        "\x00",
    ],
)
def test_any_other_token_is_nobody(token: str) -> None:
    assert keys.verify(token, SECRET, now=NOW) is None


def test_a_key_of_another_pepper_is_nobody() -> None:
    assert keys.verify(KEY, json.dumps({"pepper": "cd" * 32, "keys": {KEY_ID: RECORD}}), now=NOW) is None


@pytest.mark.parametrize("token", [KEY, KEY[:-1] + "v", KEY.replace(KEY_ID, "vvvvvvvv")])
def test_hashes_are_compared_in_constant_time_also_for_an_id_that_is_not_there(
    token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[str, str]] = []

    def compare(one: str, other: str) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr(hmac, "compare_digest", compare)
    keys.verify(token, SECRET, now=NOW)
    assert len(compared) == 1


def test_a_key_that_expires_is_nobodys_from_that_moment_on() -> None:
    key, key_id, record = keys.create("acme", ["read"], PEPPER, entropy=ENTROPY, created=NOW - 5, expires=NOW)
    assert (record["created"], record["expires"]) == (NOW - 5, NOW)
    kept = json.dumps({"pepper": PEPPER, "keys": {key_id: record}})
    assert keys.verify(key, kept, now=NOW - 1) == keys.Principal("acme", key_id, frozenset({"read"}))
    assert keys.verify(key, kept, now=NOW) is None
    assert keys.verify(key[:-1] + ("0" if key[-1] != "0" else "1"), kept, now=NOW - 1) is None


def test_a_broken_secret_is_an_error_and_no_answer() -> None:
    for broken in ("", "{}", json.dumps({"pepper": "zz", "keys": {KEY_ID: RECORD}})):
        with pytest.raises((ValueError, KeyError)):
            keys.verify(KEY, broken, now=NOW)


def test_a_key_that_exists_gets_the_same_record() -> None:
    assert keys.record_of(KEY, tenant="acme", scopes=["submit", "read"], pepper=PEPPER) == (KEY_ID, RECORD)


@pytest.mark.parametrize("tenant", ["", "a/b", "a|b", "../x", "A", "-a", "a" * 64, "ä", "a\n"])
def test_a_tenant_is_a_name_that_fits_a_path_and_an_index(tenant: str) -> None:
    with pytest.raises(ValueError, match="a tenant is"):
        keys.create(tenant, [], PEPPER, entropy=ENTROPY)


def test_a_key_needs_enough_entropy_the_form_and_scopes_that_exist() -> None:
    with pytest.raises(ValueError, match="25 bytes"):
        keys.create("acme", [], PEPPER, entropy=b"short")
    with pytest.raises(ValueError, match="has the form"):
        keys.record_of("letmein", tenant="acme", scopes=[], pepper=PEPPER)
    with pytest.raises(ValueError, match="no such scopes: root"):
        keys.create("acme", ["root"], PEPPER, entropy=ENTROPY)
