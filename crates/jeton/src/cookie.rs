//! Cookies: the one that ties a login to its browser, and the one that holds a refresh token.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::HeaderValue;
use sha2::{Digest, Sha256};

use crate::{client::ClientId, config::IssuerIdentifier, time::Seconds};

/// The prefixes of the names of all cookies that the server sets, after `__Host-` where the issuer
/// is `https`: of the one that ties a login to its browser, of a refresh token, of a session with the
/// login application that runs inside, and of a login that is under way at an upstream.
pub const COOKIE_PREFIXES: [&str; 4] = [
    "jeton-browser-",
    "jeton-refresh-",
    "jeton-session-",
    "jeton-login-",
];

/// Before them, where the issuer is `https` (RFC 6265bis §4.1.3.2).
const HOST_PREFIX: &str = "__Host-";

/// How long the part of a name is that follows the prefix.
const DIGEST_LENGTH: usize = 16;

/// The one `Cookie` line that several would have made, where a platform joined them by commas as it
/// does other headers (RFC 9110 §5.3; a Worker's `Headers` does).
///
/// Values of others may hold commas, so only those before and after a cookie of ours count. What
/// remains: whoever may set cookies for a parent domain can write one of ours into a value of theirs,
/// which `__Host-` keeps them from elsewhere. Where the person has that cookie it is then there twice,
/// and counts as none; where they have none yet, the planted one is taken. Platforms that speak HTTP/2
/// themselves join cookies as they should, and leave nothing to do here.
#[must_use]
pub fn separate_cookies(joined: &str) -> Cow<'_, str> {
    let mut pieces = joined.split(", ");
    let Some(mut last) = pieces.next().filter(|first| first.len() < joined.len()) else {
        return joined.into();
    };
    let mut line = last.to_owned();
    for piece in pieces {
        let last_cookie = last.rsplit(';').next().unwrap_or_default();
        let apart = is_ours(last_cookie.trim_start()) || is_ours(piece);
        line.push_str(if apart { "; " } else { ", " });
        line.push_str(piece);
        last = piece;
    }
    line.into()
}

/// Whether `text` begins with a cookie that has the form of one of ours.
fn is_ours(text: &str) -> bool {
    let name = text.strip_prefix(HOST_PREFIX).unwrap_or(text);
    COOKIE_PREFIXES
        .iter()
        .filter_map(|prefix| name.strip_prefix(prefix)?.split_once('='))
        .any(|(digest, _)| digest.len() == DIGEST_LENGTH)
}

/// A cookie of ours. `__Host-` forces `Secure`, `Path=/` and no `Domain`, so that no other host can
/// set or read it; an `http` issuer, which is this machine or a test network, has to do without.
#[derive(Debug)]
pub struct Cookie {
    pub(crate) name: String,
    secure: bool,
    same_site: &'static str,
}

impl Cookie {
    /// The cookie that ties a login to the browser it began in. `Lax`, since the way back from the login
    /// application is a navigation.
    pub(crate) fn browser(issuer: &IssuerIdentifier) -> Self {
        let [prefix, ..] = COOKIE_PREFIXES;
        Self::new(issuer, prefix, issuer.as_str(), "Lax")
    }

    /// The cookie that holds a client's refresh token. As the path is always `/`, its name carries
    /// the client.
    pub(crate) fn refresh_token(issuer: &IssuerIdentifier, client: &ClientId) -> Self {
        let whose = format!("{} {issuer} {client}", issuer.as_str().len());
        let [_, prefix, ..] = COOKIE_PREFIXES;
        Self::new(issuer, prefix, &whose, "Strict")
    }

    /// The cookie of a session with the login application that runs inside. `Lax`, since people come from
    /// applications elsewhere.
    #[must_use]
    pub fn session(issuer: &IssuerIdentifier) -> Self {
        let [_, _, prefix, _] = COOKIE_PREFIXES;
        Self::new(issuer, prefix, issuer.as_str(), "Lax")
    }

    /// The cookie that ties a login at an upstream to the browser that it began in. Its name carries the
    /// `state`, so that several may be under way. `Lax`, since the way back is a navigation.
    #[must_use]
    pub fn login(issuer: &IssuerIdentifier, state: &str) -> Self {
        let whose = format!("{} {issuer} {state}", issuer.as_str().len());
        let [.., prefix] = COOKIE_PREFIXES;
        Self::new(issuer, prefix, &whose, "Lax")
    }

