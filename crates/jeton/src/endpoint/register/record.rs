//! Records that are made of judged metadata.

use serde_json::json;

use crate::{
    client::{
        Ceiling, ClientId, ClientRecord, KeysRecord, RegistrationRecord, RegistrationTokenRecord,
        SecretHash, SecretMethod, is_of_client,
    },
    time::UnixTime,
};

/// The record of a new client.
pub(super) fn new(
    judged: ClientRecord,
    id: &ClientId,
    token: &str,
    ceiling: &Ceiling,
    now: UnixTime,
) -> ClientRecord {
    let mut record = judged;
    record.client_id = id.as_str().to_owned();
    record.client_expires_at = ceiling.client_lifetime.map(|lifetime| now + lifetime);
    record.registration = Some(RegistrationRecord {
        tokens: vec![token_record(token, None)],
        ceiling: ceiling.to_record(),
    });
    let issued_at = json!(now);
    record
        .other
        .insert("client_id_issued_at".to_owned(), issued_at);
    record
}

/// The record with judged metadata in the place of all that the client registered. What an operator has added
/// stays.
pub(super) fn replaced(standing: ClientRecord, judged: ClientRecord) -> ClientRecord {
    // A client that named none, and so may send its secret either way, is told this one: it sends it back.
    let told = SecretMethod::ClientSecretBasic.as_str();
    let named_none = standing.token_endpoint_auth_method.is_none();
    let method = judged.token_endpoint_auth_method;
    let method = method.filter(|method| !(named_none && method == told));
    let mut record = standing;
    record.other.retain(|member, _| !is_of_client(member));
    record.other.extend(judged.other);
    if record.token_endpoint_auth_method != method {
        record.keys = KeysRecord::default();
    }
    record.client_name = judged.client_name;
    record.client_uri = judged.client_uri;
    record.token_endpoint_auth_method = method;
    record.grant_types = judged.grant_types;
    record.scope = judged.scope;
    record.apis = judged.apis;
    record.id_token_signed_response_alg = judged.id_token_signed_response_alg;
    record.subject_type = judged.subject_type;
    record.redirect_uris = judged.redirect_uris;
    record.post_logout_redirect_uris = judged.post_logout_redirect_uris;
    record.allowed_origins = judged.allowed_origins;
    record.keys.jwks = judged.keys.jwks;
    record.keys.jwks_uri = judged.keys.jwks_uri;
    record.keys.token_endpoint_auth_signing_alg = judged.keys.token_endpoint_auth_signing_alg;
    record
}

/// The record with these registration access tokens, the newest last.
pub(super) fn with_tokens(
    mut record: ClientRecord,
    tokens: Vec<RegistrationTokenRecord>,
) -> ClientRecord {
    if let Some(registration) = &mut record.registration {
        registration.tokens = tokens;
    }
    record
}

/// What is kept of a registration access token, which has an end once another has taken its place.
pub(super) fn token_record(token: &str, expires_at: Option<UnixTime>) -> RegistrationTokenRecord {
    RegistrationTokenRecord {
        sha256: SecretHash::of(token).to_string(),
        expires_at,
    }
}
