//! What an ID token must say (OpenID Connect Core 1.0 §3.1.3.7), once its signature is verified.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jeton::{LEEWAY, LONGEST_SUBJECT, UnixTime, VerifiedJwt};
use jsonwebtoken::Algorithm;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq;

use crate::{person::Person, trouble::Trouble};

/// Claims that are about the token and not about the person.
const OF_THE_TOKEN: [&str; 10] = [
    "at_hash", "aud", "azp", "c_hash", "exp", "iat", "jti", "nbf", "nonce", "s_hash",
];

/// The most authentication methods that are kept, and the longest, in bytes.
const MOST_METHODS: usize = 16;
const LONGEST_WORD: usize = 255;

/// What an ID token must be.
pub(super) struct Expected<'a> {
    pub(super) iss: &'a str,
    pub(super) client_id: &'a str,
    /// `None` for one that a refresh token was exchanged for.
    pub(super) nonce: Option<&'a str>,
    /// What came with it.
    pub(super) access_token: &'a str,
    /// The earliest time at which the person may have proved who they are, where that was asked for.
    pub(super) authenticated_from: Option<UnixTime>,
    pub(super) now: UnixTime,
}

/// The person whom the ID token is about.
pub(super) fn person(jwt: VerifiedJwt, expected: &Expected<'_>) -> Result<Person, Trouble> {
    check_typ(&jwt)?;
    let claims = &jwt.claims;
    if text(claims, "iss") != Some(expected.iss) {
        return Err(Trouble::Foreign("the ID token is of another issuer"));
    }
    check_audience(claims, expected.client_id)?;
    check_times(claims, expected.now)?;
    if let Some(nonce) = expected.nonce {
        check_nonce(claims, nonce)?;
    }
    check_access_token(&jwt, expected.access_token)?;
    let sub = subject(claims)?.to_owned();
    let auth_time = auth_time(claims, expected)?;
    let is_word = |word: &&str| !word.is_empty() && word.len() <= LONGEST_WORD;
    let amr = claims.get("amr").and_then(Value::as_array);
    let amr = amr.into_iter().flatten().filter_map(Value::as_str);
    let amr = amr.filter(is_word).take(MOST_METHODS);
    let amr = amr.map(str::to_owned).collect();
    let acr = text(claims, "acr").filter(is_word).map(str::to_owned);
    let mut claims = jwt.claims;
    claims.retain(|name, _| !OF_THE_TOKEN.contains(&name.as_str()));
    Ok(Person {
        iss: expected.iss.to_owned(),
        sub,
        claims,
        auth_time,
        amr,
        acr,
        refresh_token: None,
    })
}

fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str)
}

/// Refuses another kind of JWT of the same issuer, such as an access token or a logout token (RFC 8725 §3.11).
/// Most ID tokens have no `typ`.
fn check_typ(jwt: &VerifiedJwt) -> Result<(), Trouble> {
    let typ = jwt.typ().map(str::to_ascii_lowercase);
    match typ.as_deref() {
        None | Some("jwt" | "application/jwt") => Ok(()),
        Some(_) => Err(Trouble::Foreign("the token is no ID token")),
    }
}

/// Refuses a token that was made for somebody else. One that was made for others too must say that it was
/// issued to us.
fn check_audience(claims: &Map<String, Value>, client_id: &str) -> Result<(), Trouble> {
    let (is_for_us, is_for_others) = match claims.get("aud") {
        Some(Value::String(only)) => (only == client_id, false),
        Some(Value::Array(several)) => {
            let is_us = |value: &Value| value.as_str() == Some(client_id);
            (several.iter().any(is_us), !several.iter().all(is_us))
        }
        _ => (false, false),
    };
    if !is_for_us {
        return Err(Trouble::Foreign("the ID token is for another client"));
    }
    match claims.get("azp") {
        None if is_for_others => Err(Trouble::Foreign(
            "the ID token is for others too, and does not say that it was issued to us",
        )),
        None => Ok(()),
        Some(Value::String(azp)) if azp == client_id => Ok(()),
        Some(_) => Err(Trouble::Foreign(
            "the ID token was issued to another client",
        )),
    }
}

