//! Proofs of possession of a key (RFC 9449).

use http::Uri;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::{
    crypto::{ALGORITHMS, PublicKey, Verifier, name},
    encoding::{base64url, sha256},
    error::{Code, Refusal},
    json::NumericDate,
    jwt::{Jwt, LARGEST},
};

pub(crate) mod nonce;
pub(crate) mod replay;

use nonce::Nonces;

/// How far the time of a proof may be from now, before and after, in seconds.
pub(crate) const WINDOW: u64 = 60;

/// Members of a JWK that are private or secret (RFC 7518 §6.2.2, §6.3.2, §6.4.1).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// What a proof has to be for (RFC 9449 §4.3).
pub(crate) struct Expected<'a> {
    pub(crate) method: &'a str,
    /// Without query and fragment.
    pub(crate) url: &'a Url,
    pub(crate) token: &'a str,
    /// The thumbprint of the key that the token is bound to.
    pub(crate) jkt: &'a str,
    pub(crate) now: u64,
}

/// That a proof has not been seen before is left to do.
pub(crate) struct Proof {
    /// The same for no other proof of any key.
    pub(crate) id: [u8; 32],
    /// Until then it would hold a second time.
    pub(crate) expires_at: u64,
}

#[derive(Deserialize)]
struct Claims {
    jti: String,
    htm: String,
    htu: String,
    iat: NumericDate,
    ath: Option<String>,
    nonce: Option<String>,
}

/// Checks `proof` in the order of RFC 9449 §4.3, of which 1 (one header) and the use of `jti` are the
/// caller's. The nonce comes before the time: a client whose clock is off learns the nonce.
pub(crate) fn check(
    proof: &str,
    expected: &Expected<'_>,
    nonces: Option<&Nonces>,
) -> Result<Proof, Refusal> {
    let refused = |why| Refusal::new(Code::InvalidDpopProof, why);
    if proof.len() > LARGEST {
        return Err(refused("the DPoP proof is larger than 16 kB"));
    }
    let mut buffer = vec![0; proof.len()];
    let jwt = Jwt::decode(proof, &mut buffer).ok_or_else(|| refused("the DPoP proof is no JWT"))?;
    if !jwt.header.has_type("dpop+jwt") {
        return Err(refused("the typ of the DPoP proof is not dpop+jwt"));
    }
    let algorithm = jwt.header.algorithm(&ALGORITHMS);
    let algorithm = algorithm.map_err(|_| refused("the alg of the DPoP proof is not supported"))?;
    let jwk = jwt.header.jwk().filter(|jwk| !is_private(jwk));
    let jwk = jwk.ok_or_else(|| refused("the jwk of the DPoP proof is no public key"))?;
    let (key, jkt) =
        public(jwk).ok_or_else(|| refused("the jwk of the DPoP proof is no public key"))?;
    let verifier = Verifier::new(algorithm, &key);
    let signed = |verifier: &Verifier| verifier.verify(jwt.message, jwt.signature);
    if !verifier.as_ref().is_some_and(signed) {
        return Err(refused("the DPoP proof is not signed by its jwk"));
    }
    let claims: Claims = serde_json::from_slice(jwt.payload)
        .map_err(|_| refused("a claim of the DPoP proof is missing, malformed or there twice"))?;
    if claims.htm != expected.method {
        return Err(refused("the htm of the DPoP proof is another method"));
    }
    if !is_url(&claims.htu, expected.url) {
        return Err(refused("the htu of the DPoP proof is another URL"));
    }
    if let Some(nonces) = nonces
        && !claims
            .nonce
            .is_some_and(|nonce| nonces.accept(&nonce, expected.now))
    {
        return Err(Code::UseDpopNonce.into());
    }
    let NumericDate(iat) = claims.iat;
    let off = iat.abs_diff(expected.now);
    if off > WINDOW {
        let side = if iat > expected.now { "ahead" } else { "ago" };
        let why = format!("the DPoP proof was made {off} s {side}: is a clock off?");
        return Err(Refusal::new(Code::InvalidDpopProof, why));
    }
    if claims.ath.as_deref() != Some(&base64url(sha256(expected.token))) {
        return Err(refused("the ath of the DPoP proof is of another token"));
    }
    if jkt != expected.jkt {
        return Err(refused(
            "the DPoP proof is of another key than the token is bound to",
        ));
    }
    Ok(Proof {
        // The thumbprint has one length, so no two pairs are the same text.
        id: sha256(format!("{jkt}{}", claims.jti)),
        expires_at: iat.saturating_add(WINDOW),
    })
}

/// The algorithms that proofs may be signed by, as challenges name them.
pub(crate) fn algorithms() -> String {
    ALGORITHMS.map(name).join(" ")
}

fn is_private(jwk: &Value) -> bool {
    PRIVATE.iter().any(|member| jwk.get(member).is_some())
}

/// The key of a JWK, and its thumbprint (RFC 7638).
fn public(jwk: &Value) -> Option<(PublicKey, String)> {
    let Jwk { algorithm, .. } = Jwk::deserialize(jwk).ok()?;
    let key = PublicKey::new(&algorithm)?;
    // The numbers were decoded: they are base64url, which JSON needs no escapes for.
    let members = match &algorithm {
        AlgorithmParameters::EllipticCurve(key) => {
            let curve = match jwk.get("crv")?.as_str()? {
                curve @ ("P-256" | "P-384") => curve,
                _ => return None,
            };
            let (x, y) = (&key.x, &key.y);
            format!(r#"{{"crv":"{curve}","kty":"EC","x":"{x}","y":"{y}"}}"#)
        }
        AlgorithmParameters::OctetKeyPair(key) => {
            format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, key.x)
        }
        AlgorithmParameters::RSA(key) => {
            format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, key.e, key.n)
        }
        _ => return None,
    };
    Some((key, base64url(sha256(members))))
}

/// Whether `htu` is `expected`, its query and fragment left out, after the normalization of RFC 3986
/// §6.2.2 and §6.2.3.
fn is_url(htu: &str, expected: &Url) -> bool {
    let Ok(htu) = Url::parse(htu) else {
        return false;
    };
    htu.origin() == expected.origin()
        && htu.username().is_empty()
        && htu.password().is_none()
        && normal(htu.path()) == normal(expected.path())
}

/// The URL that a request is for, as its client knows it: the public origin, and the path that came.
pub(crate) fn requested(origin: &Url, url: &str) -> Option<Url> {
    // An absolute URL, or a path with a query, as HTTP has them.
    let uri: Uri = url.parse().ok()?;
    let mut requested = origin.clone();
    requested.set_path(uri.path());
    requested.set_query(None);
    requested.set_fragment(None);
    Some(requested)
}

/// A path whose escapes are those that it needs, in capitals. Dot segments are gone since it was parsed.
fn normal(path: &str) -> String {
    let mut pieces = path.split('%');
    let mut normal = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let decoded = piece.split_at_checked(2).and_then(|(hex, rest)| {
            let byte = percent_decode_str(&format!("%{hex}")).collect::<Vec<_>>();
            match byte.as_slice() {
                [byte] => Some((*byte, hex, rest)),
                _ => None,
            }
        });
        match decoded {
            Some((byte, _, rest)) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
                normal.push(char::from(byte));
                normal.push_str(rest);
            }
            Some((_, hex, rest)) => {
                normal.push('%');
                normal.push_str(&hex.to_ascii_uppercase());
                normal.push_str(rest);
            }
            None => {
                normal.push('%');
                normal.push_str(piece);
            }
        }
    }
    normal
}

#[cfg(test)]
mod tests;
