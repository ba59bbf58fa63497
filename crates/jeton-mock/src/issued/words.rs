//! A token's claims as the server would have made them: it decides by its own names and forms, whatever
//! the token that left says instead.

use std::time::Duration;

use jeton::{ClientId, UnixTime};
use serde_json::{Map, Number, Value, json};

use super::Own;
use crate::lenient::audiences_of;

/// The claims that the server decides by (RFC 9068 §2.2, and its own).
const DECIDED_BY: [&str; 15] = [
    "iss",
    "sub",
    "aud",
    "client_id",
    "iat",
    "exp",
    "nbf",
    "jti",
    "scope",
    "sid",
    "auth_time",
    "act",
    "may_act",
    "exchanged_from",
    "registration",
];

/// The claims by which vendors say for which client a token was made.
const CLIENT_CLAIMS: [&str; 4] = ["client_id", "azp", "cid", "appid"];

/// The client of a token that says none.
const NO_CLIENT: &str = "mint";

/// Who reads a token: the issuer at one address and time, asked by a client.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) now: UnixTime,
    pub(crate) client_id: Option<&'a str>,
}

impl Reader<'_> {
    /// A token of the server's that left as `sent`: what is decided by as the server made it, but for its
    /// times, and the rest as it left.
    pub(crate) fn changed(
        &self,
        own: &Map<String, Value>,
        sent: Option<&Map<String, Value>>,
    ) -> Map<String, Value> {
        let mut claims = own.clone();
        claims.insert("iss".to_owned(), json!(self.issuer));
        if let Some(sent) = sent {
            claims.retain(|name, _| is_decided_by(name));
            take_others(&mut claims, sent);
            take_times(&mut claims, sent);
        }
        claims
    }

    /// An access token that the server did not make. No grant stands behind it, so it is one of those that
    /// stand alone; what it lacks is filled in.
    pub(crate) fn own_access_token(
        &self,
        own: &Own,
        sent: Option<&Map<String, Value>>,
    ) -> Map<String, Value> {
        let said = &own.claims;
        let mut claims = Map::new();
        let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        let client_id = client_of(said).or(self.client_id).unwrap_or(NO_CLIENT);
        put("iss", json!(self.issuer));
        put("client_id", json!(client_id));
        put("sub", json!(subject_of(said).unwrap_or(client_id)));
        let audiences = audiences_of(said);
        put(
            "aud",
            if audiences.is_empty() {
                json!(self.issuer)
            } else {
                json!(audiences)
            },
        );
        let seconds = |name: &str| said.get(name).and_then(seconds);
        put("iat", json!(seconds("iat").unwrap_or(self.now.0)));
        put("exp", json!(seconds("exp").unwrap_or(u64::from(u32::MAX))));
        let jti = said.get("jti").and_then(Value::as_str).unwrap_or_default();
        put("jti", json!(jti));
        let scope = scope_of(said);
        if !scope.is_empty() {
            put("scope", json!(scope));
        }
        if let Some(at) = seconds("auth_time") {
            put("auth_time", json!(at));
        }
        for name in ["act", "may_act"] {
            if let Some(actor) = said.get(name).filter(|it| it.is_object()) {
                put(name, actor.clone());
            }
        }
        let sent = sent.unwrap_or(said);
        take_others(&mut claims, sent);
        take_times(&mut claims, sent);
        claims
    }

    /// An ID token that the server did not make, as a hint of who is to be logged out. No login stands behind
    /// it: `sid` is one that nobody has.
    pub(crate) fn own_id_token(&self, own: &Own, sid: &str) -> Map<String, Value> {
        let said = &own.claims;
        let audiences = audiences_of(said);
        let client_id = audiences.iter().find(|it| it.parse::<ClientId>().is_ok());
        let client_id = client_id.map(String::as_str).or(client_of(said));
        let claims = json!({
            "iss": self.issuer,
            "sub": subject_of(said),
            "aud": client_id.or(self.client_id).unwrap_or(NO_CLIENT),
            "sid": sid,
            "iat": said.get("iat").and_then(seconds).unwrap_or(self.now.0),
        });
        match claims {
            Value::Object(claims) => claims,
            _ => Map::new(),
        }
    }
}

/// The client that a token says it was made for.
pub(crate) fn client_of(claims: &Map<String, Value>) -> Option<&str> {
    CLIENT_CLAIMS.iter().find_map(|name| {
        let client_id = claims.get(*name)?.as_str()?;
        client_id.parse::<ClientId>().is_ok().then_some(client_id)
    })
}

pub(crate) fn subject_of(claims: &Map<String, Value>) -> Option<&str> {
    let subject = claims.get("sub").and_then(Value::as_str);
    subject.filter(|subject| !subject.is_empty())
}

/// What a token is good for, as RFC 9068 says it (`scope`) or as vendors do (`scp`, and lists).
pub(crate) fn scope_of(claims: &Map<String, Value>) -> String {
    let said = claims.get("scope").or_else(|| claims.get("scp"));
    match said {
        Some(Value::String(scope)) => scope.clone(),
        Some(Value::Array(scopes)) => {
            let scopes: Vec<_> = scopes.iter().filter_map(Value::as_str).collect();
            scopes.join(" ")
        }
        _ => String::new(),
    }
}

fn is_decided_by(name: &str) -> bool {
    DECIDED_BY.contains(&name)
}

/// Takes what is not decided by.
fn take_others(claims: &mut Map<String, Value>, sent: &Map<String, Value>) {
    let others = sent.iter().filter(|(name, _)| !is_decided_by(name));
    claims.extend(others.map(|(name, value)| (name.clone(), value.clone())));
}

/// Of time a token's own words hold, where they are any.
fn take_times(claims: &mut Map<String, Value>, sent: &Map<String, Value>) {
    for name in ["exp", "nbf"] {
        if let Some(at) = sent.get(name).and_then(seconds) {
            claims.insert(name.to_owned(), json!(at));
        }
    }
}

/// A `NumericDate` (RFC 7519 §2), in whole seconds; one before 1970 is as good as 1970.
fn seconds(value: &Value) -> Option<u64> {
    let number = value.as_number()?;
    let whole = |number: &Number| {
        let seconds = Duration::try_from_secs_f64(number.as_f64()?);
        Some(seconds.map_or(0, |seconds| seconds.as_secs()))
    };
    number.as_u64().or_else(|| whole(number))
}
