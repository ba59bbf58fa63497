//! The `claims` parameter of an authorization request (OpenID Connect Core §5.5).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::object::{InvalidObject, parse_object};
use crate::{
    inserted::{inserted, inserted_unless},
    json::Tree,
};

/// The most claims that one request may ask for, of the ID token and of `/userinfo` together.
pub(crate) const MOST_REQUESTED_CLAIMS: usize = 100;

/// The claims that a client asks for in one request, in the form of §5.5.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ClaimsRequest {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) userinfo: BTreeMap<String, Option<RequestedClaim>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) id_token: BTreeMap<String, Option<RequestedClaim>>,
}

/// How a claim is asked for (§5.5.1); `None` in its place asks for it as a voluntary claim.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct RequestedClaim {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    essential: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    values: Vec<Value>,
}

/// Why a `claims` parameter is refused. It holds nothing that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidClaimsRequest {
    #[error("claims {0}")]
    Object(#[from] InvalidObject),
    #[error("claims: a member is not as OpenID Connect Core section 5.5 has it")]
    Member,
    #[error("claims: more than {MOST_REQUESTED_CLAIMS} are asked for")]
    TooMany,
    #[error("claims: a sub is no string")]
    SubjectType,
    #[error("claims: no person is every sub that is asked for")]
    Subjects,
}

impl ClaimsRequest {
    /// The request in `json`. Members that §5.5 does not define are ignored.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(json: &str) -> Result<Self, InvalidClaimsRequest> {
        let mut members = parse_object(json)?;
        let request = Self {
            userinfo: requested(&mut members, "userinfo")?,
            id_token: requested(&mut members, "id_token")?,
        };
        if request.userinfo.len() + request.id_token.len() > MOST_REQUESTED_CLAIMS {
            return Err(InvalidClaimsRequest::TooMany);
        }
        let subjects = request.subjects().flat_map(RequestedClaim::sets);
        if !subjects.flatten().all(Value::is_string) {
            return Err(InvalidClaimsRequest::SubjectType);
        }
        if request
            .permitted_subjects()
            .is_some_and(|left| left.is_empty())
        {
            return Err(InvalidClaimsRequest::Subjects);
        }
        Ok(request)
    }

    /// Whether nothing is asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.userinfo.is_empty() && self.id_token.is_empty()
    }

    /// The part of it that asks `/userinfo` and the ID token for claims that these two say yes to.
    pub(crate) fn reduced(
        mut self,
        at_userinfo: impl Fn(&str) -> bool,
        in_id_token: impl Fn(&str) -> bool,
    ) -> Self {
        self.userinfo.retain(|name, _| at_userinfo(name));
        self.id_token.retain(|name, _| in_id_token(name));
        self
    }

    /// The person whom it asks for, if that is a single one.
    pub(crate) fn subject(&self) -> Option<&str> {
        let mut left = self.permitted_subjects()?.into_iter();
        left.next().filter(|_| left.next().is_none())
    }

    /// Whether `subject` may be the person who logs in. A `sub` with a value asks for that one, and must
    /// not yield tokens of another (§5.5.1, §3.1.2.2).
    pub(crate) fn permits_subject(&self, subject: &str) -> bool {
        let permitted = self.permitted_subjects();
        permitted.is_none_or(|permitted| permitted.contains(subject))
    }

    /// Whether a login with this `acr` will do. One of several values that are essential must be met; a
    /// login without is a failed one (§5.5.1.1).
    pub(crate) fn permits_acr(&self, acr: Option<&Value>) -> bool {
        let asked = self.id_token.get("acr").and_then(Option::as_ref);
        asked.is_none_or(|asked| !asked.essential || asked.permits(acr))
    }

    /// The persons who are asked for wherever a `sub` is; `None` where anybody will do.
    fn permitted_subjects(&self) -> Option<BTreeSet<&str>> {
        let sets = self.subjects().flat_map(RequestedClaim::sets);
        sets.map(|set| inserted(set.iter().filter_map(Value::as_str)))
            .reduce(|left: BTreeSet<_>, set| &left & &set)
    }

    fn subjects(&self) -> impl Iterator<Item = &RequestedClaim> {
        [&self.userinfo, &self.id_token]
            .into_iter()
            .filter_map(|claims| claims.get("sub")?.as_ref())
    }
}

