"""Verifies {token, jwks} from standard input with PyJWT and prints the claims."""

import json
import sys

import jwt

issuer, audience = sys.argv[1:]
given = json.load(sys.stdin)
kid = jwt.get_unverified_header(given["token"])["kid"]
key = next(key for key in jwt.PyJWKSet.from_dict(given["jwks"]).keys if key.key_id == kid)
claims = jwt.decode(
    given["token"],
    key,
    algorithms=["ES256", "EdDSA", "RS256"],
    audience=audience,
    issuer=issuer,
    options={"require": ["exp", "iat", "jti", "sub"]},
)
json.dump(claims, sys.stdout)
