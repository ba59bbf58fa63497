//! Conditions on the claims of a token.
//!
//! There are four tests, each of a type that the rule declares. A claim that is missing or of another
//! type meets none. No regular expressions: an expression that is anchored in one alternative only, or
//! whose class matches a separator, lets strangers in.

use std::fmt;

use serde_json::{Map, Number, Value};

/// Where a claim is: its name, and for one inside of another the names on the way to it. Names may
/// have dots and slashes, so a path is a list and never split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimPath(Vec<String>);

/// A value that a claim is compared with. Its JSON type must be the claim's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// A string, compared to the byte.
    Text(String),
    /// A number.
    Number(Number),
    /// `true` or `false`.
    Boolean(bool),
}

/// What a claim must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// `equals`: this value.
    Equals(Scalar),
    /// `one_of`: one of these values.
    OneOf(Vec<Scalar>),
    /// `prefix`: a string that begins so and goes on. It ends at the border of a segment.
    Prefix(String),
    /// `contains`: an array with this value.
    Contains(Scalar),
}

/// A condition: a claim, and what it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The claim.
    pub claim: ClaimPath,
    /// What it must be.
    pub test: Test,
}

/// The characters at which a segment of a claim ends: of paths, of GitHub's and GitLab's subjects.
pub(super) const BORDERS: [char; 2] = ['/', ':'];

impl ClaimPath {
    /// The path of these names; `None` where there is none, one is empty or has a control character, or
    /// all together are longer than 255 bytes.
    #[must_use]
    pub fn new(names: Vec<String>) -> Option<Self> {
        let is_name = |name: &String| !name.is_empty() && !name.contains(char::is_control);
        let fits = !names.is_empty() && names.iter().all(is_name);
        let length: usize = names.iter().map(String::len).sum();
        (fits && length <= 255).then_some(Self(names))
    }

    /// The names, from the outside to the inside.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// Whether it is the claim of that name, and not one inside of another.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        matches!(self.0.as_slice(), [only] if only == name)
    }

    /// The claim among `claims`.
    #[must_use]
    pub fn find<'a>(&self, claims: &'a Map<String, Value>) -> Option<&'a Value> {
        let (first, rest) = self.0.split_first()?;
        rest.iter().try_fold(claims.get(first)?, |value, name| {
            value.as_object()?.get(name)
        })
    }
}

/// For people: names with ` › ` between them.
impl fmt::Display for ClaimPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" › "))
    }
}

impl Scalar {
    /// The value as a scalar; `None` for null, arrays and objects.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self::Text(text.clone())),
            Value::Number(number) => Some(Self::Number(number.clone())),
            Value::Bool(boolean) => Some(Self::Boolean(*boolean)),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// Whether `value` is this one, of the same type.
    fn is(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Text(own), Value::String(value)) => own == value,
            (Self::Number(own), Value::Number(value)) => own == value,
            (Self::Boolean(own), Value::Bool(value)) => own == value,
            _ => false,
        }
    }
}

impl Condition {
    /// Whether these claims meet it.
    #[must_use]
    pub fn is_met(&self, claims: &Map<String, Value>) -> bool {
        self.claim
            .find(claims)
            .is_some_and(|value| self.test.is_met(value))
    }
}

/// For the audit: the claim and the kind of test, and no value.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.claim, self.test.name())
    }
}

impl Test {
    /// Its name in a record.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Equals(_) => "equals",
            Self::OneOf(_) => "one_of",
            Self::Prefix(_) => "prefix",
            Self::Contains(_) => "contains",
        }
    }

    fn is_met(&self, value: &Value) -> bool {
        match self {
            Self::Equals(wanted) => wanted.is(value),
            Self::OneOf(wanted) => wanted.iter().any(|wanted| wanted.is(value)),
            Self::Prefix(prefix) => value.as_str().is_some_and(|text| {
                text.strip_prefix(prefix.as_str())
                    .is_some_and(|rest| !rest.is_empty())
            }),
            Self::Contains(wanted) => value
                .as_array()
                .is_some_and(|values| values.iter().any(|value| wanted.is(value))),
        }
    }
}

#[cfg(test)]
mod tests;
