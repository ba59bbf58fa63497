//! What no platform could have, refused where it is described.

use std::fmt::Display;

use url::Url;

use crate::spec::InvalidSpec;

/// The longest text of a description, in bytes.
const LONGEST: usize = 255;

pub(super) type Checked = Result<(), InvalidSpec>;

fn require(is: impl FnOnce() -> Option<()>, at: &str, expected: impl Display) -> Checked {
    is().ok_or_else(|| InvalidSpec::new(at, expected))
}

/// A text that is `is`.
pub(super) fn text(
    at: &str,
    value: &str,
    expected: impl Display,
    is: impl FnOnce(&str) -> bool,
) -> Checked {
    let sound = !value.is_empty() && value.len() <= LONGEST && !value.contains(char::is_control);
    require(|| (sound && is(value)).then_some(()), at, expected)
}

/// Any text.
pub(super) fn any(at: &str, value: &str) -> Checked {
    text(at, value, "a text of 1 to 255 bytes", |_| true)
}

/// One of a few words.
pub(super) fn one_of(at: &str, value: &str, words: &[&str]) -> Checked {
    let expected = format!("one of {}", words.join(", "));
    text(at, value, expected, |value| words.contains(&value))
}

/// An id: digits, as a text.
pub(super) fn id(at: &str, value: &str) -> Checked {
    text(at, value, "an id of digits, as a text", |value| {
        value.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// A UUID (RFC 9562 §4).
pub(super) fn uuid(at: &str, value: &str) -> Checked {
    text(at, value, "a UUID in lower case", is_uuid)
}

fn is_uuid(value: &str) -> bool {
    let lengths = [8, 4, 4, 4, 12];
    let parts: Vec<_> = value.split('-').collect();
    parts.len() == lengths.len()
        && parts.iter().zip(lengths).all(|(part, length)| {
            let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            part.len() == length && part.bytes().all(hex)
        })
}

/// A commit by its SHA-1.
pub(super) fn commit(at: &str, value: &str) -> Checked {
    text(at, value, "a commit: 40 digits of 0-9 a-f", |value| {
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        value.len() == 40 && value.bytes().all(hex)
    })
}

/// A name that may stand in DNS (RFC 1123 §2.1).
pub(super) fn dns(at: &str, value: &str) -> Checked {
    let expected = "a DNS name of a-z 0-9 - and .";
    text(at, value, expected, |value| {
        value.split('.').all(|label| {
            let letters = label
                .bytes()
                .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-');
            letters && !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')
        })
    })
}

/// A path of names with slashes between, so many of them at least.
pub(super) fn names(at: &str, value: &str, least: usize, expected: &str) -> Checked {
    text(at, value, expected, |value| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        value.split('/').count() >= least
            && value
                .split('/')
                .all(|name| !name.is_empty() && name.bytes().all(plain))
    })
}

/// What stands in the place of the issuer's own address, in `iss`.
pub(super) fn issuer(value: Option<&String>) -> Checked {
    let Some(value) = value else {
        return Ok(());
    };
    let expected = "an http or https address, such as https://token.actions.githubusercontent.com";
    text("issuer", value, expected, |value| {
        Url::parse(value).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
    })
}

/// How long a token lives, in seconds.
pub(super) fn seconds(at: &str, value: u64, least: u64, most: u64) -> Checked {
    let is = || (least..=most).contains(&value).then_some(());
    require(is, at, format!("{least} to {most} seconds"))
}

/// What goes with something else only.
pub(super) fn only_with(at: &str, is_given: Option<()>, with: Option<()>, other: &str) -> Checked {
    require(
        || (is_given.is_none() || with.is_some()).then_some(()),
        at,
        format!("nothing, because {other}"),
    )
}
