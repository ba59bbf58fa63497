//! Profiles: an issuer answers as a vendor's does. Everything is data, bundled in `profiles/` or written by
//! a user; no vendor's name stands in the code but in the table of those files.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

use http::StatusCode;
use jeton::{IssuerIdentifier, Mode};
use serde_json::{Map, Value, json};

use crate::{
    address::{Address, is_issuer_name},
    claims::{self, check_members},
    file, public_keys,
    spec::{ClaimRule, Credential, Endpoint, InvalidSpec, ProfileSpec, before},
};

mod documents;
mod errors;
pub(crate) mod fill;
mod names;
mod parameters;
mod parameters_elsewhere;
mod response;

use fill::{fill, fill_members, fill_text};
use names::{matched, plain, values_of};

/// The name that says: no profile.
pub(crate) const NONE: &str = "none";

/// The names of addresses in a profile's texts.
const ADDRESSES: [&str; 3] = ["base", "issuer", "host"];

/// The name of the token that a request for a document presents.
pub(crate) const PRESENTED: &str = "token";

/// What an issuer template begins with whose identifier lies beneath the base.
const BASE: &str = "${base}";

const FILES: [(&str, &str); 9] = [
    ("auth0", include_str!("../profiles/auth0.toml")),
    ("cognito", include_str!("../profiles/cognito.toml")),
    ("entra", include_str!("../profiles/entra.toml")),
    ("github", include_str!("../profiles/github.toml")),
    ("google", include_str!("../profiles/google.toml")),
    ("keycloak", include_str!("../profiles/keycloak.toml")),
    ("okta", include_str!("../profiles/okta.toml")),
    ("okta-org", include_str!("../profiles/okta-org.toml")),
    ("zitadel", include_str!("../profiles/zitadel.toml")),
];

/// The vendors whose names play them unasked.
pub(crate) fn vendors() -> impl Iterator<Item = &'static str> {
    let names = BUNDLED.values().flat_map(|spec| &spec.names);
    names.map(String::as_str).filter(|name| !name.contains('{'))
}

/// Read when first needed: a mock that plays nobody has nothing of it.
static BUNDLED: LazyLock<BTreeMap<&str, Arc<ProfileSpec>>> = LazyLock::new(|| {
    // A test reads each.
    let read = FILES.map(|(name, text)| Some((name, Arc::new(read(text).ok()?))));
    read.into_iter().flatten().collect()
});

fn read(text: &str) -> Result<ProfileSpec, toml::de::Error> {
    let mut spec = toml::from_str(text)?;
    file::profile_as_json(&mut spec);
    Ok(spec)
}

/// The profiles that issuers of a mock may have: the user's own, and the bundled ones.
pub(crate) struct Profiles(BTreeMap<String, Arc<ProfileSpec>>);

/// A path of a profile at the end of another path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End<'a> {
    /// What stands before it.
    pub(crate) before: &'a str,
    pub(crate) path: &'a str,
    /// The profile's name.
    pub(crate) profile: &'a str,
    pub(crate) endpoint: Endpoint,
}

/// A profile as one issuer has it.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    name: String,
    spec: Arc<ProfileSpec>,
    /// The values of the names in braces.
    values: BTreeMap<String, String>,
}

impl Profiles {
    pub(crate) fn new(own: &BTreeMap<String, ProfileSpec>) -> Self {
        let own = own.iter();
        Self(
            own.map(|(name, spec)| (name.clone(), Arc::new(spec.clone())))
                .collect(),
        )
    }

    /// All of them; one of the user's takes the place of a bundled one.
    fn all(&self) -> impl Iterator<Item = (&str, &Arc<ProfileSpec>)> {
        let own = self.0.iter().map(|(name, spec)| (name.as_str(), spec));
        let bundled = BUNDLED.iter().map(|(name, spec)| (*name, spec));
        own.chain(bundled.filter(|(name, _)| !self.0.contains_key(*name)))
    }

    /// The profile called `name`, for the issuer called `issuer`.
    pub(crate) fn named(&self, name: &str, issuer: &str) -> Result<Profile, InvalidSpec> {
        let found = self.all().find(|(own, _)| *own == name);
        let (name, spec) = found.ok_or_else(|| {
            let names: Vec<_> = self.all().map(|(name, _)| name).collect();
            let expected = format!(
                "{NONE}, or one of {}; there is no {name:?}",
                names.join(", ")
            );
            InvalidSpec::new("profile", expected)
        })?;
        let patterns = spec.names.iter().chain(&spec.asked_names);
        let own = patterns
            .filter_map(|pattern| matched(pattern, issuer))
            .next();
        let mut values = spec.values.clone();
        values.extend(own.unwrap_or_default());
        Ok(Profile {
            name: name.to_owned(),
            spec: Arc::clone(spec),
            values,
        })
    }

