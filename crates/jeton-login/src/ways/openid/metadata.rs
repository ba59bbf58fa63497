//! What a provider publishes of itself (OpenID Connect Discovery 1.0 §3).

use jeton::{ForeignUrl, PublicJwks, Unreachable, json::Tree};
use serde::Deserialize;
use serde_json::Value;

/// Where metadata is, behind the path of the issuer (OpenID Connect Discovery 1.0 §4).
pub(super) const PATH: &str = "/.well-known/openid-configuration";

/// The scope by which a refresh token is asked for (OpenID Connect Core 1.0 §11).
pub(super) const OFFLINE_ACCESS: &str = "offline_access";

/// The metadata of a provider, as far as it is read.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    pub(super) issuer: String,
    pub(super) authorization_endpoint: String,
    pub(super) token_endpoint: String,
    pub(super) jwks_uri: String,
    pub(super) userinfo_endpoint: Option<String>,
    pub(super) end_session_endpoint: Option<String>,
    /// Whether each answer of the authorization endpoint says its issuer (RFC 9207 §3).
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    scopes_supported: Option<Vec<String>>,
}

impl Metadata {
    /// Whether the token endpoint takes this method. `client_secret_basic` is what one takes that does not say.
    pub(super) fn takes(&self, method: &str) -> bool {
        match &self.token_endpoint_auth_methods_supported {
            Some(methods) => methods.iter().any(|known| known == method),
            None => method == "client_secret_basic",
        }
    }

    /// Whether a refresh token is asked for by the scope `offline_access` (OpenID Connect Core 1.0 §11). Some
    /// refuse a scope that they do not list.
    pub(super) fn has_offline_access(&self) -> bool {
        let scopes = self.scopes_supported.as_deref();
        scopes.is_none_or(|scopes| scopes.iter().any(|known| known == OFFLINE_ACCESS))
    }
}

/// Where the metadata of `issuer` is. A final slash of its path is left out.
pub(super) fn url_of(issuer: &str) -> String {
    format!("{}{PATH}", issuer.strip_suffix('/').unwrap_or(issuer))
}

/// The metadata at `url`. One of another issuer does not take the place of a good one; in what tenants have in
/// common, the issuer is a template, which whoever asks compares.
pub(crate) fn parse_metadata(url: &ForeignUrl, metadata: Value) -> Result<Metadata, Unreachable> {
    let not_usable = Unreachable::NotUsable("a member is missing or of another type");
    let metadata = Tree::from(metadata).read::<Metadata>();
    let metadata = metadata.map_err(|_| not_usable)?;
    if !metadata.issuer.contains('{') && url_of(&metadata.issuer) != url.as_str() {
        let expected = url.as_str().strip_suffix(PATH).unwrap_or_default();
        return Err(Unreachable::NotUsable(difference(
            expected,
            &metadata.issuer,
        )));
    }
    Ok(metadata)
}

/// What tells the issuer identifier in the metadata from the one that is configured.
mod differs {
    pub(super) const SLASH_THERE: &str =
        "the issuer in the metadata ends in a slash, the one that is configured does not";
    pub(super) const SLASH_HERE: &str =
        "the issuer that is configured ends in a slash, the one in the metadata does not";
    pub(super) const CASE: &str =
        "the issuer in the metadata has capital letters elsewhere than the one that is configured";
    pub(super) const SCHEME: &str = "the issuer in the metadata begins otherwise than the one that is configured: http or https";
    pub(super) const HOST: &str =
        "the issuer in the metadata has another host or port than the one that is configured";
    pub(super) const PATH: &str =
        "the issuer in the metadata has another path than the one that is configured";
    pub(super) const ALL: [&str; 6] = [SLASH_THERE, SLASH_HERE, CASE, SCHEME, HOST, PATH];
}

/// What tells `published`, which stands in the metadata, from `configured`, for whoever has to mend it. What
/// is published may be a stranger's text, and is not repeated.
pub(super) fn difference(configured: &str, published: &str) -> &'static str {
    let parts = |issuer: &str| {
        let (scheme, rest) = issuer.split_once("://").unwrap_or(("", issuer));
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        [scheme, host, path].map(str::to_owned)
    };
    let [scheme, host, path] = parts(configured);
    let [other_scheme, other_host, other_path] = parts(published);
    if published.strip_suffix('/') == Some(configured) {
        differs::SLASH_THERE
    } else if configured.strip_suffix('/') == Some(published) {
        differs::SLASH_HERE
    } else if configured.eq_ignore_ascii_case(published) {
        differs::CASE
    } else if host != other_host {
        differs::HOST
    } else if scheme != other_scheme && path == other_path {
        differs::SCHEME
    } else {
        differs::PATH
    }
}

/// Whether a document was refused because it is another issuer's: how that differs from the one that is
/// configured.
pub(super) fn is_of_another_issuer(why: &Unreachable) -> Option<&'static str> {
    match why {
        Unreachable::NotUsable(why) if differs::ALL.contains(why) => Some(why),
        _ => None,
    }
}

/// The keys of a JWK Set. An empty one does not take the place of a good one.
pub(crate) fn parse_keys(_: &ForeignUrl, set: Value) -> Result<PublicJwks, Unreachable> {
    let not_a_set = Unreachable::NotUsable("not a JWK Set of public keys");
    let keys = PublicJwks::from_value(&set).map_err(|_| not_a_set)?;
    if keys.is_empty() {
        return Err(Unreachable::NotUsable("no key in it verifies a signature"));
    }
    Ok(keys)
}
