//! Client assertions (RFC 7521 §4.2): `private_key_jwt` (RFC 7523 §2.2, RFC 10070), where the client signs
//! with its own key, and the tokens of trusted issuers, JWT-SVIDs among them
//! (draft-ietf-oauth-spiffe-client-auth), whose rules say which client they stand for.

use std::fmt;

use serde_json::{Map, Value};

use super::{Caller, Presented, Proof, find_client};
use crate::{
    assertion::{ASSERTION_TYPES, SingleUse, check_times, check_typ, text},
    audit::Audit,
    client::{Client, ClientAuthentication, PrivateKeyJwt},
    crypto::VERIFICATION_ALGORITHMS,
    foreign_token::{For, Form, vouch},
    host::Host,
    jose::UnverifiedJwt,
    parameters::Parameters,
    refusal::{AssertionFault, ClientFault, NotAccepted, Refusal, RequestFault},
    request::At,
    route::path::TOKEN,
};

/// A client assertion as it was sent: `client_assertion_type` and `client_assertion`.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientAssertion {
    kind: Kind,
    jwt: String,
}

/// `client_assertion_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// RFC 7523 §2.2.
    Jwt,
    /// draft-ietf-oauth-spiffe-client-auth.
    JwtSvid,
    /// Any other.
    Unsupported,
}

const JWT: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const JWT_SVID: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe";

/// The assertion is a credential.
impl fmt::Debug for ClientAssertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientAssertion")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

pub(super) fn is_used(parameters: &Parameters<'_>) -> bool {
    ["client_assertion", "client_assertion_type"]
        .into_iter()
        .any(|name| parameters.get(name).is_some())
}

/// Who the request says sends it: `client_id`, or where that is left out (RFC 7521 §4.2) whoever the
/// assertion says has signed it for itself. Empty where nothing says so.
pub(super) fn read(parameters: &Parameters<'_>) -> Result<Presented, RequestFault> {
    let required = |name: &'static str| {
        let value = parameters.get(name);
        value.ok_or(RequestFault::MissingParameter(name))
    };
    let kind = match required("client_assertion_type")? {
        JWT => Kind::Jwt,
        JWT_SVID => Kind::JwtSvid,
        _ => Kind::Unsupported,
    };
    let jwt = required("client_assertion")?;
    let client_id = match parameters.get("client_id") {
        Some(named) => named.to_owned(),
        None => UnverifiedJwt::parse(jwt)
            .ok()
            .and_then(|jwt| own_issuer(jwt.claims()).map(str::to_owned))
            .unwrap_or_default(),
    };
    Ok(Presented {
        client_id,
        proof: Proof::Assertion(ClientAssertion {
            kind,
            jwt: jwt.to_owned(),
        }),
    })
}

/// The issuer of an assertion that is about its issuer: a client that has signed for itself.
fn own_issuer(claims: &Map<String, Value>) -> Option<&str> {
    let claim = |name| claims.get(name).and_then(Value::as_str);
    claim("iss").filter(|issuer| claim("sub") == Some(issuer))
}

/// Whether the client may send an assertion at all. Whose keys verify it is decided with the assertion.
pub(super) fn check(client: &Client) -> Result<(), ClientFault> {
    match client.authentication {
        ClientAuthentication::PrivateKeyJwt(_)
        | ClientAuthentication::Federated
        | ClientAuthentication::UnverifiedAssertion => Ok(()),
        ClientAuthentication::None
        | ClientAuthentication::BuiltIn
        | ClientAuthentication::Secret { .. } => Err(AssertionFault::NoClientKeys.into()),
    }
}

/// The client that the assertion authenticates, with what a rule lets it have where one stands behind it.
/// The assertion is used up.
pub(super) async fn authenticate<H: Host>(
    at: &At<'_, H>,
    assertion: &ClientAssertion,
    client_id: &str,
    audit: &mut Audit,
) -> Result<Caller, Refusal> {
    let authenticated = verified(at, assertion, client_id, audit).await;
    authenticated.map_err(|why| why.refused_as(ClientFault::Assertion))
}

async fn verified<H: Host>(
    at: &At<'_, H>,
    assertion: &ClientAssertion,
    client_id: &str,
    audit: &mut Audit,
) -> Result<Caller, NotAccepted> {
    let jwt = UnverifiedJwt::parse(&assertion.jwt)?;
    let form = match assertion.kind {
        Kind::Jwt => Form::Jwt,
        Kind::JwtSvid => Form::JwtSvid,
        Kind::Unsupported => return Err(AssertionFault::Type.into()),
    };
    let signs_for_itself = form == Form::Jwt && own_issuer(jwt.claims()).is_some();
    if signs_for_itself {
        let client = find_client(at, client_id, audit).await?;
        let client = client.ok_or(Refusal::from(ClientFault::Unknown))?;
        if let Some(single_use) = of_client(at, jwt, &client).await? {
            single_use.take(at).await?;
        }
        return Ok(Caller::of(client));
    }
    let whom = if client_id.is_empty() {
        For::Anyone
    } else {
        // A registry that takes any word does so for clients that are named.
        let client = find_client(at, client_id, audit).await?;
        let client = client.ok_or(Refusal::from(ClientFault::Unknown))?;
        if client.authentication == ClientAuthentication::UnverifiedAssertion {
            return Ok(Caller::of(client));
        }
        For::Named(client_id)
    };
    let vouched = vouch(at, jwt, form, whom, audit).await?;
    let mut caller = Caller::vouched(vouched.into_assertion()?);
    caller.use_up(at).await?;
    Ok(caller)
}

/// Checks that the client signed the assertion for itself, for this server and for now (RFC 7523 §3). What
/// is left to take, if each of its assertions counts once.
async fn of_client<H: Host>(
    at: &At<'_, H>,
    jwt: UnverifiedJwt<'_>,
    client: &Client,
) -> Result<Option<SingleUse>, NotAccepted> {
    let policy = match &client.authentication {
        ClientAuthentication::PrivateKeyJwt(policy) => policy,
        ClientAuthentication::UnverifiedAssertion => return Ok(None),
        _ => return Err(AssertionFault::NoClientKeys.into()),
    };
    check_typ(&jwt, &ASSERTION_TYPES)?;
    let claims = jwt.claims();
    if text(claims, "sub")? != client.id.as_str() {
        return Err(AssertionFault::OtherClient.into());
    }
    let exp = check_times(claims, policy.longest_lifetime, at.now)?;
    check_audience(at, claims, policy)?;
    let single_use = if policy.single_use {
        Some(SingleUse::of(client.id.as_str(), claims, exp)?)
    } else {
        None
    };
    let algorithm = policy.algorithm.as_ref().map(std::slice::from_ref);
    let allowed = algorithm.unwrap_or(&VERIFICATION_ALGORITHMS);
    let verifier = at.issuer.verifier(at.now);
    verifier.of_client(jwt, &policy.keys, allowed).await?;
    Ok(single_use)
}

/// RFC 10070 §4: the audience is our issuer identifier, as a string. An array could name others, who could
/// then send the assertion here.
fn check_audience<H: Host>(
    at: &At<'_, H>,
    claims: &Map<String, Value>,
    policy: &PrivateKeyJwt,
) -> Result<(), AssertionFault> {
    let audience = text(claims, "aud").map_err(|_| AssertionFault::Audience)?;
    let is_issuer = audience == at.issuer.config().issuer().as_str();
    let is_endpoint = || policy.token_endpoint_is_audience && audience == at.issuer.url_of(TOKEN);
    if is_issuer || is_endpoint() {
        Ok(())
    } else {
        Err(AssertionFault::Audience)
    }
}
