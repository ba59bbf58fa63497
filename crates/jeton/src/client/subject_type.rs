//! By which subjects a client knows people (OpenID Connect Core §8).

use std::{collections::BTreeSet, fmt};

use url::Url;

use super::redirect::RedirectUri;
use crate::inserted::inserted_unless;

/// `subject_type`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SubjectType {
    /// By the subject that the login application gives them, as all such clients do.
    #[default]
    Public,
    /// By one that is theirs in this sector alone.
    Pairwise(Sector),
}

/// A sector identifier (OpenID Connect Core §8.1): the host that stands for all clients which know people by
/// the same pairwise subjects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sector(String);

/// Why members about subjects are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSubjectType {
    /// `subject_type`.
    #[error("subject_type: public or pairwise")]
    Name,
    /// `sector_identifier_uri` of a client that does not use it.
    #[error("sector_identifier_uri: goes with subject_type pairwise")]
    Unused,
    /// `sector_identifier_uri`.
    #[error("sector_identifier_uri: an https URL without fragment, user and password")]
    Uri,
    /// There is no single host to take for the sector.
    #[error(
        "sector_identifier_uri: subject_type pairwise needs it unless all redirect_uris are of one website (OpenID Connect Core section 8.1)"
    )]
    NoSector,
}

impl SubjectType {
    /// The subject type of a client with these members.
    ///
    /// # Errors
    /// They are wrong, or do not go together.
    pub(super) fn parse(
        name: Option<&str>,
        sector_identifier_uri: Option<&str>,
        redirect_uris: &[RedirectUri],
    ) -> Result<Self, InvalidSubjectType> {
        match (name, sector_identifier_uri) {
            (None | Some("public"), None) => Ok(Self::Public),
            (None | Some("public"), Some(_)) => Err(InvalidSubjectType::Unused),
            (Some("pairwise"), Some(uri)) => {
                let sector = Sector::of_uri(uri).ok_or(InvalidSubjectType::Uri)?;
                Ok(Self::Pairwise(sector))
            }
            (Some("pairwise"), None) => {
                let uris = redirect_uris.iter().map(RedirectUri::as_str);
                let sector = Sector::of_websites(uris).ok_or(InvalidSubjectType::NoSector)?;
                Ok(Self::Pairwise(sector))
            }
            (Some(_), _) => Err(InvalidSubjectType::Name),
        }
    }
}

impl Sector {
    /// The sector that a `sector_identifier_uri` names.
    #[inline(never)]
    fn of_uri(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let is_bare = url.username().is_empty() && url.password().is_none();
        let fits = url.scheme() == "https" && is_bare && url.fragment().is_none();
        let host = url.host_str().filter(|_| fits)?;
        Some(Self(host.to_owned()))
    }

    /// The sector of a client without one: the host of its redirect URIs. An app's own scheme has none, and
    /// this machine's is everybody's, so that apps which have nothing to do with each other would share it.
    #[inline(never)]
    pub(crate) fn of_websites<'a>(
        redirect_uris: impl IntoIterator<Item = &'a str>,
    ) -> Option<Self> {
        let hosts = redirect_uris.into_iter().map(|uri| {
            let url = Url::parse(uri)
                .ok()
                .filter(|_| RedirectUri::is_website(uri));
            url?.host_str().map(str::to_owned)
        });
        let hosts: BTreeSet<_> = inserted_unless(hosts.map(|host| host.ok_or(()))).ok()?;
        let mut hosts = hosts.into_iter();
        hosts.next().filter(|_| hosts.next().is_none()).map(Self)
    }

    /// The host.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Sector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::redirect::{Localhost, PrivateUse, RedirectRules};

    fn check(
        name: Option<&str>,
        uri: Option<&str>,
        redirect_uris: &[&str],
        expected: Result<Option<&str>, InvalidSubjectType>,
    ) {
        let rules = RedirectRules {
            private_use: PrivateUse::Any,
            localhost: Localhost::Name,
        };
        let uris = redirect_uris.iter().map(|it| RedirectUri::parse(it, rules));
        let uris: Vec<_> = uris.map(Result::unwrap).collect();
        let parsed = SubjectType::parse(name, uri, &uris);
        let parsed = parsed.as_ref().map(|parsed| match parsed {
            SubjectType::Public => None,
            SubjectType::Pairwise(sector) => Some(sector.as_str()),
        });
        let parsed = parsed.map_err(|fault| *fault);
        assert_eq!(parsed, expected, "{name:?} {uri:?} {redirect_uris:?}");
    }

    #[test]
    fn public_unless_the_client_says_otherwise() {
        let uri = Some("https://a.example/sector");
        for name in [None, Some("public")] {
            check(name, None, &[], Ok(None));
            check(name, None, &["https://a.example/cb"], Ok(None));
            check(name, uri, &[], Err(InvalidSubjectType::Unused));
        }
        for name in ["", "Pairwise", "none", "pairwise "] {
            check(Some(name), None, &[], Err(InvalidSubjectType::Name));
            check(Some(name), uri, &[], Err(InvalidSubjectType::Name));
        }
    }

    #[test]
    fn the_sector_is_the_one_website_of_the_redirect_uris() {
        for (redirect_uris, sector) in [
            (["https://a.example/cb"].as_slice(), Some("a.example")),
            (
                &["https://a.example/cb", "https://a.example:8443/b?x=1"],
                Some("a.example"),
            ),
            (&["https://[2001:db8::1]/cb"], Some("[2001:db8::1]")),
            (&[], None),
            (&["https://a.example/cb", "https://b.example/cb"], None),
            (&["https://a.example/cb", "https://x.a.example/cb"], None),
            (&["https://a.example/cb", "http://127.0.0.1/cb"], None),
            (&["http://localhost:3000/cb"], None),
            (&["https://localhost/cb"], None),
            (&["https://app.localhost/cb"], None),
            (&["com.example.app:/cb"], None),
            (&["cursor://a.example/cb"], None),
        ] {
            let expected = sector.map(Some).ok_or(InvalidSubjectType::NoSector);
            check(Some("pairwise"), None, redirect_uris, expected);
        }
    }

    #[test]
    fn or_the_host_of_its_uri() {
        let several = ["https://a.example/cb", "com.example.app:/cb"];
        for (uri, sector) in [
            ("https://s.example/sector.json", Some("s.example")),
            ("https://S.example:8443", Some("s.example")),
            ("http://s.example/sector.json", None),
            ("https://u@s.example/", None),
            ("https://u:p@s.example/", None),
            ("https://s.example/#x", None),
            ("com.example.app:/x", None),
            ("s.example", None),
            ("", None),
        ] {
            let expected = sector.map(Some).ok_or(InvalidSubjectType::Uri);
            check(Some("pairwise"), Some(uri), &several, expected);
            check(Some("pairwise"), Some(uri), &[], expected);
        }
    }
}