    /// The profile that the issuer called `issuer` has unasked.
    pub(crate) fn unasked(&self, issuer: &str) -> Option<Profile> {
        // The default issuer has no name to have one by.
        if issuer.is_empty() {
            return None;
        }
        let (name, _) = self.all().find(|(_, spec)| {
            let mut patterns = spec.names.iter();
            patterns.any(|pattern| matched(pattern, issuer).is_some())
        })?;
        self.named(name, issuer).ok()
    }

    /// What `path` may mean by the paths of every profile that are its end.
    pub(crate) fn ends_of<'a>(&'a self, path: &'a str) -> impl Iterator<Item = End<'a>> {
        self.all().flat_map(move |(profile, spec)| {
            let paths = spec.paths.iter();
            let paths = paths.flat_map(|(endpoint, own)| own.iter().map(move |it| (*endpoint, it)));
            let documents = spec.documents.iter();
            let documents = documents.flat_map(|it| &it.paths);
            let documents = documents.map(|path| (Endpoint::Document, path));
            paths.chain(documents).filter_map(move |(endpoint, own)| {
                let before = before(path, own)?;
                Some(End {
                    before,
                    path: path.strip_prefix(before)?,
                    profile,
                    endpoint,
                })
            })
        })
    }

    /// What the identifiers of issuers with each profile end in, beneath their base.
    pub(crate) fn suffixes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.all().filter_map(|(name, spec)| {
            let suffix = spec.issuer.as_deref()?.strip_prefix(BASE)?;
            let suffix = suffix.trim_end_matches('/');
            (!suffix.is_empty()).then_some((suffix, name))
        })
    }
}

impl Profile {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn spec(&self) -> &ProfileSpec {
        &self.spec
    }

    /// The path beneath the base that `endpoint` is advertised at; `None` where the core's is.
    pub(crate) fn path(&self, endpoint: Endpoint) -> Option<&str> {
        let paths = self.spec.paths.get(&endpoint)?;
        paths.first().map(String::as_str)
    }

    /// `address` with the identifier that the profile's issuers have.
    pub(crate) fn address(&self, mut address: Address) -> Address {
        if let Some(template) = &self.spec.issuer {
            let mut known = self.known();
            known.extend(address.known());
            address.issuer = fill_text(template, &known);
        }
        address
    }

    /// Whether a parameter is what a request said before.
    pub(crate) fn remembers(&self) -> bool {
        let parameters = self.spec.parameters.values();
        parameters
            .flat_map(BTreeMap::values)
            .any(|it| it.remembered)
    }

    /// The rules, with the profile's values in their texts.
    pub(crate) fn rules(&self) -> Vec<ClaimRule> {
        let Ok(mut rules) = serde_json::to_value(&self.spec.rules) else {
            return Vec::new();
        };
        fill(&mut rules, &self.known());
        serde_json::from_value(rules).unwrap_or_default()
    }

    /// The members that metadata has besides, with `base` in its texts.
    pub(crate) fn metadata(&self, address: &Address) -> Map<String, Value> {
        let mut known = self.known();
        known.extend(address.known());
        let mut metadata = self.spec.metadata.clone();
        fill_members(&mut metadata, &known);
        metadata
    }

    /// What the profile's own names stand for.
    pub(crate) fn known(&self) -> Vec<(&str, Value)> {
        let values = self.values.iter();
        values
            .map(|(name, value)| (name.as_str(), json!(value)))
            .collect()
    }
}