    /// The cookies of logins at an upstream that are under way, which a browser has sent as `line`
    /// (RFC 6265 §5.4): each with its value.
    pub fn logins<'a>(
        issuer: &IssuerIdentifier,
        line: &'a str,
    ) -> impl Iterator<Item = (Self, &'a str)> {
        let [.., prefix] = COOKIE_PREFIXES;
        let secure = is_secure(issuer);
        let host = if secure { HOST_PREFIX } else { "" };
        line.split(';').filter_map(move |pair| {
            let (name, value) = pair.trim_ascii().split_once('=')?;
            let digest = name.strip_prefix(host)?.strip_prefix(prefix)?;
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
            let is_ours = digest.len() == DIGEST_LENGTH && digest.bytes().all(plain);
            is_ours.then(|| {
                let cookie = Self {
                    name: name.to_owned(),
                    secure,
                    same_site: "Lax",
                };
                (cookie, value)
            })
        })
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn new(issuer: &IssuerIdentifier, prefix: &str, whose: &str, same_site: &'static str) -> Self {
        let digest = Sha256::digest(whose);
        let (short, _) = digest.split_at(12);
        let secure = is_secure(issuer);
        let host = if secure { HOST_PREFIX } else { "" };
        Self {
            name: format!("{host}{prefix}{}", URL_SAFE_NO_PAD.encode(short)),
            secure,
            same_site,
        }
    }

    /// `Set-Cookie` (RFC 6265 §4.1) with a value of URL-safe characters; `None` for any other.
    #[must_use]
    pub fn set(&self, value: &str, max_age: Seconds) -> Option<HeaderValue> {
        let secure = if self.secure { "; Secure" } else { "" };
        HeaderValue::try_from(format!(
            "{}={value}; Path=/; Max-Age={}; HttpOnly{secure}; SameSite={}",
            self.name, max_age.0, self.same_site
        ))
        .ok()
    }

    /// `Set-Cookie` that removes it.
    #[must_use]
    pub fn clear(&self) -> Option<HeaderValue> {
        self.set("", Seconds(0))
    }
}

fn is_secure(issuer: &IssuerIdentifier) -> bool {
    issuer.as_str().starts_with("https:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_lines_are_separated_only_at_cookies_of_ours() {
        let check = |joined: &str, expected: &str| {
            let own = "__Host-jeton-browser-0123456789abcdef=x";
            let [joined, expected] = [joined, expected].map(|text| text.replace("OWN", own));
            assert_eq!(separate_cookies(&joined), expected);
        };
        check("", "");
        check("OWN", "OWN");
        check("a=b; OWN", "a=b; OWN");
        check("a=b, OWN", "a=b; OWN");
        check("OWN, a=b", "OWN; a=b");
        check(
            "a=1, 2; OWN, b=3, 4; c=5, OWN",
            "a=1, 2; OWN; b=3, 4; c=5; OWN",
        );
        check("a=1, b=2", "a=1, b=2");
        check("a=1,OWN", "a=1,OWN");
        check(
            "a=1, jeton-refresh-0123456789abcdef=y",
            "a=1; jeton-refresh-0123456789abcdef=y",
        );
        check("a=1, jeton-refresh-short=y", "a=1, jeton-refresh-short=y");
        check(
            "a=1, __Host-other-0123456789abcdef=y",
            "a=1, __Host-other-0123456789abcdef=y",
        );
    }

    #[test]
    fn the_names_of_our_cookies_have_the_form_that_is_looked_for() {
        let issuer = IssuerIdentifier::parse("https://id.example", crate::mode::Mode::Production);
        let issuer = issuer.unwrap();
        let client = "web".parse().unwrap();
        for cookie in [
            Cookie::browser(&issuer),
            Cookie::refresh_token(&issuer, &client),
            Cookie::session(&issuer),
            Cookie::login(&issuer, "state"),
        ] {
            assert!(is_ours(&format!("{}=", cookie.name)), "{}", cookie.name);
        }
    }
}
