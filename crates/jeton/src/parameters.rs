//! The parameters of a request, `application/x-www-form-urlencoded` as RFC 6749 wants it: UTF-8
//! (Appendix B), no parameter twice, and one without a value treated as if it were omitted (§3.2).

use std::{borrow::Cow, collections::BTreeSet};

use percent_encoding::percent_decode;

use crate::scope::MOST_SCOPE_TOKENS;

/// The largest body that is read, in bytes. A host may cut a longer one at `BODY_LIMIT + 1` bytes: the
/// answer has status 413 either way.
pub const BODY_LIMIT: usize = 64 * 1024;

/// The longest form that goes on as a query, in bytes: with the rest of an address less than the 8 kB that
/// servers and proxies commonly take.
pub(crate) const LONGEST_POSTED: usize = 8000;

/// The most parameters in one form or query, repeated and empty ones counted.
pub const MOST_PARAMETERS: usize = 200;

/// The parameters that may be given more than once: `resource` (RFC 8707 §2) and `audience`
/// (RFC 8693 §2.1).
const REPEATABLE: [&str; 2] = ["resource", "audience"];

/// The most audiences that one request may name by the two, each counted as often as it is named.
pub const MOST_AUDIENCES: usize = 100;

/// The parameters of one request, in the order they were sent. No `Debug`: there are credentials
/// among them.
#[derive(Clone, Default)]
pub struct Parameters<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

/// Why a body or query is not a set of parameters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidParameters {
    /// There are more than [`MOST_PARAMETERS`].
    #[error("there are more than {MOST_PARAMETERS} parameters")]
    TooMany,
    /// The bytes, once percent-decoded, are not UTF-8.
    #[error("the parameters are not UTF-8")]
    NotUtf8,
    /// A parameter is given twice that may be given once.
    #[error("a parameter is given more than once")]
    Duplicate,
}

impl<'a> Parameters<'a> {
    /// Parses a query or the body of a form.
    ///
    /// # Errors
    /// There are too many, the text is not UTF-8, or a parameter that may stand once stands twice.
    pub fn parse(encoded: &'a [u8]) -> Result<Self, InvalidParameters> {
        Self::parse_repeating(encoded, &[])
    }

    /// As [`Self::parse`], where these may be given more than once as well: as often as a scope has tokens.
    ///
    /// # Errors
    /// As for [`Self::parse`].
    pub fn parse_repeating(
        encoded: &'a [u8],
        repeatable: &[&str],
    ) -> Result<Self, InvalidParameters> {
        let most = match repeatable {
            [] => MOST_PARAMETERS,
            _ => MOST_PARAMETERS + MOST_SCOPE_TOKENS,
        };
        // Counted before anything is decoded or kept.
        let separators = encoded.iter().filter(|&&byte| byte == b'&').count();
        if separators >= most {
            return Err(InvalidParameters::TooMany);
        }
        let mut pairs = Vec::with_capacity(8);
        // A tree: where hashing is not seeded, as in wasm, names could be chosen to collide.
        let mut names = BTreeSet::new();
        for pair in encoded
            .split(|&byte| byte == b'&')
            .filter(|pair| !pair.is_empty())
        {
            let mut halves = pair.splitn(2, |&byte| byte == b'=');
            let name = form_decode(halves.next().unwrap_or_default())?;
            let value = form_decode(halves.next().unwrap_or_default())?;
            let may_repeat = REPEATABLE.iter().chain(repeatable).any(|own| *own == name);
            if !may_repeat && !names.insert(name.clone()) {
                return Err(InvalidParameters::Duplicate);
            }
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    /// The value of `name`, never empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Every value of `name`, none of them empty.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.iter()
            .filter(move |(own, value)| *own == name && !value.is_empty())
            .map(|(_, value)| value)
    }

    /// Names and values as they were sent, empty ones included: for what passes a request on.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_ref(), value.as_ref()))
    }
}

/// One name or value, decoded. `form_urlencoded::parse` would do, but it replaces what is not UTF-8,
/// and a credential must be refused instead.
pub(crate) fn form_decode(encoded: &[u8]) -> Result<Cow<'_, str>, InvalidParameters> {
    // Most have nothing to decode; `percent_decode` would look for that byte by byte.
    if !encoded.contains(&b'+') && !encoded.contains(&b'%') {
        let text = std::str::from_utf8(encoded).map_err(|_| InvalidParameters::NotUtf8)?;
        return Ok(Cow::Borrowed(text));
    }
    if encoded.contains(&b'+') {
        let spaced: Vec<u8> = encoded
            .iter()
            .map(|&byte| if byte == b'+' { b' ' } else { byte })
            .collect();
        let decoded = percent_decode(&spaced)
            .decode_utf8()
            .map_err(|_| InvalidParameters::NotUtf8)?;
        return Ok(Cow::Owned(decoded.into_owned()));
    }
    percent_decode(encoded)
        .decode_utf8()
        .map_err(|_| InvalidParameters::NotUtf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(encoded: &str, expected: Result<&[(&str, &str)], InvalidParameters>) {
        let parsed = Parameters::parse(encoded.as_bytes());
        let pairs = parsed.as_ref().map(|parameters| {
            let names = parameters.iter().map(|(name, _)| name);
            let names: BTreeSet<_> = names.collect();
            let values = |name| parameters.all(name).map(move |value| (name, value));
            names.into_iter().flat_map(values).collect::<Vec<_>>()
        });
        assert_eq!(
            pairs,
            expected.as_ref().map(|rows| rows.to_vec()),
            "{encoded}"
        );
    }

    #[test]
    fn counts_repeated_and_empty_parameters() {
        for pair in ["resource=x", "", "a", "=", "%61=b"] {
            let fits = vec![pair; MOST_PARAMETERS].join("&");
            let fits = Parameters::parse(fits.as_bytes());
            assert_ne!(fits.err(), Some(InvalidParameters::TooMany), "{pair}");
            check(
                &vec![pair; MOST_PARAMETERS + 1].join("&"),
                Err(InvalidParameters::TooMany),
            );
        }
    }

    #[test]
    fn a_form_may_have_each_token_of_a_scope() {
        let of = |count: usize| vec!["scope=a"; count].join("&");
        let parse = |form: &str| Parameters::parse_repeating(form.as_bytes(), &["scope"]).err();
        let most = MOST_PARAMETERS + MOST_SCOPE_TOKENS;
        assert_eq!(parse(&of(most)), None);
        assert_eq!(parse(&of(most + 1)), Some(InvalidParameters::TooMany));
        assert_eq!(parse("a=1&a=2"), Some(InvalidParameters::Duplicate));
    }

    #[test]
    fn parses_forms() {
        check("", Ok(&[]));
        check("&&", Ok(&[]));
        check("a=1&b=2", Ok(&[("a", "1"), ("b", "2")]));
        check("a=x+y%20z%2B", Ok(&[("a", "x y z+")]));
        check("a=b=c", Ok(&[("a", "b=c")]));
        check("a=&b", Ok(&[]));
        check("a=%zz", Ok(&[("a", "%zz")]));
        check("a=%ff", Err(InvalidParameters::NotUtf8));
        check("%ff=a", Err(InvalidParameters::NotUtf8));
        check("a=1&a=1", Err(InvalidParameters::Duplicate));
        check("a=&a=1", Err(InvalidParameters::Duplicate));
        check("a=1&%61=2", Err(InvalidParameters::Duplicate));
        check(
            "resource=x&resource=y",
            Ok(&[("resource", "x"), ("resource", "y")]),
        );
    }
}
