//! Cookies: the one that ties a login to its browser, and the one that holds a refresh token.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::HeaderValue;
use sha2::{Digest, Sha256};

use crate::{client::ClientId, config::IssuerIdentifier, time::Seconds};

/// The prefixes of the names of all cookies that the server sets, after `__Host-` where the issuer
/// is `https`: of the one that ties a login to its browser, and of a refresh token.
pub const COOKIE_PREFIXES: [&str; 2] = ["jeton-browser-", "jeton-refresh-"];

/// A cookie of ours. `__Host-` forces `Secure`, `Path=/` and no `Domain`, so that no other host can
/// set or read it; an `http` issuer, which is this machine or a test network, has to do without.
pub(crate) struct Cookie {
    pub(crate) name: String,
    secure: bool,
    same_site: &'static str,
}

impl Cookie {
    /// The cookie that ties a login to the browser it began in. `Lax`, since the way back from the login
    /// application is a navigation.
    pub(crate) fn browser(issuer: &IssuerIdentifier) -> Self {
        let [prefix, _] = COOKIE_PREFIXES;
        Self::new(issuer, prefix, issuer.as_str(), "Lax")
    }

    /// The cookie that holds a client's refresh token. As the path is always `/`, its name carries
    /// the client.
    pub(crate) fn refresh_token(issuer: &IssuerIdentifier, client: &ClientId) -> Self {
        let whose = format!("{} {issuer} {client}", issuer.as_str().len());
        let [_, prefix] = COOKIE_PREFIXES;
        Self::new(issuer, prefix, &whose, "Strict")
    }

    fn new(issuer: &IssuerIdentifier, prefix: &str, whose: &str, same_site: &'static str) -> Self {
        let digest = Sha256::digest(whose);
        let (short, _) = digest.split_at(12);
        let secure = issuer.as_str().starts_with("https:");
        let host = if secure { "__Host-" } else { "" };
        Self {
            name: format!("{host}{prefix}{}", URL_SAFE_NO_PAD.encode(short)),
            secure,
            same_site,
        }
    }

    /// `Set-Cookie` (RFC 6265 §4.1) with a value of URL-safe characters.
    pub(crate) fn set(&self, value: &str, max_age: Seconds) -> Option<HeaderValue> {
        let secure = if self.secure { "; Secure" } else { "" };
        HeaderValue::try_from(format!(
            "{}={value}; Path=/; Max-Age={}; HttpOnly{secure}; SameSite={}",
            self.name, max_age.0, self.same_site
        ))
        .ok()
    }

    /// `Set-Cookie` that removes it.
    pub(crate) fn clear(&self) -> Option<HeaderValue> {
        self.set("", Seconds(0))
    }
}
