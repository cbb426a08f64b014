"""The acting user: found by mobile or id, and refused when there is none."""

from __future__ import annotations

from typing import Any

import pytest

from crm_bridge.errors import CredentialStoreError, SignInError
from crm_bridge.spi.emulator import WireResponse


def secrets(rig: Any, **changed: str) -> dict[str, str]:
    known = {k: v for k, v in rig.emulator.connection()[1].items() if not k.startswith("operator_")}
    return {**known, **changed}


def test_a_mobile_number_finds_the_open_user_id(mount: Any) -> None:
    rig = mount(count=3)
    mobile = rig.emulator.connection()[1]["operator_mobile"]
    profile = rig.connect(secrets=secrets(rig, operator_mobile=mobile)).whoami()
    assert profile.user_id.startswith("FSUID_")
    assert profile.user_name == "Patricia Boyle"


def test_an_open_user_id_is_used_as_it_is(mount: Any) -> None:
    rig = mount(count=3)
    mobile = rig.emulator.connection()[1]["operator_mobile"]
    user = rig.connect(secrets=secrets(rig, operator_mobile=mobile)).whoami().user_id
    profile = rig.connect(secrets=secrets(rig, operator_id=user), name="other").whoami()
    assert (profile.user_id, profile.user_name) == (user, "Patricia Boyle")
    assert rig.calls("/getByMobile") == 1


def test_the_newer_style_needs_the_employee_id(mount: Any) -> None:
    rig = mount(count=3)
    assert rig.connect(auth="app_secret", secrets=secrets(rig, operator_id="1000")).whoami().user_id == "1000"
    with pytest.raises(CredentialStoreError):
        rig.connect(auth="app_secret", secrets=secrets(rig, operator_mobile="13800001000")).whoami()


def test_an_unknown_mobile_number_is_a_sign_in_error(mount: Any) -> None:
    rig = mount(count=3)
    with pytest.raises(SignInError) as caught:
        rig.connect(secrets=secrets(rig, operator_mobile="13999999999")).whoami()
    assert "13999999999" not in str(caught.value)


def test_a_person_who_has_left_cannot_act(mount: Any) -> None:
    rig = mount(count=3)
    left = {"errorCode": 0, "openUserId": "FSUID_1", "name": "x", "isStop": True}
    rig.intercept = lambda request: WireResponse.of_json(left) if request.path == "/cgi/user/get" else None
    with pytest.raises(SignInError):
        rig.connect(secrets=secrets(rig, operator_id="FSUID_1")).whoami()


def test_two_people_with_one_number_are_not_guessed_between(mount: Any) -> None:
    rig = mount(count=3)
    two = {"errorCode": 0, "empList": [{"openUserId": "FSUID_1"}, {"openUserId": "FSUID_2"}]}
    rig.intercept = lambda request: WireResponse.of_json(two) if "getByMobile" in request.path else None
    with pytest.raises(SignInError):
        rig.connect(secrets=secrets(rig, operator_mobile="1")).whoami()
