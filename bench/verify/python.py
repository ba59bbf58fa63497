"""How long one verification of an access token takes: by `jeton-resource-server`, and by PyJWT alone.

They take turns, a few tokens each, so that what else the machine does befalls all. Prints a line of JSON
for each library and algorithm, and one with the ratios of the medians: above 1 the first is faster. Run
with `target/tools/python/bin/python bench/verify/python.py [TIMES]`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parents[2] / "packages/python/jeton-resource-server"
sys.path.insert(0, str(PACKAGE))

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from jeton_resource_server import AsyncResourceServer, ResourceServer

ISSUER = "https://tokens.example"
AUDIENCE = "https://api.example"
#: Different tokens, so that no cache sees one alone.
TOKENS = 64
#: Of each library, after as many again that are not counted.
TIMES = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
#: Verifications of one library before it is the next one's turn.
TURN = 50

KEYS: dict[str, Callable[[], Any]] = {
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
}

Verify = Callable[[str], Any]


def main() -> None:
    for alg, make in KEYS.items():
        private = make()
        algorithm = jwt.get_algorithm_by_name(alg)
        public = algorithm.to_jwk(private.public_key(), as_dict=True)
        jwk = {"kid": "first", "alg": alg, "use": "sig"}
        jwk |= {name: public[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in public}
        tokens = [f"Bearer {token(private, alg, at)}" for at in range(TOKENS)]
        medians = {}
        for library, taken in measured(tokens, verifiers(alg, {"keys": [jwk]})).items():
            taken.sort()
            medians[library] = taken[len(taken) // 2]
            show(
                library=library,
                algorithm=alg,
                count=len(taken),
                per_second=round(len(taken) / (sum(taken) / 1e9)),
                p50_us=micros(medians[library]),
                p99_us=micros(taken[int(len(taken) * 0.99)]),
            )
        ours = medians["jeton-resource-server"]
        others = [library for library in medians if library.startswith("PyJWT")]
        show(algorithm=alg, ratio={other: round(medians[other] / ours, 2) for other in others})


def verifiers(alg: str, jwks: dict[str, Any]) -> dict[str, Verify]:
    """What each library takes for one token; they raise where it does not hold."""
    server = ResourceServer(ISSUER, AUDIENCE, jwks=jwks)
    asynchronous = AsyncResourceServer(ISSUER, AUDIENCE, jwks=jwks)
    loop = asyncio.new_event_loop()
    key, key_set = jwt.PyJWK(jwks["keys"][0]), jwt.PyJWKSet.from_dict(jwks)

    def by_pyjwt(key: jwt.PyJWK, token: str) -> None:
        found = jwt.decode_complete(
            token,
            key,
            [alg],
            {"require": ["exp"]},
            audience=AUDIENCE,
            issuer=ISSUER,
        )
        if found["header"].get("typ") != "at+jwt":
            raise ValueError("typ")
        if "read" not in found["payload"]["scope"].split():
            raise ValueError("scope")

    def of_a_set(authorization: str) -> None:
        token = authorization[7:]
        by_pyjwt(key_set[jwt.get_unverified_header(token)["kid"]], token)

    return {
        "jeton-resource-server": lambda sent: server.verify(sent, scope="read"),
        "jeton-resource-server, asyncio": lambda sent: loop.run_until_complete(
            asynchronous.verify(sent, scope="read")
        ),
        "PyJWT": lambda sent: by_pyjwt(key, sent[7:]),
        "PyJWT, of a JWK Set": of_a_set,
    }


def measured(tokens: list[str], verifiers: dict[str, Verify]) -> dict[str, list[int]]:
    """The nanoseconds of each verification, of each library."""
    times: dict[str, list[int]] = {library: [] for library in verifiers}
    for start in range(0, 2 * TIMES, TURN):
        for library, verify in verifiers.items():
            for at in range(start, start + TURN):
                begin = time.perf_counter_ns()
                verify(tokens[at % TOKENS])
                times[library].append(time.perf_counter_ns() - begin)
    return {library: taken[-TIMES:] for library, taken in times.items()}


def token(private: Any, alg: str, at: int) -> str:
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "sub": "248289761001",
        "aud": AUDIENCE,
        "exp": now + 3600,
        "iat": now,
        "jti": f"4191i7J3ykXZpH2o3QKV{at:02}",
        "client_id": "s6BhdRkqt3",
        "scope": "openid profile read write",
    }
    return jwt.encode(claims, private, alg, {"typ": "at+jwt", "kid": "first"})


def micros(nanoseconds: int) -> float:
    return round(nanoseconds / 1000, 1)


def show(**members: Any) -> None:
    print(json.dumps(members), flush=True)


if __name__ == "__main__":
    main()
