//! Issuing tokens: access tokens, made in one place, and the ID and refresh token of a grant.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::HeaderMap;
use jsonwebtoken::Algorithm;
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256, Sha512};

use crate::{
    access_token::{AccessToken, Audience, ExchangedFrom},
    attached_claims,
    audit::Audit,
    authentication::Caller,
    claims::MAY_ACT,
    client::{Ceiling, CeilingRecord, Client, ClientId},
    delegation::{Actor, MayAct},
    disclosure::{Disclosure, Place},
    grant::response::TokenResponse,
    host::Host,
    jose::{self, TokenType},
    ledger::{Attachment, Grant, GrantId},
    management_scope::REGISTER,
    refusal::Refusal,
    request::At,
    scope::Scope,
    shown_subject::ShownSubject,
    target::Portion,
    time::UnixTime,
    token::{Binding, TokenKind},
};

/// The type of what an exchange issues (RFC 8693 §3).
pub(crate) const ACCESS_TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:access_token";

/// The claims of an ID token (OpenID Connect Core §2).
#[derive(Serialize)]
struct IdToken<'a> {
    iss: &'a str,
    sub: &'a ShownSubject<'a>,
    aud: &'a ClientId,
    exp: UnixTime,
    iat: UnixTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<UnixTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    at_hash: String,
    sid: GrantId,
    /// Whatever else it says of the person, `acr` and `amr` included; none of the names above.
    #[serde(flatten)]
    claims: Map<String, Value>,
}

/// What an access token says of its subject, and where it stems from.
pub(crate) struct About<'a> {
    pub(crate) subject: ShownSubject<'a>,
    /// Who that is inside, for the log; `None` where it is told as it is known inside.
    pub(crate) person: Option<String>,
    pub(crate) grant: Option<GrantId>,
    pub(crate) auth_time: Option<UnixTime>,
    pub(crate) act: Option<Actor>,
    pub(crate) may_act: Option<MayAct>,
    pub(crate) exchanged_from: Vec<ExchangedFrom>,
    /// What clients may have that register by the token.
    pub(crate) registration: Option<CeilingRecord>,
    pub(crate) claims: Map<String, Value>,
    /// The token lives no longer.
    pub(crate) until: UnixTime,
}

/// The token response for a client that is its own subject (RFC 9068 §2.2), or that a trusted issuer
/// vouches for with another.
pub(crate) async fn to_client<H: Host>(
    at: &At<'_, H>,
    caller: &Caller,
    portion: Portion,
    audit: &mut Audit,
) -> Result<TokenResponse, Refusal> {
    let client = &caller.client;
    let mut claims = client.client_claims_at(&portion.audiences);
    let ceiling = client.registration_ceiling.as_ref();
    let ceiling = ceiling.filter(|_| portion.scope.contains(REGISTER));
    let about = About {
        subject: caller.subject(),
        person: None,
        grant: None,
        auth_time: None,
        act: None,
        may_act: claims.remove(MAY_ACT).map(MayAct),
        exchanged_from: Vec::new(),
        registration: ceiling.map(Ceiling::to_record),
        claims,
        until: UnixTime(u64::MAX),
    };
    let vouched = caller.vouched.as_deref();
    audit.subject = vouched.and_then(|vouched| vouched.subject.clone());
    access_token(at, client, about, portion, audit).await
}

/// The token response for a token that was exchanged (RFC 8693 §2.2.1).
pub(crate) async fn by_exchange<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    about: About<'_>,
    portion: Portion,
    audit: &mut Audit,
) -> Result<TokenResponse, Refusal> {
    let person = about.person.clone();
    audit.subject = person.or_else(|| Some(about.subject.to_string()));
    audit.grant = about.grant;
    // Of other issuers' names there is no telling what they are.
    let actor = about.act.as_ref().filter(|actor| actor.iss.is_none());
    audit.actor = actor.map(|actor| actor.sub.clone());
    let mut tokens = access_token(at, client, about, portion, audit).await?;
    tokens.issued_token_type = Some(ACCESS_TOKEN_TYPE);
    Ok(tokens)
}

/// The token response for a grant as it stands. No token outlives its grant. `attached` is what was read
/// of its claims before it moved.
pub(crate) async fn from_grant<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    grant: &Grant,
    attached: Option<&Attachment>,
    portion: Portion,
    audit: &mut Audit,
) -> Result<TokenResponse, Refusal> {
    let TokenClaims {
        access_token: mut claims,
        id_token: id_token_claims,
    } = token_claims(at, client, grant, attached, &portion.scope).await?;
    let person = grant.subject.as_deref().unwrap_or_default();
    let subject = ShownSubject::of_person(at.issuer, client, person)?;
    let about = About {
        subject: subject.clone(),
        person: None,
        grant: Some(grant.id),
        auth_time: grant.auth_time,
        act: None,
        may_act: claims.remove(MAY_ACT).map(MayAct),
        exchanged_from: Vec::new(),
        registration: None,
        claims,
        until: grant.expires_at,
    };
    let mut tokens = access_token(at, client, about, portion, audit).await?;
    if let Some(claims) = id_token_claims {
        tokens.id_token = Some(id_token(at, client, grant, (&subject, claims), &tokens).await?);
    }
    tokens.refresh_token = grant
        .is_refreshable_by(client)
        .then(|| refresh_token(at, grant));
    audit.subject.clone_from(&grant.subject);
    audit.grant = Some(grant.id);
    audit.generation = Some(grant.generation);
    Ok(tokens)
}

