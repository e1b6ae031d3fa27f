"""Whether a token that tells who somebody is can be believed: by whom it is, for whom, until when, for which login."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from core.access.provider import Provider
from core.errors import Invalid
from dashboard.oidc_http import of_extra

# Signatures that need a key of the provider's own: never `none`, and no HMAC, whose key would be a public one.
ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)
# Two machines' clocks differ (seconds).
LEEWAY = 60


class KeysUnknown(Invalid):
    """It is signed by a key that is not among the known ones."""


def keys_of(document: Mapping[str, Any]) -> Any:
    """The provider's keys, those that cannot be read left out. Raises Invalid where none is left."""
    jwk, errors = of_extra("joserfc.jwk"), of_extra("joserfc.errors")
    listed, keys = document.get("keys"), []
    for data in listed if isinstance(listed, list) else []:
        try:
            keys.append(jwk.JWKRegistry.import_key(data))
        except (errors.JoseError, ValueError, TypeError, KeyError, AttributeError):
            continue
    if not keys:
        raise Invalid("The provider has no keys that can be read.")
    return jwk.KeySet(keys)


def checked(token: Mapping[str, Any], keys: Any, provider: Provider, nonce: str) -> dict[str, Any]:
    """The claims of the ID token in this answer. Raises Invalid, saying what is wrong, and KeysUnknown."""
    signed, access = token.get("id_token"), token.get("access_token")
    if not isinstance(signed, str):
        raise Invalid("It holds no ID token.")
    header, claims = _opened(signed, keys)
    expected = {key: {"essential": True, "value": value} for key, value in _expected(provider).items()}
    params = {"nonce": nonce, "client_id": provider.client_id, "access_token": access}
    try:
        of_extra("authlib.oidc.core").CodeIDToken(claims, header, expected, params).validate(leeway=LEEWAY)
    except (of_extra("joserfc.errors").JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise Invalid(f"A claim is wrong: {type(error).__name__}: {error}") from error
    _check_twice(claims, provider, nonce)
    return dict(claims)


def _opened(signed: str, keys: Any) -> tuple[Any, dict[str, Any]]:
    """Its header and claims, if one of the keys signed it."""
    errors = of_extra("joserfc.errors")
    try:
        opened = of_extra("joserfc.jwt").decode(signed, keys, algorithms=list(ALGORITHMS))
    except (errors.InvalidKeyIdError, errors.BadSignatureError) as error:
        raise KeysUnknown(f"No key of the provider's signed it: {type(error).__name__}.") from error
    except (errors.JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Invalid(f"It cannot be read: {type(error).__name__}: {error!s:.200}") from error
    return opened.header, opened.claims


def _expected(provider: Provider) -> dict[str, str]:
    return {"iss": provider.issuer, "aud": provider.client_id}


def _check_twice(claims: Mapping[str, Any], provider: Provider, nonce: str) -> None:
    """What a login stands and falls with, once more in our own words: a library may be told the wrong thing."""
    said = claims.get("aud")
    audience = said if isinstance(said, list) else [said]
    subject, once = claims.get("sub"), claims.get("nonce")
    if claims.get("iss") != provider.issuer or provider.client_id not in audience:
        raise Invalid("It is of another issuer, or for somebody else.")
    if (len(audience) > 1 or "azp" in claims) and claims.get("azp") != provider.client_id:
        raise Invalid("It was given to somebody else.")
    if not isinstance(once, str) or not hmac.compare_digest(once.encode("utf-8", "replace"), nonce.encode()):
        raise Invalid("It is of another login.")
    if not isinstance(subject, str) or not subject:
        raise Invalid("It is about nobody.")
