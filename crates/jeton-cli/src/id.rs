//! Ids that a deployment has made.

use clap::builder::StringValueParser;
use clap::builder::TypedValueParser;

/// Reads an id of base64url. One in 64 begins with a hyphen, so its argument must allow that, and
/// whatever is no id, such as a flag that is misspelt, must be refused here.
pub(crate) fn of_length(length: usize) -> impl TypedValueParser<Value = String> {
    StringValueParser::new().try_map(move |text| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if text.len() == length && text.bytes().all(plain) {
            Ok(text)
        } else {
            Err(format!("it has {length} characters of base64url"))
        }
    })
}
