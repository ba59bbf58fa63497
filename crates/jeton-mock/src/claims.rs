//! The claims that users and claim rules add to tokens and answers.

use std::collections::BTreeMap;

use jeton::UnixTime;
pub(crate) use jeton_rules::merge;
use jeton_rules::{all_fit, fits, template};
use serde_json::{Map, Value};

use crate::spec::{ClaimMatch, ClaimPlace, ClaimRule, InvalidSpec, User};

mod names;
mod person;
mod rules;

use names::RequestNames;
pub(crate) use person::{Former, Person};
pub(crate) use rules::{KeptRule, Rules};

/// What is known of the request that gets a token or an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) client_id: Option<&'a str>,
    pub(crate) grant_type: Option<&'a str>,
    /// What was granted, not what was asked for.
    pub(crate) scope: Option<&'a str>,
    pub(crate) subject: Option<&'a str>,
    /// What is known of the person.
    pub(crate) user: Option<&'a Map<String, Value>>,
    pub(crate) issuer: &'a str,
    pub(crate) issuer_name: &'a str,
    /// The issuer's address without what its form adds, and without a final slash.
    pub(crate) base: &'a str,
    /// What the issuer's UUIDs are made of.
    pub(crate) identity: &'a [u8; 32],
    pub(crate) now: UnixTime,
    pub(crate) parameters: &'a BTreeMap<String, String>,
}

/// What the server has made, which templates can name.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Made<'a> {
    /// The claims of the access token, if it is a JWT.
    pub(crate) access_token: Option<&'a Map<String, Value>>,
    pub(crate) id_token: Option<&'a Map<String, Value>>,
    /// The members of an answer about a token: `/userinfo`'s, `/introspect`'s.
    pub(crate) answer: Option<&'a Map<String, Value>>,
}

/// The claims and members that users and rules add; null takes away.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Additions {
    pub(crate) id_token: Map<String, Value>,
    pub(crate) access_token: Map<String, Value>,
    pub(crate) userinfo: Map<String, Value>,
    /// Members of the introspection response.
    pub(crate) introspection: Map<String, Value>,
    /// Members of the token response.
    pub(crate) response: Map<String, Value>,
    pub(crate) refresh_token: Map<String, Value>,
    pub(crate) access_token_header: Map<String, Value>,
    pub(crate) id_token_header: Map<String, Value>,
    /// Of both tokens, in seconds.
    pub(crate) lifetime: Option<u64>,
}

impl Facts<'_> {
    /// A parameter of the request. One without a value counts as left out (RFC 6749 §3.1, §3.2).
    fn parameter(&self, name: &str) -> Option<&str> {
        let value = self.parameters.get(name).map(String::as_str);
        value.filter(|value| !value.is_empty())
    }
}

impl Additions {
    /// What the person's claims add in `places`, then the sections of the user, then those of each rule that
    /// matches; the later wins.
    pub(crate) fn of<'r>(
        person: Option<(&Person, &[ClaimPlace])>,
        user: Option<&User>,
        rules: impl IntoIterator<Item = &'r ClaimRule>,
        facts: &Facts<'_>,
        made: &Made<'_>,
    ) -> Self {
        let mut additions = Self::default();
        if let Some((person, places)) = person {
            let scope = facts.scope.unwrap_or_default();
            person.add_to(&mut additions, places, scope, made);
        }
        if let Some(user) = user {
            additions.add(&of_user(user), facts, made);
        }
        for rule in rules {
            if !matches(&rule.matching, facts) {
                continue;
            }
            additions.add(rule, facts, made);
            if rule.last {
                break;
            }
        }
        additions
    }

    fn add(&mut self, rule: &ClaimRule, facts: &Facts<'_>, made: &Made<'_>) {
        // All are told of the claims as they stood before this rule, whatever the order of its members.
        let before = self.clone();
        let add = |into: &mut Map<_, _>, members, made, added| {
            let names = RequestNames {
                facts,
                made,
                added,
                others: &[],
            };
            into.extend(template::expand_members(members, &names));
        };
        let (of, added) = (made.access_token, &before.access_token);
        add(&mut self.access_token, &rule.access_token, of, added);
        add(
            &mut self.access_token_header,
            &rule.access_token_header,
            of,
            added,
        );
        add(&mut self.response, &rule.response, of, added);
        add(&mut self.refresh_token, &rule.refresh_token, of, added);
        let (of, added) = (made.id_token, &before.id_token);
        add(&mut self.id_token, &rule.id_token, of, added);
        add(&mut self.id_token_header, &rule.id_token_header, of, added);
        let of = made.answer;
        add(&mut self.userinfo, &rule.userinfo, of, &before.userinfo);
        add(
            &mut self.introspection,
            &rule.introspection,
            of,
            &before.introspection,
        );
        self.lifetime = rule.lifetime.or(self.lifetime);
    }

    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What a user's tokens and answers say, as a rule.