fn check_times(claims: &Map<String, Value>, now: UnixTime) -> Result<(), Trouble> {
    let exp = time(claims, "exp")?.ok_or(Trouble::NotUsable("the ID token has no exp"))?;
    if now >= exp + LEEWAY {
        return Err(off("the ID token has expired", exp, now));
    }
    let iat = time(claims, "iat")?.ok_or(Trouble::NotUsable("the ID token has no iat"))?;
    let nbf = time(claims, "nbf")?.unwrap_or(iat);
    let from = iat.max(nbf);
    if from > now + LEEWAY {
        return Err(off("the ID token is of a time to come", now, from));
    }
    Ok(())
}

/// That `what` is wrong by the clock.
fn off(what: &'static str, earlier: UnixTime, later: UnixTime) -> Trouble {
    let seconds = later.since(earlier).0;
    Trouble::Clock { what, seconds }
}

/// A claim that is a `NumericDate` (RFC 7519 §2), without its fraction.
fn time(claims: &Map<String, Value>, name: &str) -> Result<Option<UnixTime>, Trouble> {
    let Some(value) = claims.get(name).filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    match (value.as_u64(), value.as_f64()) {
        (Some(seconds), _) => Ok(Some(UnixTime(seconds))),
        // A float that is too large becomes the largest time.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        (None, Some(seconds)) if seconds >= 0.0 => Ok(Some(UnixTime(seconds as u64))),
        _ => Err(Trouble::NotUsable("a time in the ID token is no time")),
    }
}

fn check_nonce(claims: &Map<String, Value>, nonce: &str) -> Result<(), Trouble> {
    let own = text(claims, "nonce").unwrap_or_default();
    if !nonce.is_empty() && bool::from(own.as_bytes().ct_eq(nonce.as_bytes())) {
        Ok(())
    } else {
        Err(Trouble::Foreign("the ID token is of another login"))
    }
}

/// Refuses an access token that was not issued with this ID token, where that says so (OpenID Connect Core 1.0
/// §3.1.3.8): `at_hash` is the left half of the hash that the algorithm of the signature has.
fn check_access_token(jwt: &VerifiedJwt, access_token: &str) -> Result<(), Trouble> {
    let Some(at_hash) = jwt.claims.get("at_hash") else {
        return Ok(());
    };
    let hash = match jwt.algorithm {
        Algorithm::ES384 => Sha384::digest(access_token).to_vec(),
        Algorithm::EdDSA => Sha512::digest(access_token).to_vec(),
        _ => Sha256::digest(access_token).to_vec(),
    };
    let (half, _) = hash.split_at(hash.len() / 2);
    let expected = URL_SAFE_NO_PAD.encode(half);
    if at_hash.as_str() == Some(expected.as_str()) {
        Ok(())
    } else {
        Err(Trouble::Foreign("the access token is of another login"))
    }
}

fn subject(claims: &Map<String, Value>) -> Result<&str, Trouble> {
    let sub = text(claims, "sub").filter(|sub| !sub.is_empty());
    let sub = sub.ok_or(Trouble::NotUsable("the ID token has no sub"))?;
    if sub.len() > LONGEST_SUBJECT {
        return Err(Trouble::NotUsable("the sub of the ID token is too long"));
    }
    Ok(sub)
}

/// When the person proved who they are: said, and recent enough, where that was asked for (OpenID Connect Core
/// 1.0 §3.1.3.7, 13).
fn auth_time(
    claims: &Map<String, Value>,
    expected: &Expected<'_>,
) -> Result<Option<UnixTime>, Trouble> {
    let auth_time = time(claims, "auth_time")?;
    if let Some(later) = auth_time.filter(|auth_time| *auth_time > expected.now + LEEWAY) {
        let what = "the person logged in at a time to come";
        return Err(off(what, expected.now, later));
    }
    match (expected.authenticated_from, auth_time) {
        (None, auth_time) => Ok(auth_time),
        (Some(_), None) => Err(Trouble::Undated),
        (Some(earliest), Some(auth_time)) if auth_time < earliest => Err(Trouble::Stale),
        (Some(_), auth_time) => Ok(auth_time),
    }
}
