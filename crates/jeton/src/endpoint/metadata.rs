//! Authorization server metadata (RFC 8414) and OpenID Provider metadata (OpenID Connect
//! Discovery 1.0 §3). Lists exactly what is enabled.

use serde::Serialize;

use crate::{
    config::Config, crypto::SIGNING_ALGORITHMS, document::Document, grant::GrantType, server::path,
};

/// Both documents.
pub(crate) struct Documents {
    /// `/.well-known/oauth-authorization-server`.
    pub(crate) authorization_server: Document,
    /// `/.well-known/openid-configuration`.
    pub(crate) openid_configuration: Document,
}

/// RFC 8414 §2.
#[derive(Serialize)]
struct Metadata<'a> {
    issuer: &'a str,
    token_endpoint: String,
    jwks_uri: String,
    /// REQUIRED, so an empty list where there is no authorization endpoint.
    response_types_supported: &'static [&'static str],
    grant_types_supported: Vec<&'static str>,
    token_endpoint_auth_methods_supported: &'static [&'static str],
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    with_ledger: Option<WithLedger>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    with_login: Option<WithLogin>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    openid: Option<OpenidMetadata>,
}

/// What needs a ledger.
#[derive(Serialize)]
struct WithLedger {
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: &'static [&'static str],
    revocation_endpoint: String,
    revocation_endpoint_auth_methods_supported: &'static [&'static str],
}

/// What needs a login application.
#[derive(Serialize)]
struct WithLogin {
    authorization_endpoint: String,
    device_authorization_endpoint: String,
    response_modes_supported: &'static [&'static str],
    code_challenge_methods_supported: &'static [&'static str],
    /// RFC 9207 §3.
    authorization_response_iss_parameter_supported: bool,
    scopes_supported: &'static [&'static str],
}

/// What OpenID Connect Discovery 1.0 §3 adds.
#[derive(Serialize)]
struct OpenidMetadata {
    subject_types_supported: &'static [&'static str],
    id_token_signing_alg_values_supported: Vec<&'static str>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    with_login: Option<OpenidWithLogin>,
}

#[derive(Serialize)]
struct OpenidWithLogin {
    userinfo_endpoint: String,
    end_session_endpoint: String,
    claims_supported: &'static [&'static str],
    prompt_values_supported: &'static [&'static str],
    claims_parameter_supported: bool,
    request_parameter_supported: bool,
    request_uri_parameter_supported: bool,
}

const SECRETS: &[&str] = &["client_secret_basic", "client_secret_post"];
const SECRETS_OR_NONE: &[&str] = &["client_secret_basic", "client_secret_post", "none"];

pub(crate) fn documents(config: &Config, has_ledger: bool) -> Documents {
    Documents {
        authorization_server: Document::json(&metadata(config, has_ledger)),
        openid_configuration: Document::json(&Metadata {
            openid: Some(openid(config, has_ledger)),
            ..metadata(config, has_ledger)
        }),
    }
}

fn metadata(config: &Config, has_ledger: bool) -> Metadata<'_> {
    let issuer = config.issuer().as_str();
    let at = |path| format!("{issuer}{path}");
    let logs_in = has_ledger && config.login_url().is_some();
    Metadata {
        issuer,
        token_endpoint: at(path::TOKEN),
        jwks_uri: at(path::JWKS),
        response_types_supported: if logs_in { &["code"] } else { &[] },
        grant_types_supported: GrantType::supported(config, has_ledger)
            .map(GrantType::as_str)
            .collect(),
        // A public client can do nothing but log people in.
        token_endpoint_auth_methods_supported: if logs_in { SECRETS_OR_NONE } else { SECRETS },
        with_ledger: has_ledger.then(|| WithLedger {
            introspection_endpoint: at(path::INTROSPECT),
            introspection_endpoint_auth_methods_supported: SECRETS,
            revocation_endpoint: at(path::REVOKE),
            revocation_endpoint_auth_methods_supported: SECRETS_OR_NONE,
        }),
        with_login: logs_in.then(|| WithLogin {
            authorization_endpoint: at(path::AUTHORIZE),
            device_authorization_endpoint: at(path::DEVICE_AUTHORIZATION),
            response_modes_supported: &["query", "form_post"],
            code_challenge_methods_supported: &["S256"],
            authorization_response_iss_parameter_supported: true,
            scopes_supported: &[
                "openid",
                "profile",
                "email",
                "address",
                "phone",
                "offline_access",
            ],
        }),
        openid: None,
    }
}

fn openid(config: &Config, has_ledger: bool) -> OpenidMetadata {
    let issuer = config.issuer().as_str();
    let at = |path| format!("{issuer}{path}");
    let algorithms = config.signing_algorithms();
    let logs_in = has_ledger && config.login_url().is_some();
    OpenidMetadata {
        subject_types_supported: &["public"],
        id_token_signing_alg_values_supported: SIGNING_ALGORITHMS
            .iter()
            .zip(["ES256", "EdDSA", "RS256"])
            .filter(|(algorithm, _)| algorithms.contains(algorithm))
            .map(|(_, name)| name)
            .collect(),
        with_login: logs_in.then(|| OpenidWithLogin {
            userinfo_endpoint: at(path::USERINFO),
            end_session_endpoint: at(path::END_SESSION),
            claims_supported: &[
                "sub",
                "iss",
                "aud",
                "exp",
                "iat",
                "auth_time",
                "nonce",
                "at_hash",
                "sid",
            ],
            prompt_values_supported: &["none", "login", "consent", "select_account"],
            claims_parameter_supported: false,
            request_parameter_supported: false,
            request_uri_parameter_supported: false,
        }),
    }
}
