//! Who may log in: by what an upstream says of a person.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{session::OF_THE_TOKEN, settings::InvalidLogin};

/// Whose word it is what is said of a person. A list is met by the word of those alone whom it is about: an
/// OpenID provider may call organizations what it likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Openid,
    Github,
}

/// The claims that there are of somebody at GitHub, but for the address, which has lists of its own.
const OF_GITHUB: [&str; 7] = [
    "email_verified",
    "name",
    "organization_ids",
    "organizations",
    "picture",
    "preferred_username",
    "profile",
];

/// Why a list does not have a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    NotListed,
    /// The upstream does not say these claims, which the list is about, of them.
    Unsaid(String),
    /// Their address would be, if the upstream said that it is verified.
    NotVerified,
}

/// Who may log in. Empty: everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Allow {
    /// Addresses, in lower case.
    emails: BTreeSet<String>,
    /// Domains of addresses, in lower case. A domain beneath one is another.
    email_domains: BTreeSet<String>,
    /// Domains of organizations at Google, in lower case.
    hosted_domains: BTreeSet<String>,
    /// Organizations at GitHub, in lower case.
    organizations: BTreeSet<String>,
    /// Values, one of which the claim is or has.
    claims: BTreeMap<String, Vec<Value>>,
}

/// Who may log in, as written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AllowRecord {
    emails: Option<Vec<String>>,
    email_domains: Option<Vec<String>>,
    hosted_domains: Option<Vec<String>>,
    organizations: Option<Vec<String>>,
    claims: Option<BTreeMap<String, Vec<Value>>>,
}

impl AllowRecord {
    /// Refuses lists that no person of such a provider can be in.
    pub(crate) fn check_for(&self, source: Source) -> Result<(), InvalidLogin> {
        match source {
            Source::Openid if self.organizations.is_some() => Err(InvalidLogin::new(
                "organizations",
                "nothing here: these are GitHub's; what an OpenID provider says of groups is listed by claims",
            )),
            Source::Github if self.hosted_domains.is_some() => Err(InvalidLogin::new(
                "hosted_domains",
                "nothing here: these are Google's; GitHub's are organizations",
            )),
            Source::Github => self.check_claims_of_github(),
            Source::Openid => Ok(()),
        }
    }

    fn check_claims_of_github(&self) -> Result<(), InvalidLogin> {
        let mut names = self.claims.iter().flatten().map(|(name, _)| name.as_str());
        // Why an address is no claim here, `Allow::parse` says.
        if names.all(|name| name == "email" || OF_GITHUB.contains(&name)) {
            return Ok(());
        }
        let expected = format!("claims that there are of GitHub: {}", OF_GITHUB.join(", "));
        Err(InvalidLogin::new("claims", expected))
    }

    fn says_something(&self) -> bool {
        let lists = [
            &self.emails,
            &self.email_domains,
            &self.hosted_domains,
            &self.organizations,
        ];
        self.claims.is_some() || lists.into_iter().any(Option::is_some)
    }
}

impl Allow {
    /// Who may log in, once each entry can be met by somebody. Lists that are all empty are refused: whoever
    /// takes the last entry out does not mean everybody.
    pub(crate) fn parse(record: AllowRecord) -> Result<Self, InvalidLogin> {
        let says_something = record.says_something();
        let list =
            |name: &str, entries: Option<Vec<String>>, is_good: fn(&str) -> bool, expected| {
                let entries = entries.unwrap_or_default();
                if entries.iter().all(|entry| is_good(entry)) {
                    let mut lower = BTreeSet::new();
                    lower.extend(entries.iter().map(|entry| entry.to_ascii_lowercase()));
                    Ok(lower)
                } else {
                    Err(InvalidLogin::new(name, expected))
                }
            };
        let domain = "domains such as example.com, in ASCII and without @ or *";
        let allow = Self {
            emails: list(
                "emails",
                record.emails,
                is_address,
                "e-mail addresses, in ASCII",
            )?,
            email_domains: list("email_domains", record.email_domains, is_domain, domain)?,
            hosted_domains: list("hosted_domains", record.hosted_domains, is_domain, domain)?,
            organizations: list(
                "organizations",
                record.organizations,
                is_organization,
                "logins of organizations: of a-z, 0-9, - and _",
            )?,
            claims: record.claims.unwrap_or_default(),
        };
        for (name, values) in &allow.claims {
            if name == "email" {
                let expected =
                    "nothing here: emails lists addresses, and asks that they are verified";
                return Err(InvalidLogin::new("claims.email", expected));
            }
            if OF_THE_TOKEN.contains(&name.as_str()) {
                let expected = "another claim: this one is about the login and not the person, and is not kept";
                return Err(InvalidLogin::new(format!("claims.{name}"), expected));
            }
            let is_scalar =
                |value: &Value| value.is_string() || value.is_number() || value.is_boolean();
            if name.is_empty() || values.is_empty() || !values.iter().all(is_scalar) {
                let expected = "for each claim the values, one of which is enough: strings, numbers or booleans";
                return Err(InvalidLogin::new("claims", expected));
            }
        }
        if says_something && allow.is_everybody() {
            let expected = "somebody; without any list everybody may log in";
            return Err(InvalidLogin::new("", expected));
        }
        Ok(allow)
    }

