//! The platforms that `jeton trust new` writes rules for: what tells one workload of each from all
//! others, and where that is found.

use jeton::{ConditionRecord, Danger, RuleRecord, TrustRecord};
use serde_json::Value;

mod form;
mod identities;
mod jobs;

pub(super) use form::Form;

/// A platform.
pub(super) struct Platform {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    /// Its issuer, or where that is found.
    pub(super) issuer: Issuer,
    pub(super) flags: &'static [Flag],
    /// Adds what the flags alone do not say.
    pub(super) complete: fn(&Given<'_>, &mut TrustRecord, &mut RuleRecord),
    /// Whether each token is used once: where the platform writes a `jti`, and makes a token for each
    /// job that asks, rather than hand out one again until it is old.
    pub(super) single_use: bool,
    /// The audience of its tokens, unless it is given.
    pub(super) audience: Audience,
    /// The flags of which the rule needs one.
    pub(super) one_of: Option<OneOf>,
    /// What the rule keeps out.
    pub(super) keeps_out: &'static str,
    /// How a workload gets a token; `{audience}` stands for the audience.
    pub(super) request: &'static str,
}

pub(super) enum Issuer {
    /// One for all.
    Known(&'static str),
    /// `complete` makes it of the flags, unless it is given.
    OfFlags,
    /// It must be given, and is found so.
    Given(&'static str),
}

pub(super) enum Audience {
    /// This server's issuer identifier.
    Own,
    /// `complete` makes it of the flags.
    OfFlags,
    /// It must be given, because tokens have only audiences of the platform's; it is found so.
    Given(&'static str),
}

/// Flags of which one is needed, to say which workload it is or what it runs.
pub(super) struct OneOf {
    pub(super) flags: &'static [&'static str],
    /// These flags in a sentence.
    pub(super) words: &'static str,
    /// What may be accepted instead.
    pub(super) instead: Option<Danger>,
}

/// A flag of a platform.
pub(super) struct Flag {
    pub(super) name: &'static str,
    pub(super) value: &'static str,
    pub(super) help: &'static str,
    pub(super) says: Says,
    /// Where it is found, if the rule needs it.
    pub(super) needed: Option<&'static str>,
}

/// What a flag says.
#[derive(Clone, Copy)]
pub(super) enum Says {
    /// That the claim with these names, from the outside to the inside, has this value, or one of these.
    Claim(&'static [&'static str]),
    /// The same of a claim with a UUID in braces.
    Braced(&'static str),
    /// That each of several claims is a text: `CLAIM=TEXT`, which `complete` reads.
    Pairs,
    /// What `complete` reads, once.
    Once,
    /// What `complete` reads, as often as it is given.
    Often,
}

/// Every platform.
pub(super) const PLATFORMS: [&Platform; 12] = [
    &jobs::GITHUB,
    &jobs::GITLAB,
    &identities::KUBERNETES,
    &identities::AWS,
    &identities::GCP,
    &identities::AZURE,
    &identities::SPIFFE,
    &jobs::CIRCLECI,
    &jobs::BUILDKITE,
    &jobs::TERRAFORM,
    &jobs::BITBUCKET,
    &identities::OIDC,
];

/// What was given for each flag.
pub(super) struct Given<'a>(pub(super) &'a dyn Fn(&str) -> Vec<String>);

impl Given<'_> {
    pub(super) fn all(&self, flag: &str) -> Vec<String> {
        (self.0)(flag)
    }

    fn text(&self, flag: &str) -> String {
        self.all(flag).into_iter().next().unwrap_or_default()
    }
}

impl Platform {
    /// The flag of that name.
    pub(super) fn flag(&self, name: &str) -> Option<&Flag> {
        self.flags.iter().find(|flag| flag.name == name)
    }
}

impl Flag {
    /// The conditions that it says by itself.
    pub(super) fn conditions(&self, given: &Given<'_>) -> Option<ConditionRecord> {
        let values = given.all(self.name);
        match self.says {
            _ if values.is_empty() => None,
            Says::Claim([name]) => Some(one_of(*name, values)),
            Says::Claim(names) => Some(one_of(Vec::from(names), values)),
            Says::Braced(name) => {
                let bare = |uuid: &String| uuid.trim_matches(['{', '}']).to_owned();
                let values = values.iter().map(bare).map(|uuid| format!("{{{uuid}}}"));
                Some(one_of(name, values.collect()))
            }
            Says::Pairs | Says::Once | Says::Often => None,
        }
    }
}

const fn needed(
    name: &'static str,
    value: &'static str,
    says: Says,
    help: &'static str,
    found: &'static str,
) -> Flag {
    Flag {
        needed: Some(found),
        ..optional(name, value, says, help)
    }
}

const fn optional(name: &'static str, value: &'static str, says: Says, help: &'static str) -> Flag {
    Flag {
        name,
        value,
        help,
        says,
        needed: None,
    }
}

fn equals(claim: impl Into<Value>, value: impl Into<Value>) -> ConditionRecord {
    ConditionRecord {
        claim: claim.into(),
        equals: Some(value.into()),
        ..ConditionRecord::default()
    }
}

/// One value, or one of several.
fn one_of(claim: impl Into<Value>, mut values: Vec<String>) -> ConditionRecord {
    match values.pop() {
        Some(only) if values.is_empty() => equals(claim, only),
        last => ConditionRecord {
            claim: claim.into(),
            one_of: Some(values.into_iter().chain(last).map(Value::from).collect()),
            ..ConditionRecord::default()
        },
    }
}

fn prefix(claim: &str, prefix: String) -> ConditionRecord {
    ConditionRecord {
        claim: claim.into(),
        prefix: Some(prefix),
        ..ConditionRecord::default()
    }
}

fn contains(claim: &str, value: String) -> ConditionRecord {
    ConditionRecord {
        claim: claim.into(),
        contains: Some(value.into()),
        ..ConditionRecord::default()
    }
}

fn nothing(_: &Given<'_>, _: &mut TrustRecord, _: &mut RuleRecord) {}