impl Address {
    /// What the names of addresses stand for in a profile's texts.
    pub(crate) fn known(&self) -> [(&'static str, Value); 3] {
        let [base, issuer, host] = ADDRESSES;
        [
            (base, json!(self.base)),
            (issuer, json!(self.issuer)),
            (host, json!(host_of(&self.base))),
        ]
    }
}

/// The host and port of an address.
fn host_of(address: &str) -> &str {
    let (_, rest) = address.split_once("://").unwrap_or(("", address));
    rest.split('/').next().unwrap_or_default()
}

fn in_braces(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

/// Refuses what cannot be meant in a profile.
pub(crate) fn check(name: &str, spec: &ProfileSpec) -> Result<(), InvalidSpec> {
    if name == NONE || name.is_empty() || !is_issuer_name(name) || name.contains('/') {
        let expected = format!("a name of A-Z a-z 0-9 . _ ~ -, other than {NONE}");
        return Err(InvalidSpec::new("", expected));
    }
    for (member, patterns) in [("names", &spec.names), ("asked_names", &spec.asked_names)] {
        let names = patterns.iter().map(|pattern| plain(pattern));
        if let Some(index) = names
            .into_iter()
            .position(|name| !name.is_some_and(|it| is_issuer_name(&it)))
        {
            let expected = "the name of an issuer, whose parts may be in braces, such as keycloak/realms/{realm}, or {tenant:uuid}";
            return Err(InvalidSpec::new(
                format_args!("{member}[{index}]"),
                expected,
            ));
        }
    }
    let example = Profile {
        name: name.to_owned(),
        spec: Arc::new(spec.clone()),
        values: example_values(spec),
    };
    if let Some(template) = &spec.issuer {
        let mut known = example.known();
        known.push(("base", json!("https://localhost/name")));
        let filled = fill_text(template, &known);
        let is_sound =
            !filled.contains("${") && IssuerIdentifier::parse(&filled, Mode::Development).is_ok();
        if !is_sound {
            let expected =
                "an issuer identifier with ${base} or one of values in it, such as ${base}/";
            return Err(InvalidSpec::new("issuer", expected));
        }
    }
    for (endpoint, paths) in &spec.paths {
        for (index, path) in paths.iter().enumerate() {
            if !is_path(path) {
                let at = format!("paths.{endpoint}[{index}]");
                return Err(InvalidSpec::new(at, "a path such as /oauth/token"));
            }
        }
    }
    for (index, rule) in example.rules().iter().enumerate() {
        claims::check_rule(rule).map_err(|it| it.within(format_args!("rules[{index}]")))?;
    }
    check_texts(spec, &example)?;
    if let Some(algorithms) = &spec.signing_algs {
        file::check_algorithms(algorithms)?;
    }
    file::check_users(spec.users.as_deref())?;
    file::check_lifetime(spec.access_token_lifetime)
}

/// Whether a text is a path that an endpoint may have: segments of characters that need no encoding.
fn is_path(text: &str) -> bool {
    text.strip_prefix('/').is_some_and(|path| {
        path.split('/').all(|segment| {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte);
            !matches!(segment, "" | "." | ".." | "_mock") && segment.bytes().all(is_plain)
        })
    })
}

/// Refuses templates that are none in what a profile says outside of rules.
fn check_texts(spec: &ProfileSpec, example: &Profile) -> Result<(), InvalidSpec> {
    let known = |names: &[&'static str]| -> Vec<_> {
        let names = names.iter().map(|name| (*name, json!("value")));
        example.known().into_iter().chain(names).collect()
    };
    let check = |members: &Map<String, Value>, names: &[&'static str]| {
        let mut members = members.clone();
        fill_members(&mut members, &known(names));
        check_members(&members)
    };
    for (member, value) in &spec.metadata {
        let mut value = value.clone();
        fill(&mut value, &known(&ADDRESSES));
        if value.to_string().contains("${") {
            let at = format!("metadata.{member}");
            let expected = "no other name in braces than base, issuer, host and those of values";
            return Err(InvalidSpec::new(at, expected));
        }
    }
    for (index, error) in spec.errors.iter().enumerate() {
        check(&error.body, &errors::NAMES)
            .map_err(|it| it.within(format_args!("errors[{index}].body")))?;
    }
    for (endpoint, members) in &spec.responses {
        check(members, &[]).map_err(|it| it.within(format_args!("responses.{endpoint}")))?;
    }
    for (index, document) in spec.documents.iter().enumerate() {
        let body = Map::from_iter([("body".to_owned(), document.body.clone())]);
        let headers = document.headers.iter();
        let headers = headers
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect();
        let names = [&ADDRESSES[..], &public_keys::NAMES[..], &[PRESENTED]].concat();
        check(&body, &names)
            .and_then(|()| check(&headers, &names).map_err(|it| it.within("headers")))
            .map_err(|it| it.within(format_args!("documents[{index}]")))?;
        let is_path = |path: &String| path.is_empty() || path.starts_with('/');
        if document.paths.is_empty() || !document.paths.iter().all(is_path) {
            let at = format!("documents[{index}].paths");
            let expected = "paths such as /user, or an empty one for the base itself";
            return Err(InvalidSpec::new(at, expected));
        }
        if document.ends.is_some() && document.presented != Some(Credential::Client) {
            let at = format!("documents[{index}].ends");
            let expected = "presented = \"client\" beside it: whose token it is that ends";
            return Err(InvalidSpec::new(at, expected));
        }
        if document
            .status
            .is_some_and(|it| StatusCode::from_u16(it).is_err())
        {
            let at = format!("documents[{index}].status");
            return Err(InvalidSpec::new(at, "an HTTP status"));
        }
    }
    Ok(())
}

/// Some value for every name in braces.
fn example_values(spec: &ProfileSpec) -> BTreeMap<String, String> {
    let patterns = spec.names.iter().chain(&spec.asked_names);
    let keys = patterns
        .flat_map(|pattern| values_of(pattern))
        .map(str::to_owned);
    let examples = keys.map(|key| (key, "value".to_owned()));
    examples.chain(spec.values.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bundled_profile_is_sound() {
        for (name, text) in FILES {
            let spec = read(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            check(name, &spec).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        assert_eq!(BUNDLED.len(), FILES.len());
    }
}
