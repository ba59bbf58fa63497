//! The authentication request (OpenID Connect Core 1.0 §3.1.2.1).

use std::{borrow::Cow, collections::BTreeMap};

use url::Url;

use super::{
    GOOGLE, Provider,
    metadata::{Metadata, OFFLINE_ACCESS},
};
use crate::{
    settings::InvalidLogin,
    ways::{Begin, RefreshToken},
};

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
pub(super) fn authorization_url(
    mut url: Url,
    provider: &Provider,
    metadata: &Metadata,
    begin: &Begin<'_>,
) -> Url {
    let max_age = begin.max_age.map(|max_age| max_age.0.to_string());
    let wants_refresh_token = begin.refresh_token == RefreshToken::Wanted;
    // Google has parameters in the place of `offline_access`, and gives a second refresh token only with a
    // second consent.
    let offline_at_google = wants_refresh_token && provider.issuer.is(GOOGLE);
    let prompt = match begin.prompt {
        Some(prompt) if offline_at_google => Some(Cow::Owned(format!("consent {prompt}"))),
        None if offline_at_google => Some(Cow::Borrowed("consent")),
        prompt => prompt.map(Cow::Borrowed),
    };
    let scope = if wants_refresh_token && !offline_at_google && metadata.has_offline_access() {
        with_offline_access(&provider.scope)
    } else {
        Cow::Borrowed(provider.scope.as_str())
    };
    let known = [
        ("access_type", offline_at_google.then_some("offline")),
        ("login_hint", begin.login_hint),
        ("prompt", prompt.as_deref()),
        ("max_age", max_age.as_deref()),
        ("ui_locales", begin.ui_locales),
        ("acr_values", begin.acr_values),
    ];
    let known = known.into_iter();
    let mut asked = BTreeMap::new();
    asked.extend(known.filter_map(|(name, value)| Some((name, value?))));
    let further = provider
        .parameters
        .iter()
        .filter(|(name, _)| !asked.contains_key(name.as_str()));
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &provider.client_id)
        .append_pair("redirect_uri", begin.redirect_uri)
        .append_pair("scope", &scope)
        .append_pair("state", begin.state)
        .append_pair("nonce", begin.nonce)
        .append_pair("code_challenge", begin.code_challenge)
        .append_pair("code_challenge_method", "S256")
        .extend_pairs(&asked)
        .extend_pairs(further);
    url
}

fn with_offline_access(scope: &str) -> Cow<'_, str> {
    if scope.split(' ').any(|name| name == OFFLINE_ACCESS) {
        Cow::Borrowed(scope)
    } else {
        Cow::Owned(format!("{scope} {OFFLINE_ACCESS}"))
    }
}