fn of_user(user: &User) -> ClaimRule {
    ClaimRule {
        id_token: user.id_token.clone(),
        access_token: user.access_token.clone(),
        userinfo: user.userinfo.clone(),
        ..ClaimRule::default()
    }
}

/// Refuses a rule that could not be meant.
pub(crate) fn check_rule(rule: &ClaimRule) -> Result<(), InvalidSpec> {
    for (member, claims) in [
        ("id_token", &rule.id_token),
        ("access_token", &rule.access_token),
        ("userinfo", &rule.userinfo),
        ("introspection", &rule.introspection),
        ("response", &rule.response),
    ] {
        check_members(claims).map_err(|invalid| invalid.within(member))?;
    }
    for (member, header) in [
        ("access_token_header", &rule.access_token_header),
        ("id_token_header", &rule.id_token_header),
    ] {
        if header.contains_key("alg") {
            let expected =
                "another name; what signs is signing_algs, or the client's or API's own algorithm";
            return Err(InvalidSpec::new(format_args!("{member}.alg"), expected));
        }
        check_members(header).map_err(|invalid| invalid.within(member))?;
    }
    Ok(())
}

/// Refuses members whose templates are none.
pub(crate) fn check_members(members: &Map<String, Value>) -> Result<(), InvalidSpec> {
    template::check_members::<RequestNames<'_>>(members)
}

/// Refuses what a user's tokens and answers cannot say.
pub(crate) fn check_user_sections(user: &User) -> Result<(), InvalidSpec> {
    check_rule(&of_user(user))
}

/// `members` with their templates filled in; `claims` are those of what they speak of.
pub(crate) fn fill(
    members: &Map<String, Value>,
    facts: &Facts<'_>,
    claims: Option<&Map<String, Value>>,
) -> Map<String, Value> {
    fill_with(members, facts, claims, &[])
}

/// The members with their templates expanded, in which `others` are names as well.
pub(crate) fn fill_with(
    members: &Map<String, Value>,
    facts: &Facts<'_>,
    claims: Option<&Map<String, Value>>,
    others: &[(&str, Value)],
) -> Map<String, Value> {
    let names = RequestNames {
        facts,
        made: claims,
        added: &Map::new(),
        others,
    };
    template::expand_members(members, &names)
}

fn matches(matching: &ClaimMatch, facts: &Facts<'_>) -> bool {
    let scope = facts.scope.unwrap_or_default().split_ascii_whitespace();
    fits(matching.client_id.as_ref(), facts.client_id)
        && fits(matching.grant_type.as_ref(), facts.grant_type)
        && fits(matching.scope.as_ref(), scope)
        && fits(matching.subject.as_ref(), facts.subject)
        && all_fit(&matching.parameters, |name| {
            facts.parameters.get(name).map(String::as_str)
        })
}

#[cfg(test)]
mod tests;
