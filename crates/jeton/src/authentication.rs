//! Client authentication at the token endpoint (RFC 6749 §2.3).

use std::sync::Arc;

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use http::{HeaderMap, header::AUTHORIZATION};

use crate::{
    audit::Audit,
    client::{Client, ClientAuthentication, ClientId, SecretHash, SecretMethod},
    parameters::{Parameters, form_decode},
    refusal::{ClientFault, Refusal},
    registry::{Clients, Registry},
    time::UnixTime,
};

/// Basic credentials with or without padding: some clients leave it out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a request says of its client.
pub(crate) struct Credentials {
    pub(crate) client_id: String,
    pub(crate) secret: Option<(SecretMethod, String)>,
}

/// Who sends the request. A client that is unknown and one whose secret is wrong cost the same
/// hash and get the same bytes.
pub(crate) async fn authenticate(
    clients: &Clients<impl Registry>,
    headers: &HeaderMap,
    parameters: &Parameters<'_>,
    now: UnixTime,
    audit: &mut Audit,
) -> Result<Arc<Client>, Refusal> {
    let credentials = credentials(headers, parameters)?;
    let presented = credentials
        .secret
        .as_ref()
        .map(|(method, secret)| (*method, SecretHash::of(secret)));
    let Ok(id) = credentials.client_id.parse::<ClientId>() else {
        return Err(ClientFault::Unknown.into());
    };
    audit.client_id = Some(id.clone());
    let client = clients.find(&id, now).await?.ok_or(ClientFault::Unknown)?;
    match (&client.authentication, presented) {
        (ClientAuthentication::None, None) => {}
        (ClientAuthentication::None, Some(_)) => {
            return Err(ClientFault::SecretOfPublicClient.into());
        }
        (ClientAuthentication::Secret { .. }, None) => return Err(ClientFault::Missing.into()),
        (ClientAuthentication::Secret { method, .. }, Some((used, hash))) => {
            if !client.holds_secret(&hash, now) {
                return Err(ClientFault::WrongSecret.into());
            }
            if let Some(registered) = *method
                && registered != used
            {
                return Err(ClientFault::WrongMethod(registered).into());
            }
        }
    }
    Ok(client)
}

pub(crate) fn credentials(
    headers: &HeaderMap,
    parameters: &Parameters<'_>,
) -> Result<Credentials, Refusal> {
    let body_id = parameters.get("client_id");
    let body_secret = parameters.get("client_secret");
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let Some(authorization) = lines.next() else {
        return Ok(Credentials {
            client_id: body_id.ok_or(ClientFault::Missing)?.to_owned(),
            secret: body_secret.map(|secret| (SecretMethod::ClientSecretPost, secret.to_owned())),
        });
    };
    if lines.next().is_some() {
        return Err(ClientFault::MalformedBasic.into());
    }
    if body_secret.is_some() {
        return Err(Refusal::TwoAuthentications);
    }
    let (client_id, secret) = basic(authorization.as_bytes())?;
    // RFC 6749 §3.2.1 lets any client repeat its id in the body; another one is no repetition.
    if body_id.is_some_and(|repeated| repeated != client_id) {
        return Err(Refusal::TwoClients);
    }
    Ok(Credentials {
        client_id,
        secret: Some((SecretMethod::ClientSecretBasic, secret)),
    })
}

/// RFC 7617 with both halves form-encoded as RFC 6749 §2.3.1 wants.
fn basic(authorization: &[u8]) -> Result<(String, String), ClientFault> {
    let (scheme, encoded) = authorization
        .split_at_checked("Basic".len())
        .ok_or(ClientFault::Scheme)?;
    if !scheme.eq_ignore_ascii_case(b"Basic") {
        return Err(ClientFault::Scheme);
    }
    let encoded = encoded
        .strip_prefix(b" ")
        .ok_or(ClientFault::MalformedBasic)?
        .trim_ascii();
    let decoded = BASE64
        .decode(encoded)
        .map_err(|_| ClientFault::MalformedBasic)?;
    let colon = decoded
        .iter()
        .position(|&byte| byte == b':')
        .ok_or(ClientFault::MalformedBasic)?;
    let (id, secret) = decoded.split_at(colon);
    let secret = secret.strip_prefix(b":").unwrap_or_default();
    let text = |half| {
        form_decode(half)
            .map(std::borrow::Cow::into_owned)
            .map_err(|_| ClientFault::MalformedBasic)
    };
    Ok((text(id)?, text(secret)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_basic_credentials() {
        let encode = |text: &str| format!("Basic {}", BASE64.encode(text));
        for (header, expected) in [
            (encode("id:secret"), Ok(("id", "secret"))),
            (encode("i%3Ad:s%25+x"), Ok(("i:d", "s% x"))),
            (encode("id:a:b"), Ok(("id", "a:b"))),
            (encode("id:"), Ok(("id", ""))),
            (
                encode("id:secret").replacen("Basic", "bAsIc", 1),
                Ok(("id", "secret")),
            ),
            (
                encode("id:secre").trim_end_matches('=').to_owned(),
                Ok(("id", "secre")),
            ),
            (encode("id"), Err(ClientFault::MalformedBasic)),
            (encode("%ff:x"), Err(ClientFault::MalformedBasic)),
            ("Basic".to_owned(), Err(ClientFault::MalformedBasic)),
            ("Basic !".to_owned(), Err(ClientFault::MalformedBasic)),
            ("Basicx".to_owned(), Err(ClientFault::MalformedBasic)),
            ("Bearer x".to_owned(), Err(ClientFault::Scheme)),
            (String::new(), Err(ClientFault::Scheme)),
        ] {
            let expected = expected.map(|(id, secret)| (id.to_owned(), secret.to_owned()));
            assert_eq!(basic(header.as_bytes()), expected, "{header}");
        }
    }
}
