//! What people read of a client, in several languages perhaps (RFC 7591 §2.2). All of it is the client's own
//! word: nobody has checked whose name and logo it is.

use serde_json::Value;
use url::Url;

use super::{
    invalid::InvalidMetadata,
    sent::{self, Sent},
};
use crate::client::ClientRecord;

/// The members with an address of a page or picture, beside `client_uri`.
const PAGES: [&str; 3] = ["logo_uri", "policy_uri", "tos_uri"];

/// The members with words, beside `client_name` and `contacts`.
const WORDS: [&str; 2] = ["software_id", "software_version"];

/// The longest name, in bytes.
pub(crate) const LONGEST_NAME: usize = 255;

/// Takes over what people read.
pub(super) fn judge(sent: &Sent, record: &mut ClientRecord) -> Result<(), InvalidMetadata> {
    let name = sent.text("client_name")?;
    record.client_name = name.map(|it| name_of("client_name", it)).transpose()?;
    let uri = sent.text("client_uri")?;
    record.client_uri = uri.map(|it| page("client_uri", it)).transpose()?;
    for member in PAGES {
        if let Some(uri) = sent.text(member)? {
            let uri = page(member, uri)?;
            record.other.insert(member.to_owned(), Value::String(uri));
        }
    }
    for member in WORDS {
        if let Some(words) = sent.text(member)? {
            let words = name_of(member, words)?;
            record.other.insert(member.to_owned(), Value::String(words));
        }
    }
    let contacts = sent.texts("contacts")?.into_iter();
    let contacts = contacts.map(|it| name_of("contacts", it).map(Value::String));
    let contacts = contacts.collect::<Result<Vec<_>, _>>()?;
    if !contacts.is_empty() {
        record
            .other
            .insert("contacts".to_owned(), Value::Array(contacts));
    }
    for (member, value) in &sent.0 {
        let Some((base, read)) = in_a_language(member) else {
            continue;
        };
        if sent.value(member).is_none() {
            continue;
        }
        let read = read(base, sent::text(base, value)?)?;
        record.other.insert(member.clone(), Value::String(read));
    }
    Ok(())
}

/// How a text of a member is read.
type Reader = fn(&'static str, &str) -> Result<String, InvalidMetadata>;

/// The member that `member` is in some language, `client_name` of `client_name#de`, and how its text is
/// read; `None` for other members.
fn in_a_language(member: &str) -> Option<(&'static str, Reader)> {
    let (base, tag) = member.split_once('#')?;
    let mut subtags = tag.split('-');
    // RFC 5646 §2.1, as far as anybody needs it here.
    let is_subtag = |it: &str| {
        (1..=8).contains(&it.len()) && it.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    if tag.len() > 35 || !subtags.all(is_subtag) {
        return None;
    }
    if base == "client_name" {
        return Some(("client_name", name_of));
    }
    let mut pages = PAGES.into_iter().chain(["client_uri"]);
    Some((pages.find(|it| *it == base)?, page))
}

/// A text that shows something, and in which nothing hides: no control characters, none that turn the
/// direction of writing, by which a name would be read as another, and no tags, which spell out words that
/// nobody sees. What joins letters or lets lines break, as languages need it, stays.
fn name_of(member: &'static str, text: &str) -> Result<String, InvalidMetadata> {
    let hides = |it: char| {
        it.is_control()
            || matches!(it, '\u{200e}' | '\u{200f}' | '\u{61c}')
            || matches!(it, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            || matches!(it, '\u{e0000}'..='\u{e007f}')
    };
    if text.len() > LONGEST_NAME || text.chars().all(shows_nothing) || text.contains(hides) {
        return Err(InvalidMetadata::Member {
            member,
            expected: "a text of at most 255 bytes that can be seen, without control characters",
        });
    }
    Ok(text.to_owned())
}

/// Whether a character by itself is nothing to see: white space, control characters, those for private use,
/// which every font has for its own, and those that only say how others are shown (Unicode's Cf but for the
/// few with a shape, and the marks and fillers among its Default_Ignorable_Code_Point).
fn shows_nothing(it: char) -> bool {
    it.is_whitespace()
        || it.is_control()
        || matches!(
            it,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{70f}' | '\u{feff}'
        )
        || matches!(
            it,
            '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}'
        )
        || matches!(it, '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}')
        || matches!(it, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(it, '\u{fe00}'..='\u{fe0f}' | '\u{fff0}'..='\u{fffb}')
        || matches!(it, '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}')
        || matches!(it, '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{10ffff}')
}

/// The address of a page or picture that people can be shown: whoever shows it need not look at it again.
fn page(member: &'static str, text: &str) -> Result<String, InvalidMetadata> {
    let printable = text.bytes().all(|byte| matches!(byte, 0x21..=0x7e));
    let url = Url::parse(text).ok();
    let is_page = url.is_some_and(|url| {
        let is_bare = url.username().is_empty() && url.password().is_none();
        // As it is written, so that nobody reads another host in it.
        let origin = url.origin().ascii_serialization();
        url.scheme() == "https" && is_bare && text.starts_with(&origin)
    });
    if !is_page || !printable || text.contains(['\\', '"', '<', '>']) {
        return Err(InvalidMetadata::Member {
            member,
            expected: "an https URL, with its host in small letters and nobody's name before it",
        });
    }
    Ok(text.to_owned())
}
