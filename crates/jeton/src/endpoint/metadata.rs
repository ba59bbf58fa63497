//! Authorization server metadata (RFC 8414) and OpenID Provider metadata (OpenID Connect
//! Discovery 1.0 §3). Lists exactly what is enabled.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    claims::standard_claims,
    client::{ASSERTION_METHODS, SecretMethod},
    crypto::SIGNING_ALGORITHMS,
    grant::GrantType,
    host::Host,
    inserted::inserted,
    issuer::Issuer,
    jwk::VERIFICATION_ALGORITHM_NAMES,
    needs::Needs,
    public_document::PublicDocument,
    route::{Listed, ROUTES},
};

/// Both metadata documents of an issuer.
pub(crate) struct MetadataDocuments {
    /// `/.well-known/oauth-authorization-server`.
    pub(crate) authorization_server: PublicDocument,
    /// `/.well-known/openid-configuration`.
    pub(crate) openid_configuration: PublicDocument,
}

/// The claims that the server makes or passes on itself; those of scopes come to these.
const OWN_CLAIMS: [&str; 11] = [
    "sub",
    "iss",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "acr",
    "amr",
    "nonce",
    "at_hash",
    "sid",
];

type Values = &'static [&'static str];

/// The members of both documents. Those of features that the deployment does not offer are absent.
#[derive(Clone, Serialize)]
struct Metadata<'a> {
    issuer: &'a str,
    /// The endpoints, from the routes.
    #[serde(flatten)]
    endpoints: BTreeMap<&'static str, String>,
    /// REQUIRED, so an empty list where there is no authorization endpoint.
    response_types_supported: Values,
    grant_types_supported: Vec<&'static str>,
    token_endpoint_auth_methods_supported: Vec<&'static str>,
    token_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    introspection_endpoint_auth_methods_supported: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    introspection_endpoint_auth_signing_alg_values_supported: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revocation_endpoint_auth_methods_supported: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revocation_endpoint_auth_signing_alg_values_supported: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_modes_supported: Option<Values>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code_challenge_methods_supported: Option<Values>,
    /// RFC 9207 §3.
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_response_iss_parameter_supported: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes_supported: Option<Values>,
    // From here on OpenID Provider metadata alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject_types_supported: Option<Values>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token_signing_alg_values_supported: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claims_supported: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claim_types_supported: Option<Values>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_values_supported: Option<Values>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    ui_locales_supported: Values,
    #[serde(skip_serializing_if = "Option::is_none")]
    claims_parameter_supported: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_parameter_supported: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_uri_parameter_supported: Option<bool>,
}

/// The documents of `issuer`.
pub(crate) fn documents<H: Host>(issuer: &Issuer<H>) -> MetadataDocuments {
    let oauth = oauth_metadata(issuer);
    MetadataDocuments {
        openid_configuration: PublicDocument::json(&openid_metadata(issuer, oauth.clone())),
        authorization_server: PublicDocument::json(&oauth),
    }
}

fn oauth_metadata<H: Host>(issuer: &Issuer<H>) -> Metadata<'_> {
    let offers = issuer.offers();
    let logs_in = offers.has(Needs::Login);
    let has_ledger = offers.has(Needs::Ledger);
    let secrets = SecretMethod::ALL.map(SecretMethod::as_str);
    let proofs = [secrets.as_slice(), &ASSERTION_METHODS].concat();
    let proofs_or_none = [proofs.as_slice(), &["none"]].concat();
    let algorithms = VERIFICATION_ALGORITHM_NAMES.map(|(name, _)| name).to_vec();
    let with_login = |values: Values| logs_in.then_some(values);
    Metadata {
        issuer: issuer.config().issuer().as_str(),
        endpoints: endpoints(issuer, |listed| match listed {
            Listed::Both(member, needs) => Some((member, needs)),
            Listed::No | Listed::Openid(..) => None,
        }),
        response_types_supported: with_login(&["code"]).unwrap_or_default(),
        grant_types_supported: offers.grant_types().map(GrantType::as_str).collect(),
        // A public client can do nothing but log people in.
        token_endpoint_auth_methods_supported: if logs_in {
            proofs_or_none.clone()
        } else {
            proofs.clone()
        },
        token_endpoint_auth_signing_alg_values_supported: algorithms.clone(),
        introspection_endpoint_auth_methods_supported: has_ledger.then_some(proofs),
        introspection_endpoint_auth_signing_alg_values_supported: has_ledger
            .then(|| algorithms.clone()),
        revocation_endpoint_auth_methods_supported: has_ledger.then_some(proofs_or_none),
        revocation_endpoint_auth_signing_alg_values_supported: has_ledger.then_some(algorithms),
        response_modes_supported: with_login(&["query", "form_post"]),
        code_challenge_methods_supported: with_login(&["S256"]),
        authorization_response_iss_parameter_supported: logs_in.then_some(true),
        scopes_supported: with_login(&[
            "openid",
            "profile",
            "email",
            "address",
            "phone",
            "offline_access",
        ]),
        subject_types_supported: None,
        id_token_signing_alg_values_supported: None,
        claims_supported: None,
        claim_types_supported: None,
        prompt_values_supported: None,
        ui_locales_supported: &[],
        claims_parameter_supported: None,
        request_parameter_supported: None,
        request_uri_parameter_supported: None,
    }
}

fn openid_metadata<'a, H: Host>(issuer: &'a Issuer<H>, oauth: Metadata<'a>) -> Metadata<'a> {
    let algorithms = issuer.config().signing_algorithms();
    let logs_in = issuer.offers().has(Needs::Login);
    let with_login = |values: Values| logs_in.then_some(values);
    let not_supported = logs_in.then_some(false);
    Metadata {
        endpoints: endpoints(issuer, |listed| match listed {
            Listed::Both(member, needs) | Listed::Openid(member, needs) => Some((member, needs)),
            Listed::No => None,
        }),
        subject_types_supported: Some(issuer.config().subject_types()),
        // The default first, which some clients take.
        id_token_signing_alg_values_supported: Some(
            algorithms
                .iter()
                .filter_map(|own| {
                    let mut names = SIGNING_ALGORITHMS.iter().zip(["ES256", "EdDSA", "RS256"]);
                    names.find_map(|(known, name)| (known == own).then_some(name))
                })
                .collect(),
        ),
        claims_supported: logs_in
            .then(|| OWN_CLAIMS.into_iter().chain(standard_claims()).collect()),
        // What others say of a person is not passed on (OpenID Connect Core §5.6).
        claim_types_supported: with_login(&["normal"]),
        prompt_values_supported: with_login(&["none", "login", "consent", "select_account"]),
        ui_locales_supported: with_login(issuer.config().ui_locales()).unwrap_or_default(),
        claims_parameter_supported: logs_in.then_some(true),
        request_parameter_supported: not_supported,
        request_uri_parameter_supported: not_supported,
        ..oauth
    }
}

/// The URLs of the endpoints of one document, by member: those for which `listed` gives a member and
/// which the deployment offers.
fn endpoints<H: Host>(
    issuer: &Issuer<H>,
    listed: impl Fn(Listed) -> Option<(&'static str, Needs)>,
) -> BTreeMap<&'static str, String> {
    let listed = ROUTES
        .iter()
        .filter_map(|route| Some((listed(route.listed)?, route.path)));
    let offered = listed.filter(|((_, needs), _)| issuer.offers().has(*needs));
    inserted(offered.map(|((member, _), path)| (member, issuer.url_of(path))))
}
