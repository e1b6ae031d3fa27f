"""Logging in by an OpenID provider: away to it, and back with a code that says who somebody is."""

from __future__ import annotations

import logging
import re

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from core.access.asker import asker
from core.audit.entry import Ended
from core.errors import Forbidden, NotFound, TickbirdError
from dashboard.attempts import SECONDS, Attempt
from dashboard.cookies import ATTEMPT, is_secure, kept, sent
from dashboard.desk import desk_of
from dashboard.door import BY_PROVIDER, RETURN, Door
from dashboard.login import admitted, door_of, inside, page
from dashboard.oidc_person import NotForThem, Person, person
from dashboard.oidc_provider import Issuer
from dashboard.refusals import status_of

log = logging.getLogger("tickbird.dashboard.oidc")
START = "/login/start"
# What a provider may answer instead of a code, in words of ours: its own text could be anybody's.
_ANSWERS = {
    "access_denied": "The provider did not let you in, or you did not want to.",
    "login_required": "The provider wants you to log in there first.",
    "temporarily_unavailable": "The provider cannot do it now.",
    "server_error": "The provider cannot do it now.",
}
_OTHER = "The provider refused this login. The log of Tickbird says with which words."
_STRANGE = re.compile(r"[^ -~]")
LONGEST = 4096


def routes(base: str) -> list[Route]:
    """Both ways. They are open to all, so they declare no permission."""
    return [Route(base + START, start, methods=["GET"]), Route(base + RETURN, back, methods=["GET"])]


async def start(request: Request) -> Response:
    """To the provider, with what only this browser knows."""
    desk, door = desk_of(request), door_of(request)
    issuer, wanted = _issuer(door), inside(desk.base, request.query_params.get("next", ""))
    if asker().name:
        return RedirectResponse(wanted, 303)
    try:
        attempt, cookie = await door.attempts.begin(wanted)
        address = await issuer.address(attempt)
    except TickbirdError as error:
        return page(request, wanted, trouble=error.message, status=status_of(error))
    response = RedirectResponse(address, 303)
    response.headers.append("set-cookie", _kept(request, cookie, SECONDS))
    return response


async def back(request: Request) -> Response:
    """From the provider: let in who it says is there, if that can be believed and they may come in."""
    door = door_of(request)
    issuer = _issuer(door)
    try:
        attempt = await door.attempts.finished(_cookie(request), _said(request, "state"))
    except Forbidden as error:
        # In another tab they may have come in meanwhile; and strangers send what they like, so it is not written down.
        if asker().name:
            return RedirectResponse(desk_of(request).base, 303)
        return page(request, "", trouble=f"{error.message} {error.hint}", status=status_of(error))
    response = await _answered(request, issuer, attempt)
    response.headers.append("set-cookie", _kept(request, "", 0))
    return response


async def _answered(request: Request, issuer: Issuer, attempt: Attempt) -> Response:
    desk, door = desk_of(request), door_of(request)
    try:
        who = await _person(request, issuer, attempt)
        desk.budgets.charge_login(who.name)
        cookie = await door.let_in(who.name, request.scope, by=BY_PROVIDER, group=who.group)
    except TickbirdError as error:
        name = error.name if isinstance(error, NotForThem) else ""
        await door.refused.tell(desk.herd.audit, f"By {issuer.provider.host}: {error.message}", name)
        hint = error.hint if isinstance(error, Forbidden) else ""
        return page(request, attempt.wanted, trouble=f"{error.message} {hint}".strip(), status=status_of(error))
    by = f"By {issuer.provider.host}" + (f", as one of {who.group!r}." if who.group else ".")
    await desk.herd.audit.happened("login", Ended.DONE, by, who=who.name)
    return admitted(desk, cookie, attempt.wanted)


async def _person(request: Request, issuer: Issuer, attempt: Attempt) -> Person:
    await issuer.check_sender(_said(request, "iss"))
    if refused := _said(request, "error"):
        words = f"{refused}: {_said(request, 'error_description')}"
        log.warning("%s refused a login: %.300s", issuer.provider.host, _STRANGE.sub("?", words))
        raise Forbidden(_ANSWERS.get(refused, _OTHER))
    if not (code := _said(request, "code")):
        raise Forbidden("The provider's answer holds no code.")
    return person(await issuer.claims(code, attempt), issuer.provider, door_of(request).directory)


def _issuer(door: Door) -> Issuer:
    if door.issuer is None:
        raise NotFound("No provider is configured to log in by.")
    return door.issuer


def _said(request: Request, name: str) -> str:
    """What the answer says once; nothing where it says it twice, or at such length that it says nothing."""
    said = request.query_params.getlist(name)
    return said[0] if len(said) == 1 and len(said[0]) <= LONGEST else ""


def _cookie(request: Request) -> str:
    return sent(ATTEMPT, request.headers, desk_of(request).settings)


def _kept(request: Request, cookie: str, seconds: int) -> str:
    settings = desk_of(request).settings
    return kept(ATTEMPT, cookie, settings, seconds=seconds, secure=is_secure(settings, request.scope))
