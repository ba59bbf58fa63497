//! What a path means: which issuer, which endpoint, and whom the path may have been meant for.

use super::Provider;
use crate::{
    address::{Found, issuer_name},
    forge::Jwt,
    profile::End,
    spec::Endpoint,
};

impl Provider {
    /// What a path means: the endpoint of the issuer that has it. Of several issuers it is the one with the
    /// shortest name, because a longer one has a part of an endpoint's path in it.
    pub(crate) fn route<'a>(&'a self, path: &'a str) -> Option<Found<'a>> {
        let mut found = self.addresses.split(path);
        // No name is shorter than the default issuer's, so that nobody's profile need be read.
        if found.is_some_and(|found| found.name.is_empty() && found.endpoint != Endpoint::Logout) {
            return found;
        }
        found = found.map(|it| self.without_suffix(it));
        let beneath = path.strip_prefix(self.addresses.path());
        let beneath = beneath.unwrap_or_default();
        for end in self.profiles.ends_of(beneath) {
            if let Some(name) = issuer_name(end.before)
                && found.is_none_or(|found| is_nearer(name, found))
                && self.has_profile(name, &end)
            {
                found = Some(Found {
                    name,
                    endpoint: end.endpoint,
                    path: match end.endpoint {
                        Endpoint::Document => end.path,
                        endpoint => endpoint.path(),
                    },
                });
            }
        }
        found
    }

    /// Whether the issuer called `name` has the profile of a path. A path that is only the issuer's makes
    /// none: each path would, where the template has a profile.
    fn has_profile(&self, name: &str, end: &End<'_>) -> bool {
        let is_meant = || {
            let is_known = self.find(name).is_some() || self.spec.issuers.contains_key(name);
            is_known || self.profiles.unasked(name).is_some()
        };
        let own = self.profile_of(name);
        own.is_some_and(|own| own.name() == end.profile) && (!end.path.is_empty() || is_meant())
    }

    /// The same for the path of an issuer's identifier, which a profile may have longer than its name.
    fn without_suffix<'a>(&self, found: Found<'a>) -> Found<'a> {
        let of_suffix = self.profiles.suffixes().find_map(|(suffix, profile)| {
            let is_default = suffix.strip_prefix('/') == Some(found.name);
            let name = if is_default {
                ""
            } else {
                found.name.strip_suffix(suffix)?
            };
            let own = self.profile_of(name)?;
            (own.name() == profile).then_some(name)
        });
        Found {
            name: of_suffix.unwrap_or(found.name),
            ..found
        }
    }

    /// A hint for whoever asks for a path that a profile has, and that is another issuer's here or none's:
    /// `found` is what the path means.
    pub(crate) fn hint(&self, path: &str, found: Option<Found<'_>>) -> Option<String> {
        let asked = found.map(|found| found.name);
        if asked == Some("") {
            return None;
        }
        if asked.is_some_and(|name| self.find(name).is_some_and(|it| it.is_described())) {
            return None;
        }
        let beneath = path.strip_prefix(self.addresses.path())?;
        let ends = || {
            let ends = self.profiles.ends_of(beneath);
            ends.filter_map(|end| Some((issuer_name(end.before)?, end)))
                .filter(|(name, end)| {
                    let is_shorter = asked.is_none_or(|asked| name.len() < asked.len());
                    is_shorter && !end.path.is_empty()
                })
        };
        let (name, meant) = ends().min_by_key(|(name, _)| name.len())?;
        let profiles = ends().filter(|(_, end)| end.path == meant.path);
        let profiles: Vec<_> = profiles.map(|(_, end)| end.profile).collect();
        let first = profiles.first()?;
        let (own, meant_issuer) = (meant.path, self.pinned(name).issuer);
        let what = format!(
            "{own} is where the profile {} has its {} endpoint, and the issuer {meant_issuer} has not that profile: start with --profile {first}, say so of the issuer, or ask the issuer {}",
            profiles.join(", "),
            meant.endpoint,
            self.pinned(first).issuer
        );
        Some(match asked {
            None => what,
            Some(asked) => format!(
                "the issuer that was asked is {}; {what}",
                self.pinned(asked).issuer
            ),
        })
    }

    /// A hint for whoever presents a token of one issuer to another.
    pub(crate) fn hint_of_token(&self, token: &str, asked: &str) -> Option<String> {
        let jwt = Jwt::parse(token);
        let said = jwt.as_ref().and_then(|jwt| jwt.claims.get("iss")?.as_str());
        let issuers = self.list();
        let mut issuers = issuers.iter();
        let whose = match said {
            Some(said) => issuers
                .map(|issuer| self.pinned(issuer.name()).issuer)
                .find(|own| own == said),
            None => issuers
                .find(|issuer| issuer.issued(token).is_some())
                .map(|issuer| self.pinned(issuer.name()).issuer),
        }?;
        (whose != asked).then(|| {
            format!("the token is of the issuer {whose}, and the one that was asked is {asked}")
        })
    }
}

/// Whether a path of a profile's is the one that is meant: of an issuer with a shorter name, or instead of
/// one of the mock's own pages.
fn is_nearer(name: &str, found: Found<'_>) -> bool {
    name.len() < found.name.len() || (name == found.name && found.endpoint == Endpoint::Logout)
}
