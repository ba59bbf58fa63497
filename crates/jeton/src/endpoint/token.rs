//! `/token` (RFC 6749 §3.2): reads the request, authenticates the client, hands over to the grant.

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header::CONTENT_TYPE};
use serde::Serialize;

use crate::{
    audit::Audit,
    authentication::authenticate,
    crypto::Crypto,
    grant::{GrantType, client_credentials},
    parameters::Parameters,
    refusal::Refusal,
    registry::Registry,
    response::no_store_json,
    scope::Scope,
    server::Server,
    time::{Seconds, UnixTime},
};

const FORM: &[u8] = b"application/x-www-form-urlencoded";

/// RFC 6749 §5.1. `scope` is always sent: a client that asked for none learns what it has.
#[derive(Serialize)]
pub(crate) struct TokenResponse {
    pub(crate) access_token: String,
    pub(crate) token_type: &'static str,
    pub(crate) expires_in: Seconds,
    #[serde(skip_serializing_if = "Scope::is_empty")]
    pub(crate) scope: Scope,
}

pub(crate) async fn respond<R: Registry, C: Crypto>(
    server: &Server<R, C>,
    headers: &HeaderMap,
    body: &[u8],
    now: UnixTime,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    require_form(headers)?;
    let parameters = Parameters::parse(body)?;
    let grant_type = parameters
        .get("grant_type")
        .ok_or(Refusal::MissingParameter("grant_type"))?;
    let grant_type = GrantType::from_name(grant_type)
        .filter(|known| GrantType::SUPPORTED.contains(known))
        .ok_or_else(|| Refusal::UnsupportedGrantType(grant_type.to_owned()))?;
    audit.grant_type = Some(grant_type.as_str());
    let client = authenticate(server.clients(), headers, &parameters, now, audit).await?;
    if !client.may_use(grant_type) {
        return Err(Refusal::GrantTypeNotRegistered(grant_type));
    }
    let response = match grant_type {
        GrantType::ClientCredentials => {
            client_credentials::redeem(server, &client, &parameters, now, audit).await?
        }
        GrantType::AuthorizationCode | GrantType::RefreshToken | GrantType::DeviceCode => {
            return Err(Refusal::UnsupportedGrantType(
                grant_type.as_str().to_owned(),
            ));
        }
    };
    Ok(no_store_json(StatusCode::OK, &response))
}

/// The media type without its parameters; `charset=UTF-8` is common and says nothing new.
fn require_form(headers: &HeaderMap) -> Result<(), Refusal> {
    let media_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.as_bytes().split(|&byte| byte == b';').next())
        .ok_or(Refusal::ContentType)?;
    if media_type.trim_ascii().eq_ignore_ascii_case(FORM) {
        Ok(())
    } else {
        Err(Refusal::ContentType)
    }
}
