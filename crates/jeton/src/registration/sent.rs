//! Metadata as it was sent: members by their types.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::invalid::InvalidMetadata;
use crate::{client::first_unsupported, inserted::inserted, jose::UnverifiedJwt};

/// The most values in a list.
pub(crate) const MOST_LISTED: usize = 50;

/// The longest text, in bytes.
pub(crate) const LONGEST_TEXT: usize = 2048;

/// The members of a request. One that is null or empty is as if it had been left out: that is how RFC 7592
/// §2.2 has a client delete one.
pub(super) struct Sent(pub(super) Map<String, Value>);

impl Sent {
    /// A member that has a value.
    pub(super) fn value(&self, member: &str) -> Option<&Value> {
        let value = self.0.get(member)?;
        let is_empty = match value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(values) => values.is_empty(),
            Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
        };
        (!is_empty).then_some(value)
    }

    /// A text.
    pub(super) fn text(&self, member: &'static str) -> Result<Option<&str>, InvalidMetadata> {
        self.value(member).map(|it| text(member, it)).transpose()
    }

    /// A list of texts, each once.
    pub(super) fn texts(&self, member: &'static str) -> Result<Vec<&str>, InvalidMetadata> {
        let fault = InvalidMetadata::Member {
            member,
            expected: "a list of at most 50 texts, each once and of at most 2,048 bytes",
        };
        let Some(value) = self.value(member) else {
            return Ok(Vec::new());
        };
        let values = value.as_array().filter(|it| it.len() <= MOST_LISTED);
        let texts = values.ok_or(fault)?.iter().map(|it| text(member, it));
        let texts = texts.collect::<Result<Vec<_>, _>>().map_err(|_| fault)?;
        let known: BTreeSet<&str> = inserted(texts.iter().copied());
        if known.len() < texts.len() || known.contains("") {
            return Err(fault);
        }
        Ok(texts)
    }

    /// A value that is true or false.
    pub(super) fn choice(&self, member: &'static str) -> Result<Option<bool>, InvalidMetadata> {
        let value = self.value(member).map(|value| {
            value.as_bool().ok_or(InvalidMetadata::Member {
                member,
                expected: "true or false",
            })
        });
        value.transpose()
    }

    /// Refuses a software statement (RFC 7591 §2.3). It may be ignored where there is no such feature; whoever
    /// sends one counts on what it says, though, and would be registered as something else.
    pub(super) fn refuse_statement(&self) -> Result<(), InvalidMetadata> {
        let Some(statement) = self.value("software_statement") else {
            return Ok(());
        };
        let statement = statement.as_str().map(UnverifiedJwt::parse);
        let says_who = |jwt: &UnverifiedJwt<'_>| jwt.claimed("iss").is_some_and(Value::is_string);
        match statement {
            Some(Ok(jwt)) if says_who(&jwt) => Err(InvalidMetadata::UnapprovedStatement),
            _ => Err(InvalidMetadata::InvalidStatement),
        }
    }

    /// Refuses what asks for a protection that is not there.
    pub(super) fn refuse_unsupported(&self) -> Result<(), InvalidMetadata> {
        match first_unsupported(|member| self.0.get(member)) {
            None => Ok(()),
            Some(member) => Err(InvalidMetadata::Member {
                member,
                expected: "not supported here, so the client would be without it",
            }),
        }
    }
}

/// The text that a member's value is.
pub(super) fn text<'a>(member: &'static str, value: &'a Value) -> Result<&'a str, InvalidMetadata> {
    let text = value.as_str().filter(|text| text.len() <= LONGEST_TEXT);
    text.ok_or(InvalidMetadata::Member {
        member,
        expected: "a text of at most 2,048 bytes",
    })
}
