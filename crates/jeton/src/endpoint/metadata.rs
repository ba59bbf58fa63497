//! Authorization server metadata (RFC 8414) and OpenID Provider metadata (OpenID Connect
//! Discovery 1.0 §3). Lists exactly what is enabled.

use serde::Serialize;

use crate::{
    config::Config, crypto::SIGNING_ALGORITHMS, document::Document, grant::GrantType, server::path,
};

/// RFC 8414 §2.
#[derive(Serialize)]
struct Metadata<'a> {
    issuer: &'a str,
    token_endpoint: String,
    jwks_uri: String,
    /// REQUIRED, so an empty list where there is no authorization endpoint.
    response_types_supported: &'static [&'static str],
    grant_types_supported: [&'static str; GrantType::SUPPORTED.len()],
    token_endpoint_auth_methods_supported: &'static [&'static str],
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    openid: Option<OpenidMetadata>,
}

/// What OpenID Connect Discovery 1.0 §3 requires besides.
#[derive(Serialize)]
struct OpenidMetadata {
    subject_types_supported: &'static [&'static str],
    id_token_signing_alg_values_supported: Vec<&'static str>,
}

/// `/.well-known/oauth-authorization-server`.
pub(crate) fn authorization_server(config: &Config) -> Document {
    Document::json(&metadata(config))
}

/// `/.well-known/openid-configuration`.
pub(crate) fn openid_configuration(config: &Config) -> Document {
    let algorithms = config.signing_algorithms();
    let names = SIGNING_ALGORITHMS
        .iter()
        .zip(["ES256", "EdDSA", "RS256"])
        .filter(|(algorithm, _)| algorithms.contains(algorithm))
        .map(|(_, name)| name)
        .collect();
    Document::json(&Metadata {
        openid: Some(OpenidMetadata {
            subject_types_supported: &["public"],
            id_token_signing_alg_values_supported: names,
        }),
        ..metadata(config)
    })
}

fn metadata(config: &Config) -> Metadata<'_> {
    let issuer = config.issuer().as_str();
    Metadata {
        issuer,
        token_endpoint: format!("{issuer}{}", path::TOKEN),
        jwks_uri: format!("{issuer}{}", path::JWKS),
        response_types_supported: &[],
        grant_types_supported: GrantType::SUPPORTED.map(GrantType::as_str),
        token_endpoint_auth_methods_supported: &["client_secret_basic", "client_secret_post"],
        openid: None,
    }
}
