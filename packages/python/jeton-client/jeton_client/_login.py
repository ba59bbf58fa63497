"""A person's login: code with PKCE, state, nonce and `iss`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional
from urllib.parse import parse_qs, urlencode, urlsplit

from . import _answers
from ._errors import ClientError
from ._grant import Grant
from ._id_token import check_signature, read_id_token
from ._jose import encode
from ._metadata import Metadata
from ._records import LOGIN_LIFETIME, Login, same
from ._server import Server
from ._steps import Steps


@dataclass(frozen=True)
class Answered:
    """What the callback brought, as far as its state says which login it is of."""

    parameters: Mapping[str, str] = field(repr=False)

    @property
    def state(self) -> str:
        return self.parameters.get("state", "")


def begin(server: Server) -> Login:
    make = server.surroundings.text
    return Login(make(), make(), make(), server.surroundings.clock())


def authorization_url(
    server: Server,
    metadata: Metadata,
    login: Login,
    *,
    redirect_uri: str,
    scope: str,
    resource: tuple[str, ...],
    parameters: Mapping[str, str],
) -> str:
    challenge = encode(hashlib.sha256(login.code_verifier.encode()).digest())
    asked = {
        **parameters,
        "response_type": "code",
        "client_id": server.client_id or "",
        "redirect_uri": redirect_uri,
        "scope": scope,
        "state": login.state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    if "openid" in scope.split():
        asked["nonce"] = login.nonce
    if server.dpop is not None and metadata.listed("dpop_signing_alg_values_supported"):
        # RFC 9449 §10: the code is only good with the same key.
        asked["dpop_jkt"] = server.dpop.thumbprint()
    pairs = [*asked.items(), *(("resource", one) for one in resource)]
    endpoint = metadata.endpoint("authorization_endpoint").partition("#")[0]
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(pairs)}"


def read_callback(url: str) -> Answered:
    """The parameters of the address that the browser came back to; of its path alone also."""
    failed = False
    given: dict[str, list[str]] = {}
    try:
        given = parse_qs(urlsplit(url).query, keep_blank_values=True, max_num_fields=50)
    except ValueError:
        failed = True
    # RFC 6749 §3.1: none stands there twice.
    if failed or any(len(values) > 1 for values in given.values()):
        raise ClientError("invalid_response", "the callback's parameters are malformed")
    return Answered({name: values[0] for name, values in given.items()})


def checked_code(server: Server, metadata: Metadata, login: Login, answered: Answered) -> str:
    """The code, if the answer is of this login and of this server (RFC 9207)."""
    if not same(login.state, answered.state):
        raise ClientError("state_mismatch", "the callback is of no login that began here")
    if server.surroundings.clock() - login.began_at > LOGIN_LIFETIME:
        raise ClientError("login_expired", "the login took too long: begin another")
    given = answered.parameters
    if "iss" not in given and metadata.says("authorization_response_iss_parameter_supported"):
        raise ClientError("issuer_mismatch", "the callback does not say which server it is from")
    if given.get("iss", server.issuer) != server.issuer:
        raise ClientError("issuer_mismatch", "the callback is from another server")
    if "error" in given:
        secrets = (login.code_verifier, login.nonce, login.state)
        described = _answers.described(given.get("error_description"), secrets)
        raise _answers.made(_answers.code_of(given["error"]), description=described)
    if not given.get("code"):
        raise ClientError("invalid_response", "the callback has neither a code nor an error")
    return given["code"]


def exchange(
    server: Server,
    login: Login,
    code: str,
    *,
    redirect_uri: str,
    scope: str,
    resource: tuple[str, ...],
) -> Steps[Grant]:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": login.code_verifier,
    }
    # Sent once: a server ends what it gave for a code that it sees again (RFC 6749 §4.1.2).
    return (yield from server.grant(form, scope=scope, resource=resource, pauses=()))


def id_claims(
    server: Server, metadata: Metadata, grant: Grant, *, nonce: Optional[str]
) -> Steps[dict[str, Any]]:
    """Who logged in, where `openid` was asked for; without a nonce on another device."""
    if grant.id_token is None:
        raise ClientError("invalid_response", "the server's answer has no ID token")
    claims = read_id_token(
        grant.id_token,
        issuer=server.issuer,
        client_id=server.client_id,
        nonce=nonce,
        now=server.surroundings.clock(),
    )
    # OpenID Connect Core §3.1.3.7 (6): TLS with the token endpoint says as much as a signature.
    if not metadata.endpoint("token_endpoint").lower().startswith("https:"):
        document = yield from server.json(metadata.endpoint("jwks_uri"), "keys")
        keys = document.get("keys")
        check_signature(grant.id_token, keys if isinstance(keys, list) else [])
    return claims
