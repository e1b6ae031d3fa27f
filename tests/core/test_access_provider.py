"""The [oidc] table: what it makes, what it refuses, and that its secret is shown nowhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core.access.accounts import Grant
from core.access.provider import Group, Provider
from core.errors import Invalid
from core.settings import Settings, load

PUBLIC = 'public_url = "https://queues.example.com"\n'
LEAST = PUBLIC + '[oidc]\nissuer = "https://id.example.com"\nclient_id = "tickbird"\n'
Written = Callable[[str], Path]


@pytest.fixture
def toml(tmp_path: Path) -> Written:
    def written(content: str) -> Path:
        file = tmp_path / "tickbird.toml"
        file.write_text(content)
        return file

    return written


def provider(file: Path | None, **environment: str) -> Provider:
    found = load(file, environment, {}).oidc
    assert found is not None
    return found


def test_two_keys_are_enough_and_without_them_there_is_no_provider(toml: Written) -> None:
    assert provider(toml(LEAST)) == Provider("https://id.example.com", "tickbird")
    assert load(toml(LEAST), {}, {}).login
    assert load(None, {}, {}).oidc is None
    assert provider(toml(LEAST)).called == "Log in by id.example.com"


def test_groups_are_tables_with_a_role_and_what_it_holds_for(toml: Written) -> None:
    tables = '[[oidc.groups]]\nname = "cn=ops,ou=all"\nrole = "operator"\nqueues = ["mail*"]\n'
    tables += '[[oidc.groups]]\nname = "chiefs"\nrole = "on-call"\n'
    roles = '[[roles]]\nname = "on-call"\npermissions = ["retry"]\n'
    assert provider(toml(LEAST + tables + roles)).groups == (
        Group("cn=ops,ou=all", Grant("operator", queues=("mail*",))),
        Group("chiefs", Grant("on-call")),
    )


def test_all_of_it_can_be_said_in_the_environment() -> None:
    found = provider(
        None,
        TICKBIRD_PUBLIC_URL="https://x",
        TICKBIRD_OIDC_ISSUER="https://id.example.com/realms/staff",
        TICKBIRD_OIDC_CLIENT_ID="tickbird",
        TICKBIRD_OIDC_CLIENT_SECRET="s3cret",
        TICKBIRD_OIDC_GROUPS="ops=operator, a=b = admin",
        TICKBIRD_OIDC_SCOPES="email groups",
        TICKBIRD_OIDC_INTERNAL="true",
    )
    assert found.groups == (Group("ops", Grant("operator")), Group("a=b", Grant("admin")))
    assert (found.client_secret, found.internal, found.asked) == ("s3cret", True, "openid email groups")


def test_the_secret_may_lie_in_a_file_and_the_environment_beats_it(toml: Written, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from the file\n")
    file = toml(LEAST + f'client_secret_file = "{secret}"\n')
    assert provider(file).client_secret == "from the file"
    assert provider(file, TICKBIRD_OIDC_CLIENT_SECRET="said").client_secret == "said"
    assert provider(toml(LEAST), TICKBIRD_OIDC_CLIENT_SECRET_FILE=str(secret)).client_secret == "from the file"


def test_the_secret_is_shown_nowhere(toml: Written) -> None:
    settings = load(toml(LEAST + 'client_secret = "hunter2"\n'), {}, {})
    assert "hunter2" not in f"{settings} {settings!r} {settings.oidc}"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (LEAST.replace(PUBLIC, ""), "needs public_url"),
        (PUBLIC + '[oidc]\nissuer = "https://id.example.com"\n', "needs oidc.client_id"),
        (PUBLIC + '[oidc]\nclient_id = "x"\n', "needs oidc.issuer"),
        (PUBLIC + "[oidc]\ninternal = true\n", "needs oidc.issuer"),
        (LEAST.replace("https://id", "http://id"), "not https"),
        (LEAST.replace("https://id", "ftp://id"), "must be like"),
        (LEAST.replace("https://id.example.com", "https://user:pw@id.example.com"), "must be like"),
        (LEAST.replace("https://id.example.com", "https://id.example.com/?x=1"), "must be like"),
        (LEAST.replace("https://id.example.com", "https://id.example.com:x"), "must be like"),
        (LEAST.replace("https://id.example.com", "id.example.com"), "must be like"),
        (LEAST + 'role = "chief"\n', "no role 'chief'"),
        (LEAST + 'groups = ["ops=chief"]\n', "no role 'chief'"),
        (LEAST + 'groups = ["ops"]\n', "oidc.groups has 'ops'"),
        (LEAST + 'groups = ["ops=viewer", "ops=admin"]\n', "names 'ops' twice"),
        (LEAST + '[[oidc.groups]]\nname = "ops"\n', "needs role"),
        (LEAST + '[[oidc.groups]]\nrole = "viewer"\n', "needs name"),
        (LEAST + '[[oidc.groups]]\nname = "ops"\nrole = "viewer"\nqueue = "x"\n', "unknown setting 'queue'"),
        (LEAST + 'client_secret = "a"\nclient_secret_file = "b"\n', "both client_secret and"),
        (LEAST + 'client_secret_file = "/nowhere/at/all"\n', "cannot be read"),
        (LEAST + "client_secret_file = 7\n", "client_secret_file"),
        (LEAST + 'clientid = "x"\n', "oidc.clientid"),
        (PUBLIC + 'oidc = "https://id.example.com"\n', "unknown setting 'oidc'"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(toml: Written, content: str, why: str) -> None:
    with pytest.raises(Invalid) as refused:
        load(toml(content), {}, {})
    assert why in str(refused.value)


def test_plain_http_is_for_a_provider_in_ones_own_network(toml: Written) -> None:
    content = LEAST.replace("https://id", "http://id") + "internal = true\n"
    assert provider(toml(content)).issuer == "http://id.example.com"
    assert Settings().oidc is None
