//! The names of issuers with a profile: what they are like, and the values that they say.

use std::collections::BTreeMap;

use super::in_braces;

/// What a value has to be.
#[derive(Clone, Copy)]
enum Form {
    Any,
    Uuid,
}

/// The name in braces, and what its value has to be.
fn value(segment: &str) -> Option<(&str, Form)> {
    let own = in_braces(segment)?;
    match own.split_once(':') {
        None => Some((own, Form::Any)),
        Some((name, "uuid")) => Some((name, Form::Uuid)),
        Some(_) => None,
    }
}

impl Form {
    fn fits(self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Uuid => {
                let groups = text.split('-').map(str::len);
                groups.eq([8, 4, 4, 4, 12])
                    && text
                        .bytes()
                        .all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
            }
        }
    }
}

/// The names in braces.
pub(super) fn values_of(pattern: &str) -> impl Iterator<Item = &str> {
    pattern.split('/').filter_map(|it| Some(value(it)?.0))
}

/// The pattern with its names for their values; `None` where it is none.
pub(super) fn plain(pattern: &str) -> Option<String> {
    let segments = pattern.split('/').map(|segment| match value(segment) {
        Some((name, _)) => Some(name),
        None => (!segment.contains(['{', '}'])).then_some(segment),
    });
    let segments: Option<Vec<_>> = segments.collect();
    Some(segments?.join("/"))
}

/// The values of the names in braces, if `name` is as `pattern` says.
pub(super) fn matched(pattern: &str, name: &str) -> Option<BTreeMap<String, String>> {
    let mut values = BTreeMap::new();
    let (mut patterns, mut segments) = (pattern.split('/'), name.split('/'));
    loop {
        match (patterns.next(), segments.next()) {
            (None, None) => return Some(values),
            (Some(own), Some(segment)) => match value(own) {
                Some((key, form)) if form.fits(segment) => {
                    values.insert(key.to_owned(), segment.to_owned());
                }
                None if own == segment => {}
                _ => return None,
            },
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match() {
        for (pattern, name, expected) in [
            ("auth0", "auth0", Some(vec![])),
            ("auth0", "auth0/x", None),
            ("auth0", "", None),
            (
                "a/realms/{realm}",
                "a/realms/acme",
                Some(vec![("realm", "acme")]),
            ),
            ("a/realms/{realm}", "a/realms", None),
            ("a/realms/{realm}", "b/realms/acme", None),
            (
                "{t:uuid}",
                "72f988bf-0000-4000-8000-2d7cd011db47",
                Some(vec![("t", "72f988bf-0000-4000-8000-2d7cd011db47")]),
            ),
            ("{t:uuid}", "72f988bf-0000-4000-8000-2d7cd011db4", None),
            ("{t:uuid}", "common", None),
        ] {
            let values = expected.map(|values: Vec<(&str, &str)>| {
                let values = values.into_iter();
                values
                    .map(|(key, value)| (key.to_owned(), value.to_owned()))
                    .collect()
            });
            assert_eq!(matched(pattern, name), values, "{pattern} {name}");
        }
    }
}