impl RequestedClaim {
    /// The sets of values, each of which the claim is asked to be of: `value` alone, and `values`.
    fn sets(&self) -> impl Iterator<Item = &[Value]> {
        let sets = [self.value.as_slice(), self.values.as_slice()];
        sets.into_iter().filter(|set| !set.is_empty())
    }

    /// Whether `given` has a value that is asked for, if any is.
    fn permits(&self, given: Option<&Value>) -> bool {
        let mut sets = self.sets();
        sets.all(|set| given.is_some_and(|given| set.contains(given)))
    }
}

/// The claims that the member `name` asks for.
fn requested(
    members: &mut Map<String, Value>,
    name: &str,
) -> Result<BTreeMap<String, Option<RequestedClaim>>, InvalidClaimsRequest> {
    let claims = match members.remove(name) {
        None | Some(Value::Null) => return Ok(BTreeMap::new()),
        Some(Value::Object(claims)) => claims,
        Some(_) => return Err(InvalidClaimsRequest::Member),
    };
    inserted_unless(claims.into_iter().map(|(name, asked)| {
        let asked: Option<RequestedClaim> = Tree::from(asked)
            .read()
            .map_err(|_| InvalidClaimsRequest::Member)?;
        Ok((
            name,
            asked.filter(|asked| *asked != RequestedClaim::default()),
        ))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(json: &str) -> ClaimsRequest {
        ClaimsRequest::parse(json).unwrap_or_else(|fault| panic!("{json}: {fault}"))
    }

    #[test]
    fn is_reduced_to_what_section_5_5_defines() {
        for (json, expected) in [
            ("{}", "{}"),
            (r#"{"userinfo":null,"id_token":{}}"#, "{}"),
            (
                r#"{"userinfo":{"email":null,"name":{}},"other":{"x":null}}"#,
                r#"{"userinfo":{"email":null,"name":null}}"#,
            ),
            (
                r#"{"id_token":{"acr":{"values":["2","1"],"essential":true,"x":1}}}"#,
                r#"{"id_token":{"acr":{"essential":true,"values":["2","1"]}}}"#,
            ),
            (
                r#"{"id_token":{"sub":{"value":"alice"},"a":{"essential":false}}}"#,
                r#"{"id_token":{"a":null,"sub":{"value":"alice"}}}"#,
            ),
        ] {
            let reduced = serde_json::to_string(&parsed(json)).unwrap();
            assert_eq!(reduced, expected, "{json}");
            assert_eq!(parsed(&reduced), parsed(json));
        }
    }

    #[test]
    fn what_is_refused() {
        for (json, expected) in [
            ("", InvalidClaimsRequest::Object(InvalidObject::NotJson)),
            (
                "[]",
                InvalidClaimsRequest::Object(InvalidObject::NotAnObject),
            ),
            (
                r#"{"userinfo":{"a":null,"a":null}}"#,
                InvalidClaimsRequest::Object(InvalidObject::Twice),
            ),
            (r#"{"userinfo":[]}"#, InvalidClaimsRequest::Member),
            (r#"{"id_token":{"a":1}}"#, InvalidClaimsRequest::Member),
            (r#"{"id_token":{"a":[true]}}"#, InvalidClaimsRequest::Member),
            (
                r#"{"id_token":{"a":{"essential":1}}}"#,
                InvalidClaimsRequest::Member,
            ),
            (
                r#"{"id_token":{"a":{"values":"x"}}}"#,
                InvalidClaimsRequest::Member,
            ),
            (
                r#"{"id_token":{"sub":{"value":"a"}},"userinfo":{"sub":{"value":"b"}}}"#,
                InvalidClaimsRequest::Subjects,
            ),
            (
                r#"{"id_token":{"sub":{"values":["a","b"]}},"userinfo":{"sub":{"values":["c"]}}}"#,
                InvalidClaimsRequest::Subjects,
            ),
            (
                r#"{"id_token":{"sub":{"value":"a","values":["b","c"]}}}"#,
                InvalidClaimsRequest::Subjects,
            ),
            (
                r#"{"id_token":{"sub":{"value":1}}}"#,
                InvalidClaimsRequest::SubjectType,
            ),
            (
                r#"{"userinfo":{"sub":{"values":["a",null]}}}"#,
                InvalidClaimsRequest::SubjectType,
            ),
        ] {
            assert_eq!(ClaimsRequest::parse(json), Err(expected), "{json}");
        }
        let names = |count: usize| {
            let names: Vec<_> = (0..count).map(|n| format!("\"{n}\":null")).collect();
            format!(r#"{{"userinfo":{{{}}}}}"#, names.join(","))
        };
        assert!(ClaimsRequest::parse(&names(MOST_REQUESTED_CLAIMS)).is_ok());
        assert_eq!(
            ClaimsRequest::parse(&names(MOST_REQUESTED_CLAIMS + 1)),
            Err(InvalidClaimsRequest::TooMany)
        );
    }

    #[test]
    fn who_and_how() {
        for (json, alice, bob) in [
            ("{}", true, true),
            (r#"{"id_token":{"sub":null}}"#, true, true),
            (r#"{"id_token":{"sub":{"value":"alice"}}}"#, true, false),
            (r#"{"userinfo":{"sub":{"value":"alice"}}}"#, true, false),
            (
                r#"{"userinfo":{"sub":{"values":["a","bob"]}}}"#,
                false,
                true,
            ),
            (
                r#"{"id_token":{"sub":{"values":["a","alice"]}},"userinfo":{"sub":{"values":["bob","alice"]}}}"#,
                true,
                false,
            ),
        ] {
            assert_eq!(parsed(json).permits_subject("alice"), alice, "{json}");
            assert_eq!(parsed(json).permits_subject("bob"), bob, "{json}");
        }
        for (json, only) in [
            (r#"{"id_token":{"sub":null}}"#, None),
            (r#"{"id_token":{"sub":{"value":"alice"}}}"#, Some("alice")),
            (
                r#"{"userinfo":{"sub":{"values":["alice"]}}}"#,
                Some("alice"),
            ),
            (r#"{"id_token":{"sub":{"values":["a","b"]}}}"#, None),
            (
                r#"{"id_token":{"sub":{"values":["a","b"]}},"userinfo":{"sub":{"values":["b","c"]}}}"#,
                Some("b"),
            ),
        ] {
            assert_eq!(parsed(json).subject(), only, "{json}");
        }
        let (one, two) = (Value::from("1"), Value::from("2"));
        for (json, without, with_one, with_two) in [
            ("{}", true, true, true),
            (r#"{"id_token":{"acr":{"values":["2"]}}}"#, true, true, true),
            (
                r#"{"id_token":{"acr":{"essential":true}}}"#,
                true,
                true,
                true,
            ),
            (
                r#"{"id_token":{"acr":{"essential":true,"values":["2","3"]}}}"#,
                false,
                false,
                true,
            ),
            (
                r#"{"id_token":{"acr":{"essential":true,"value":"1"}}}"#,
                false,
                true,
                false,
            ),
            (
                r#"{"userinfo":{"acr":{"essential":true,"value":"1"}}}"#,
                true,
                true,
                true,
            ),
            (
                r#"{"id_token":{"acr":{"essential":true,"value":"1","values":["1","2"]}}}"#,
                false,
                true,
                false,
            ),
        ] {
            let permits = |acr| parsed(json).permits_acr(acr);
            let permitted = (permits(None), permits(Some(&one)), permits(Some(&two)));
            assert_eq!(permitted, (without, with_one, with_two), "{json}");
        }
    }
}