    /// Whether nothing is asked of anybody.
    pub(crate) fn is_everybody(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it asks for organizations, which an upstream has to be asked for.
    pub(crate) fn asks_for_organizations(&self) -> bool {
        !self.organizations.is_empty()
    }

    /// The domain of the one organization at Google whose people may log in, where no others may.
    pub(crate) fn only_hosted_domain(&self) -> Option<&str> {
        let mut domains = self.hosted_domains.iter();
        let (Some(only), None) = (domains.next(), domains.next()) else {
            return None;
        };
        let alone = Self {
            hosted_domains: self.hosted_domains.clone(),
            ..Self::default()
        };
        (alone == *self).then_some(only)
    }

    /// Whether an address of this domain is let in by it.
    pub(crate) fn names_domain(&self, domain: &str) -> bool {
        let domain = domain.to_ascii_lowercase();
        self.email_domains.contains(&domain) || self.hosted_domains.contains(&domain)
    }

    /// Whether it lists addresses, or their domains.
    pub(crate) fn lists_addresses(&self) -> bool {
        !self.emails.is_empty() || !self.email_domains.is_empty()
    }

    /// Whether it lists domains of organizations at Google.
    pub(crate) fn lists_hosted_domains(&self) -> bool {
        !self.hosted_domains.is_empty()
    }

    /// The claims that its lists are about. Organizations are asked for in another way.
    pub(crate) fn claims(&self) -> impl Iterator<Item = &str> {
        let of_address = !self.emails.is_empty() || !self.email_domains.is_empty();
        let of_address = ["email", "email_verified"].map(|name| of_address.then_some(name));
        let hosted_domain = (!self.hosted_domains.is_empty()).then_some("hd");
        let named = self.claims.keys().map(String::as_str);
        named
            .chain(of_address.into_iter().flatten())
            .chain(hosted_domain)
    }

    /// Whether a person of whom an upstream says this may log in: they are in one of the lists.
    ///
    /// # Errors
    /// Why they are in none.
    pub(crate) fn judge(&self, source: Source, claims: &Map<String, Value>) -> Result<(), Why> {
        let address = address(claims);
        let is_listed = address.is_some_and(|address| self.admits_address(&address));
        let admits = self.is_everybody()
            || (is_listed && is_verified(claims))
            || self.admits_hosted_domain(claims)
            || (source == Source::Github && self.admits_organization(claims))
            || self.admits_claim(claims);
        match is_listed {
            _ if admits => Ok(()),
            true => Err(Why::NotVerified),
            false => Err(self.unsaid(claims)),
        }
    }

    /// Why nobody of whom this is said is on a list: the upstream may call a claim otherwise.
    fn unsaid(&self, claims: &Map<String, Value>) -> Why {
        let unsaid = self.claims.keys().map(String::as_str);
        let unsaid: Vec<_> = unsaid.filter(|name| !claims.contains_key(*name)).collect();
        if unsaid.is_empty() {
            Why::NotListed
        } else {
            Why::Unsaid(unsaid.join(", "))
        }
    }

    fn admits_address(&self, address: &str) -> bool {
        let domain = address.split_once('@').map(|(_, domain)| domain);
        self.emails.contains(address)
            || domain.is_some_and(|domain| self.email_domains.contains(domain))
    }

    fn admits_hosted_domain(&self, claims: &Map<String, Value>) -> bool {
        let domain = claims.get("hd").and_then(Value::as_str);
        domain.is_some_and(|domain| self.hosted_domains.contains(&domain.to_ascii_lowercase()))
    }

    fn admits_organization(&self, claims: &Map<String, Value>) -> bool {
        let organizations = claims.get("organizations").and_then(Value::as_array);
        let mut organizations = organizations
            .into_iter()
            .flatten()
            .filter_map(Value::as_str);
        organizations.any(|name| self.organizations.contains(&name.to_ascii_lowercase()))
    }

    fn admits_claim(&self, claims: &Map<String, Value>) -> bool {
        self.claims
            .iter()
            .any(|(name, wanted)| match claims.get(name) {
                Some(Value::Array(values)) => values.iter().any(|value| wanted.contains(value)),
                Some(value) => wanted.contains(value),
                None => false,
            })
    }
}

/// The person's e-mail address, in lower case.
fn address(claims: &Map<String, Value>) -> Option<String> {
    let address = claims.get("email")?.as_str()?;
    is_address(address).then(|| address.to_ascii_lowercase())
}

/// Whether the upstream has verified it: `email_verified` is `true`, and not a text that says so.
fn is_verified(claims: &Map<String, Value>) -> bool {
    claims.get("email_verified") == Some(&Value::Bool(true))
}

/// Whether the text is an address that two readers take for the same: printable ASCII with one `@`. In quotes
/// an address may have two.
fn is_address(text: &str) -> bool {
    let parts = text.split_once('@');
    let printable = text.bytes().all(|byte| matches!(byte, 0x21..=0x7e));
    printable && parts.is_some_and(|(local, domain)| !local.is_empty() && is_domain(domain))
}

/// Whether the text is a domain in ASCII, with a dot in it and none at its ends.
fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        let is_of_label = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !label.is_empty() && label.bytes().all(is_of_label)
    };
    text.contains('.') && text.len() <= 253 && text.split('.').all(is_label)
}

/// Whether the text is a login at GitHub: `_` is in those of managed users and their organizations.
fn is_organization(text: &str) -> bool {
    let is_of_login = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !text.is_empty() && text.len() <= 100 && text.bytes().all(is_of_login)
}

#[cfg(test)]
mod tests;
