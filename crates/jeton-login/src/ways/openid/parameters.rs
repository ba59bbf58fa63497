//! The authentication request (OpenID Connect Core 1.0 §3.1.2.1).

use std::collections::BTreeMap;

use url::Url;

use super::Provider;
use crate::{settings::InvalidLogin, ways::Begin};

/// What makes a login safe, which no configuration may change.
pub(super) const OURS: [&str; 13] = [
    "client_id",
    "client_secret",
    "code_challenge",
    "code_challenge_method",
    "max_age",
    "nonce",
    "redirect_uri",
    "request",
    "request_uri",
    "response_mode",
    "response_type",
    "scope",
    "state",
];

/// The longest name or value of a further parameter, in bytes.
const LONGEST: usize = 255;

/// Refuses further parameters that are ours.
pub(super) fn check(parameters: &BTreeMap<String, String>) -> Result<(), InvalidLogin> {
    let fits = |text: &str| text.len() <= LONGEST && !text.contains(char::is_control);
    for (name, value) in parameters {
        if OURS.contains(&name.as_str()) || name.is_empty() || !fits(name) || !fits(value) {
            let expected =
                "further parameters of the authentication request, none of those that make it safe";
            return Err(InvalidLogin::new("parameters", expected));
        }
    }
    Ok(())
}

/// The request to `provider`, whose authorization endpoint `url` is.
pub(super) fn authorization_url(mut url: Url, provider: &Provider, begin: &Begin<'_>) -> Url {
    let max_age = begin.max_age.map(|max_age| max_age.0.to_string());
    let asked = [
        ("login_hint", begin.login_hint),
        ("prompt", begin.prompt),
        ("max_age", max_age.as_deref()),
        ("ui_locales", begin.ui_locales),
        ("acr_values", begin.acr_values),
    ];
    let asked = asked
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    let asked: BTreeMap<&str, &str> = asked.collect();
    let further = provider
        .parameters
        .iter()
        .filter(|(name, _)| !asked.contains_key(name.as_str()));
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &provider.client_id)
        .append_pair("redirect_uri", begin.redirect_uri)
        .append_pair("scope", &provider.scope)
        .append_pair("state", begin.state)
        .append_pair("nonce", begin.nonce)
        .append_pair("code_challenge", begin.code_challenge)
        .append_pair("code_challenge_method", "S256")
        .extend_pairs(&asked)
        .extend_pairs(further);
    url
}
