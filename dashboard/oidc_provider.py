"""The provider as it describes itself: its addresses and its keys, and the exchange of a code for who somebody is."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.access.provider import Provider
from core.errors import Forbidden, Invalid, TickbirdError
from dashboard.attempts import Attempt
from dashboard.oidc_http import as_object, away, check_address, fetched, of_extra, options, reached
from dashboard.oidc_token import KeysUnknown, checked, keys_of
from dashboard.renewed import Renewed

log = logging.getLogger("tickbird.dashboard.oidc")
NOT_BELIEVED = "What the provider said of this login cannot be believed."
EMAIL, VERIFIED = "email", "email_verified"
# How one shows that one is the client; what is first is preferred.
_WAYS = ("client_secret_basic", "client_secret_post")


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Addresses at the provider; `userinfo` may be empty. `names_itself`: its answers say which issuer they are of."""

    authorization: str
    token: str
    keys: str
    userinfo: str
    way: str
    names_itself: bool


class Issuer:
    """What is known of the provider, fetched when it is needed."""

    def __init__(self, provider: Provider, redirect: str) -> None:
        self.provider, self.redirect = provider, redirect
        self._endpoints = Renewed(f"the provider {provider.host}", self._discovered)
        self._keys = Renewed(f"the keys of {provider.host}", self._keys_fetched)

    @property
    def trouble(self) -> TickbirdError | None:
        """Why it could not be reached when it was last tried, if so."""
        return self._endpoints.trouble

    async def look(self, patience: float) -> None:
        """Find out whether it is there, unless that is known, and wait so long for it (seconds)."""
        await self._endpoints.look(patience)

    async def address(self, attempt: Attempt) -> str:
        """Where a browser goes in order to log in. Raises Unavailable where it cannot."""
        challenge = of_extra("authlib.oauth2.rfc7636").create_s256_code_challenge(attempt.verifier)
        return str(
            of_extra("authlib.oauth2.rfc6749.parameters").prepare_grant_uri(
                (await self._endpoints.get()).authorization,
                self.provider.client_id,
                "code",
                redirect_uri=self.redirect,
                scope=self.provider.asked,
                state=attempt.state,
                nonce=attempt.nonce,
                code_challenge=challenge,
                code_challenge_method="S256",
            )
        )

    async def check_sender(self, said: str) -> None:
        """Raise Forbidden where an answer is of another issuer, or does not say of which though it would (RFC 9207)."""
        endpoints = await self._endpoints.get()
        if said != self.provider.issuer and (said or endpoints.names_itself):
            raise Forbidden("This answer is not of the provider that was asked.")

    async def claims(self, code: str, attempt: Attempt) -> Mapping[str, Any]:
        """Who it says is there, all of it checked. Raises Forbidden where that cannot be believed, Unavailable."""
        endpoints = await self._endpoints.get()
        async with self._client(endpoints) as client:
            token = await self._token(client, endpoints, code=code, verifier=attempt.verifier)
            claims = await self._checked(token, attempt)
            if endpoints.userinfo and not self._tells_enough(claims):
                claims = with_more(claims, await self._more(client, endpoints, claims))
        return claims

    def _client(self, endpoints: Endpoints) -> Any:
        return of_extra("authlib.integrations.httpx_client").AsyncOAuth2Client(
            client_id=self.provider.client_id,
            client_secret=self.provider.client_secret or None,
            token_endpoint_auth_method=endpoints.way if self.provider.client_secret else "none",
            scope=self.provider.asked,
            redirect_uri=self.redirect,
            **options(self.provider),
        )

    async def _token(self, client: Any, endpoints: Endpoints, *, code: str, verifier: str) -> Mapping[str, Any]:
        asking = client.fetch_token(endpoints.token, grant_type="authorization_code", code=code, code_verifier=verifier)
        try:
            token: Mapping[str, Any] = await reached(self.provider, asking)
        except of_extra("authlib.common.errors").AuthlibBaseError as error:
            # What it says of it is the provider's own text; people get a sentence of ours.
            log.warning("%s refused a code: %.200r", self.provider.host, f"{error.error}: {error.description}")
            raise Forbidden("The provider does not (any more) know this login.", "Begin once more.") from None
        except (ValueError, TypeError, RecursionError) as error:
            raise away(self.provider, "It answers with what is no token.") from error
        return token

    async def _checked(self, token: Mapping[str, Any], attempt: Attempt) -> dict[str, Any]:
        try:
            try:
                return checked(token, await self._keys.get(), self.provider, attempt.nonce)
            except KeysUnknown:
                # It may have new keys: they are asked for once, and then there is no such key.
                return checked(token, await self._keys.get(anew=True), self.provider, attempt.nonce)
        except Invalid as wrong:
            log.warning("a token of %s is refused: %s", self.provider.host, wrong.message)
            raise Forbidden(NOT_BELIEVED, "The log of Tickbird says what is wrong with it.") from None

    def _tells_enough(self, claims: Mapping[str, Any]) -> bool:
        needed = [self.provider.name_claim, *([VERIFIED] if self.provider.name_claim == EMAIL else [])]
        needed += [self.provider.groups_claim] if self.provider.groups else []
        return all(claim(claims, name) is not None for name in needed)

    async def _more(self, client: Any, endpoints: Endpoints, claims: Mapping[str, Any]) -> dict[str, Any]:
        """What it tells by another address only; of nobody but who the token is about."""
        try:
            found = as_object(self.provider, await reached(self.provider, client.get(endpoints.userinfo)))
        except of_extra("authlib.common.errors").AuthlibBaseError as error:
            raise away(self.provider, f"It gave no token that opens its userinfo: {error.error!s:.100}.") from error
        if found.get("sub") != claims["sub"]:
            log.warning("%s tells more, but of somebody else than its token", self.provider.host)
            raise Forbidden(NOT_BELIEVED)
        return found

    async def _discovered(self) -> Endpoints:
        provider = self.provider
        said = await fetched(provider, f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration")
        if said.get("issuer") != provider.issuer:
            raise away(provider, f"It calls itself {said.get('issuer')!r:.200}, and oidc.issuer is another.")
        more, known = said.get("userinfo_endpoint"), said.get("token_endpoint_auth_methods_supported")
        ways = [way for way in _WAYS if not isinstance(known, list) or way in known]
        return Endpoints(
            authorization=check_address(provider, said.get("authorization_endpoint"), "authorization_endpoint"),
            token=check_address(provider, said.get("token_endpoint"), "token_endpoint"),
            keys=check_address(provider, said.get("jwks_uri"), "jwks_uri"),
            userinfo=check_address(provider, more, "userinfo_endpoint") if more else "",
            way=ways[0] if ways else _WAYS[0],
            names_itself=said.get("authorization_response_iss_parameter_supported") is True,
        )

    async def _keys_fetched(self) -> Any:
        endpoints = await self._endpoints.get()
        try:
            return keys_of(await fetched(self.provider, endpoints.keys))
        except Invalid as wrong:
            raise away(self.provider, wrong.message) from wrong


def with_more(token: Mapping[str, Any], userinfo: Mapping[str, Any]) -> dict[str, Any]:
    """What a token says, and where it says nothing, the userinfo. Whether an address is verified is only taken from
    where that very address stands."""
    told = {name: value for name, value in token.items() if value is not None}
    more = dict(userinfo)
    if EMAIL not in told:
        told.pop(VERIFIED, None)
    elif more.get(EMAIL) != told[EMAIL]:
        more.pop(VERIFIED, None)
    return {**more, **told}


def claim(claims: Mapping[str, Any], name: str) -> Any:
    """The claim of exactly that name, or the one that its dots lead to; None where there is none."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
