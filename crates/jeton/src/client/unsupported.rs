//! Client metadata that asks for a protection this release does not have. Ignored, the client would be
//! without it and nobody would know; so the record is refused where it is written and where it is read.
//! Metadata that no release knows yet is another matter: it is kept, and does nothing.

use serde_json::Value;

/// The members, by where they are registered.
const MEMBERS: [&str; 29] = [
    // RFC 9449 §5.2, RFC 8705 §3.4: access tokens that are of no use to a thief.
    "dpop_bound_access_tokens",
    "tls_client_certificate_bound_access_tokens",
    // RFC 8705 §2.1.2: which certificate authenticates the client.
    "tls_client_auth_subject_dn",
    "tls_client_auth_san_dns",
    "tls_client_auth_san_uri",
    "tls_client_auth_san_ip",
    "tls_client_auth_san_email",
    // RFC 9126 §6, RFC 9101 §10.5: authorization requests that the browser cannot change.
    "require_pushed_authorization_requests",
    "require_signed_request_object",
    // OpenID Connect Dynamic Client Registration 1.0 §2.
    "request_object_signing_alg",
    "request_object_encryption_alg",
    "request_object_encryption_enc",
    "id_token_encrypted_response_alg",
    "id_token_encrypted_response_enc",
    "userinfo_signed_response_alg",
    "userinfo_encrypted_response_alg",
    "userinfo_encrypted_response_enc",
    "default_max_age",
    "default_acr_values",
    // RFC 9701 §6.
    "introspection_signed_response_alg",
    "introspection_encrypted_response_alg",
    "introspection_encrypted_response_enc",
    // JWT Secured Authorization Response Mode §3.
    "authorization_signed_response_alg",
    "authorization_encrypted_response_alg",
    "authorization_encrypted_response_enc",
    // OpenID Connect Back-Channel Logout 1.0 §2.2, Front-Channel Logout 1.0 §2: a logout that reaches
    // the client.
    "backchannel_logout_uri",
    "backchannel_logout_session_required",
    "frontchannel_logout_uri",
    "frontchannel_logout_session_required",
];

/// Whether `name` is metadata of this kind, whatever it asks for.
pub(super) fn is_known(name: &str) -> bool {
    MEMBERS.contains(&name)
}

/// The first of these members that asks for what is not there, in what `member` reads.
pub(crate) fn first_asked_for<'a>(
    member: impl Fn(&str) -> Option<&'a Value>,
) -> Option<&'static str> {
    let asks = |name: &&str| member(name).is_some_and(asks_for_something);
    MEMBERS.into_iter().find(asks)
}

/// Whether a member has another value than those by which nothing is asked for: `false`, `none` and nothing.
fn asks_for_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Array(values) => !values.is_empty(),
        Value::String(text) => !["", "none"].contains(&text.as_str()),
        Value::Bool(true) | Value::Number(_) | Value::Object(_) => true,
    }
}
