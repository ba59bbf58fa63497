//! Access tokens: RFC 9068 JWTs, or the same claims sealed. Made here, and read back for
//! introspection, revocation and `/userinfo`.

use std::{borrow::Cow, pin::pin};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::{
    apart::apart,
    client::{AccessTokenFormat, CeilingRecord, Client, ClientId},
    delegation::{Actor, MayAct},
    host::Host,
    jose::{self, TokenType},
    ledger::{GrantId, Marker},
    refusal::Refusal,
    request::At,
    scope::Scope,
    seal::SealKind,
    shown_subject::ShownSubject,
    time::UnixTime,
};

/// The claims of an access token (RFC 9068 §2.2).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AccessToken<'a> {
    pub(crate) iss: Cow<'a, str>,
    pub(crate) sub: ShownSubject<'a>,
    pub(crate) aud: Audience,
    pub(crate) client_id: ClientId,
    pub(crate) iat: UnixTime,
    pub(crate) exp: UnixTime,
    /// Read and never issued: a token of ours is good at once. One that a mock made to be wrong has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) nbf: Option<UnixTime>,
    pub(crate) jti: String,
    #[serde(default, skip_serializing_if = "Scope::is_empty")]
    pub(crate) scope: Scope,
    /// The grant it stems from; none where the client is its own subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sid: Option<GrantId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) auth_time: Option<UnixTime>,
    /// Who acts for the subject (RFC 8693 §4.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) act: Option<Actor>,
    /// Who may (RFC 8693 §4.4). Of the claims that are given, it alone is decided by: so it is not among
    /// them, and is believed whatever the client's record lists by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) may_act: Option<MayAct>,
    /// Of each exchange that it comes of the token that was given, the last first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) exchanged_from: Vec<ExchangedFrom>,
    /// What clients may have that register by it (ours): of a token with the scope `jeton:register`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) registration: Option<CeilingRecord>,
    /// Whatever else it says of its subject, `acr` and `amr` included; none of the names above.
    #[serde(skip)]
    pub(crate) claims: Map<String, Value>,
}

/// A token that was exchanged for another (RFC 8693): an element of `exchanged_from` (ours). What ends it ends
/// what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ExchangedFrom {
    /// Its client.
    pub(crate) client_id: ClientId,
    /// When it was issued. A token that came of it is issued later, so its own `iat` tells nothing about
    /// cut-offs.
    pub(crate) iat: UnixTime,
    /// Its `jti`; none of a token of another issuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) jti: Option<String>,
}

/// The marker that says that the access token of this `jti` was revoked by itself. It is kept until the token
/// would have expired.
#[must_use]
pub fn revoked_marker(jti: &str) -> Marker {
    Marker::of_digest("revoked", &Sha256::digest(jti))
}

/// A token with its claims, as it is written. One without any is written as itself: flattening takes
/// time, and most tokens are machines'.
#[derive(Serialize)]
struct WithClaims<'a> {
    #[serde(flatten)]
    token: &'a AccessToken<'a>,
    #[serde(flatten)]
    claims: &'a Map<String, Value>,
}

/// A token as it is read.
#[derive(Deserialize)]
struct Read {
    #[serde(flatten)]
    token: AccessToken<'static>,
    #[serde(flatten)]
    claims: Map<String, Value>,
}

/// `aud`: a string when there is one audience, else an array (RFC 7519 §4.1.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// The one audience.
    One(String),
    /// All of them.
    Several(Vec<String>),
}

impl Audience {
    pub(crate) fn new(mut audiences: Vec<String>) -> Self {
        match audiences.len() {
            1 => Self::One(audiences.remove(0)),
            _ => Self::Several(audiences),
        }
    }

    pub(crate) fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one],
            Self::Several(several) => several,
        }
    }

    pub(crate) fn as_slice(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Several(several) => several,
        }
    }

    pub(crate) fn contains(&self, audience: &str) -> bool {
        self.as_slice().iter().any(|own| own == audience)
    }
}

impl<'a> AccessToken<'a> {
    /// Whether it is revoked by itself, with [`AccessToken::revoked_marker`]: no grant of its client's
    /// stands behind it, which would end with it.
    pub(crate) fn is_revoked_alone(&self) -> bool {
        self.sid.is_none() || !self.exchanged_from.is_empty()
    }

    /// All its claims, as they are written.
    pub(crate) fn to_claims(&self) -> Map<String, Value> {
        let token = WithClaims {
            token: self,
            claims: &self.claims,
        };
        match serde_json::to_value(&token) {
            Ok(Value::Object(claims)) => claims,
            _ => Map::new(),
        }
    }

    /// The token as text, in the format that `client` is registered for.
    pub(crate) async fn encode<H: Host>(
        &self,
        at: &At<'_, H>,
        client: &Client,
    ) -> Result<String, Refusal> {
        if self.claims.is_empty() {
            return write(at, client, self.aud.as_slice(), self).await;
        }
        let claims = &self.claims;
        let token = WithClaims {
            token: self,
            claims,
        };
        apart(pin!(write(at, client, self.aud.as_slice(), &token))).await
    }

    /// Reads a token issued here that is not expired, nor yet to become valid; `None` for anything else.
    pub(crate) async fn decode<H: Host>(
        at: &At<'_, H>,
        text: &str,
    ) -> Result<Option<AccessToken<'static>>, Refusal> {
        let read: Option<Read> = match at.issuer.seals().open(SealKind::AccessToken, text) {
            Some(read) => Some(read),
            None => {
                let typ = TokenType::AccessToken;
                at.issuer.own_claims(typ, text, at.now).await?
            }
        };
        let token = read.map(|Read { token, claims }| AccessToken { claims, ..token });
        Ok(token.filter(|token| {
            let begins = token.nbf.unwrap_or(at.now);
            token.iss == at.issuer.config().issuer().as_str()
                && (begins..token.exp).contains(&at.now)
        }))
    }
}

/// `token` for `audiences` as text, in the format that these or `client` are registered for.
async fn write<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    audiences: &[String],
    token: &impl Serialize,
) -> Result<String, Refusal> {
    match client.access_token_format_at(audiences) {
        AccessTokenFormat::Opaque => sealed(at, token),
        AccessTokenFormat::Jwt => {
            let algorithm = client
                .access_token_alg_at(audiences)
                .unwrap_or(at.issuer.config().default_algorithm());
            let key = at.issuer.signing_key(algorithm, at.now).await?;
            Ok(jose::sign(at.issuer.crypto(), &key, TokenType::AccessToken, token).await?)
        }
    }
}

#[inline(never)]
fn sealed<H: Host>(at: &At<'_, H>, token: &impl Serialize) -> Result<String, Refusal> {
    let seals = at.issuer.seals();
    Ok(seals.seal(SealKind::AccessToken, token, at.issuer.crypto())?)
}