/// What the tokens of one response say of the person.
struct TokenClaims {
    access_token: Map<String, Value>,
    /// `None` without an ID token.
    id_token: Option<Map<String, Value>>,
}

/// The claims of `grant` for its tokens of `scope`.
async fn token_claims<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    grant: &Grant,
    attached: Option<&Attachment>,
    scope: &Scope,
) -> Result<TokenClaims, Refusal> {
    let of = |place| Disclosure::new(place, client, scope, &grant.requested_claims);
    let access_token = of(Place::AccessToken);
    let id_token = scope.contains("openid").then(|| of(Place::IdToken));
    let needs_others =
        access_token.needs_others() || id_token.as_ref().is_some_and(Disclosure::needs_others);
    let claims = if needs_others {
        attached_claims::all(at, &grant.claims, attached).await?
    } else {
        Cow::Borrowed(&grant.claims.inline)
    };
    Ok(TokenClaims {
        access_token: access_token.token_part_of(&claims)?,
        id_token: id_token.map(|it| it.token_part_of(&claims)).transpose()?,
    })
}

/// The token response with an access token. The only place that makes access tokens.
async fn access_token<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    about: About<'_>,
    portion: Portion,
    audit: &mut Audit,
) -> Result<TokenResponse, Refusal> {
    let config = at.issuer.config();
    let lifetime = at.issuer.access_token_lifetime(client, &portion.audiences);
    // No token outlives its client either.
    let end_of_client = client.expires_at.unwrap_or(UnixTime(u64::MAX));
    let token = AccessToken {
        iss: config.issuer().as_str().into(),
        sub: about.subject,
        aud: Audience::new(portion.audiences),
        client_id: client.id.clone(),
        iat: at.now,
        exp: (at.now + lifetime).min(about.until).min(end_of_client),
        nbf: None,
        jti: jose::token_id(at.issuer.crypto())?,
        scope: portion.scope,
        sid: about.grant,
        auth_time: about.auth_time,
        act: about.act,
        may_act: about.may_act,
        exchanged_from: about.exchanged_from,
        registration: about.registration,
        claims: about.claims,
    };
    let access_token = token.encode(at, client).await?;
    audit.jti = Some(token.jti);
    audit.audience = Some(token.aud);
    audit.scope = Some(token.scope.clone());
    Ok(TokenResponse {
        access_token,
        issued_token_type: None,
        token_type: "Bearer",
        expires_in: token.exp.since(at.now),
        scope: token.scope,
        refresh_token: None,
        id_token: None,
        headers: HeaderMap::new(),
    })
}

async fn id_token<H: Host>(
    at: &At<'_, H>,
    client: &Client,
    grant: &Grant,
    (sub, claims): (&ShownSubject<'_>, Map<String, Value>),
    tokens: &TokenResponse,
) -> Result<String, Refusal> {
    let config = at.issuer.config();
    let algorithm = client
        .id_token_signed_response_alg
        .unwrap_or(config.default_algorithm());
    let key = at.issuer.signing_key(algorithm, at.now).await?;
    let token = IdToken {
        iss: config.issuer().as_str(),
        sub,
        aud: &client.id,
        exp: at.now + tokens.expires_in,
        iat: at.now,
        auth_time: grant.auth_time,
        // §12.2: the nonce is for the response to the request that brought it.
        nonce: grant.nonce.as_deref().filter(|_| grant.generation <= 1),
        at_hash: half_hash(algorithm, &tokens.access_token),
        sid: grant.id,
        claims,
    };
    Ok(jose::sign(at.issuer.crypto(), &key, TokenType::IdToken, &token).await?)
}

/// The refresh token of the grant's generation: the same each time it is asked for.
fn refresh_token<H: Host>(at: &At<'_, H>, grant: &Grant) -> String {
    let binding = Binding {
        client_id: &grant.client_id,
        code_challenge: None,
    };
    let tokens = at.issuer.tokens();
    tokens.issue(TokenKind::RefreshToken, grant, None, &binding)
}

/// `at_hash` (OpenID Connect Core §3.1.3.6): the left half of the hash that goes with the
/// signature; for Ed25519 that is SHA-512.
fn half_hash(algorithm: Algorithm, text: &str) -> String {
    let full = match algorithm {
        Algorithm::EdDSA => Sha512::digest(text).to_vec(),
        _ => Sha256::digest(text).to_vec(),
    };
    let (left, _) = full.split_at(full.len() / 2);
    URL_SAFE_NO_PAD.encode(left)
}
