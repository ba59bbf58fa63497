"""Keys of ours, and the JWTs that are signed with them."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any, Optional, Union
from urllib.parse import urlsplit, urlunsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import get_default_algorithms

from ._errors import ClientError

#: A JWK as its members or as JSON, or PEM.
Key = Union[Mapping[str, Any], str, bytes]

#: Of them an ID token may be signed by, and we sign.
ALGORITHMS = (
    "ES256",
    "EdDSA",
    "RS256",
    "PS256",
    "ES384",
    "ES512",
    "PS384",
    "PS512",
    "RS384",
    "RS512",
)

_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
#: RFC 7638 §3.2, in the order of their names.
_THUMBPRINT = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x"), "RSA": ("e", "kty", "n")}
_PUBLIC = {"EC": ("kty", "crv", "x", "y"), "OKP": ("kty", "crv", "x"), "RSA": ("kty", "n", "e")}


class SigningKey:
    """A private key that shows nothing but its public half."""

    def __init__(self, key: Key, kid: Optional[str] = None, alg: Optional[str] = None) -> None:
        failed = False
        try:
            self._load(key, kid, alg)
        except ClientError:
            raise
        except Exception:  # noqa: BLE001 - what is said of a key may quote it
            failed = True
        if failed:
            raise ClientError(
                "invalid_configuration", "the key is not a private JWK or PEM that can sign"
            )

    def _load(self, key: Key, kid: Optional[str], alg: Optional[str]) -> None:
        if isinstance(key, bytes):
            key = key.decode()
        if isinstance(key, str):
            key = key if key.lstrip().startswith("-----") else json.loads(key)
        if isinstance(key, str):
            self._private: Any = load_pem_private_key(key.encode(), None)
        else:
            kid, alg = kid or key.get("kid"), alg or key.get("alg")
            # The algorithm only says how to read it.
            self._private = jwt.PyJWK(dict(key)).key
        self.alg = alg or _algorithm(self._private)
        if self.alg not in ALGORITHMS:
            raise ClientError("invalid_configuration", "the key's alg is none that we sign with")
        self.kid = kid
        algorithm = get_default_algorithms()[self.alg]
        algorithm.prepare_key(self._private)
        whole = algorithm.to_jwk(self._private.public_key(), as_dict=True)
        #: RFC 7517, without what may stand beside the numbers.
        self.public_jwk = {name: whole[name] for name in _PUBLIC[whole["kty"]]}
        if isinstance(self._private, rsa.RSAPrivateKey) and self._private.key_size < 2048:
            raise ClientError("invalid_configuration", "the RSA key has less than 2048 bits")

    def sign(self, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
        return jwt.encode(dict(claims), self._private, algorithm=self.alg, headers=dict(header))

    def thumbprint(self) -> str:
        """RFC 7638, with SHA-256."""
        members = {name: self.public_jwk[name] for name in _THUMBPRINT[self.public_jwk["kty"]]}
        return encode(hashlib.sha256(json.dumps(members, separators=(",", ":")).encode()).digest())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.alg}, [redacted])"


def _algorithm(key: Any) -> str:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return _CURVES[key.curve.name]
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "EdDSA"
    if isinstance(key, rsa.RSAPrivateKey):
        return "RS256"
    raise ValueError("not a key that signs")


class DpopKey(SigningKey):
    """The key that tokens are bound to (RFC 9449)."""

    def proof(
        self,
        method: str,
        url: str,
        *,
        now: float,
        jti: str,
        nonce: Optional[str] = None,
        access_token: Optional[str] = None,
    ) -> str:
        claims: dict[str, Any] = {"htm": method, "htu": _htu(url), "iat": int(now), "jti": jti}
        if nonce is not None:
            claims["nonce"] = nonce
        if access_token is not None:
            claims["ath"] = encode(hashlib.sha256(access_token.encode()).digest())
        return self.sign({"typ": "dpop+jwt", "jwk": self.public_jwk}, claims)


def dpop_key(key: Optional[Key] = None) -> DpopKey:
    """A new key (P-256), or the one given, which has to be kept where sessions are."""
    if key is not None:
        return DpopKey(key)
    private = ec.generate_private_key(ec.SECP256R1())
    return DpopKey(get_default_algorithms()["ES256"].to_jwk(private, as_dict=True))


def _htu(url: str) -> str:
    """RFC 9449 §4.2: without query and fragment, and with nobody's name."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path or "/", "", ""))


def encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
