//! The query of a control request: every parameter known, none twice, none empty but `issuer`.

use std::{collections::BTreeMap, str::FromStr, time::Duration};

use url::form_urlencoded;

use crate::{journal::Filter, spec::Endpoint};

/// How long `take` waits unless told otherwise.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest it can be told to wait.
const LONGEST_PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Query(BTreeMap<String, String>);

/// What is wrong with a query.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidQuery {
    #[error("unknown query parameter {name:?}, expected {expected}")]
    Unknown { name: String, expected: String },
    #[error("the query parameter {0} is given more than once")]
    Twice(String),
    #[error("the query parameter {0} is missing")]
    Missing(&'static str),
    #[error("{name}: expected {expected}, not {given:?}")]
    Value {
        name: &'static str,
        expected: &'static str,
        given: String,
    },
    #[error("endpoint: {0}")]
    Endpoint(String),
    #[error("all goes without issuer")]
    AllOfOne,
}

/// Which issuers to reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent<'a> {
    One(&'a str),
    All,
}

impl Query {
    pub(super) fn parse(encoded: &str, known: &[&'static str]) -> Result<Self, InvalidQuery> {
        let mut parameters = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(encoded.as_bytes()) {
            let Some(&own) = known.iter().find(|own| **own == name) else {
                return Err(InvalidQuery::Unknown {
                    name: name.into_owned(),
                    expected: match known {
                        [] => "none".to_owned(),
                        [one] => format!("only {one}"),
                        several => format!("one of {}", several.join(", ")),
                    },
                });
            };
            // An empty one is a variable that was not set: to take it for an absent one would
            // widen what is counted or deleted.
            if value.is_empty() && own != "issuer" {
                return Err(InvalidQuery::Value {
                    name: own,
                    expected: "a value",
                    given: String::new(),
                });
            }
            if parameters
                .insert(own.to_owned(), value.into_owned())
                .is_some()
            {
                return Err(InvalidQuery::Twice(own.to_owned()));
            }
        }
        Ok(Self(parameters))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(super) fn required(&self, name: &'static str) -> Result<&str, InvalidQuery> {
        self.text(name).ok_or(InvalidQuery::Missing(name))
    }

    fn read<T: FromStr>(
        &self,
        name: &'static str,
        expected: &'static str,
    ) -> Result<Option<T>, InvalidQuery> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        // Rust's numbers may have a plus in front, which here would be a space not encoded.
        let value = text.parse().ok().filter(|_| !text.starts_with('+'));
        value.map(Some).ok_or_else(|| InvalidQuery::Value {
            name,
            expected,
            given: text.to_owned(),
        })
    }

    /// The name of the issuer; the default one's is empty.
    pub(super) fn issuer(&self) -> &str {
        self.text("issuer").unwrap_or_default()
    }

    /// The number of what `expected` says.
    pub(super) fn id(&self, expected: &'static str) -> Result<Option<u64>, InvalidQuery> {
        self.read("id", expected)
    }

    pub(super) fn extent(&self) -> Result<Extent<'_>, InvalidQuery> {
        match self.read("all", "true or false")? {
            Some(true) if self.text("issuer").is_some() => Err(InvalidQuery::AllOfOne),
            Some(true) => Ok(Extent::All),
            _ => Ok(Extent::One(self.issuer())),
        }
    }

    pub(super) fn filter(&self) -> Result<Filter, InvalidQuery> {
        let endpoint = self.text("endpoint").map(str::parse::<Endpoint>);
        let own = |name| self.text(name).map(str::to_owned);
        Ok(Filter {
            endpoint: endpoint
                .transpose()
                .map_err(|error| InvalidQuery::Endpoint(error.to_string()))?,
            client_id: own("client_id"),
            grant_type: own("grant_type"),
            subject: own("subject"),
            status: self.read("status", "an HTTP status")?,
            after: self.read("after", "the id of an entry")?,
        })
    }

    pub(super) fn patience(&self) -> Result<Duration, InvalidQuery> {
        let expected = "milliseconds from 0 to 30000";
        let Some(given) = self.read("timeout_ms", expected)? else {
            return Ok(PATIENCE);
        };
        let patience = Duration::from_millis(given);
        if patience > LONGEST_PATIENCE {
            return Err(InvalidQuery::Value {
                name: "timeout_ms",
                expected,
                given: given.to_string(),
            });
        }
        Ok(patience)
    }
}
