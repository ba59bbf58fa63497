//! What is printed of files and tokens: others may have written them, and a terminal obeys characters
//! that nobody sees.

/// The text, with its lines as they are and every character that is not seen escaped.
pub(crate) fn lines(text: &str) -> String {
    escaped(text, |character| match character {
        '\n' => "\n".to_owned(),
        unseen => unseen.escape_debug().to_string(),
    })
}

/// The same as one line.
pub(crate) fn line(text: &str) -> String {
    escaped(text, |unseen| unseen.escape_debug().to_string())
}

/// The same JSON, written with characters that are seen. Where others are more than white space, they
/// stand in strings.
pub(crate) fn json(json: &str) -> String {
    escaped(json, |character| match character {
        '\n' | '\t' | '\r' => character.to_string(),
        unseen => {
            let mut units = [0; 2];
            let units = unseen.encode_utf16(&mut units).iter();
            units.map(|unit| format!("\\u{unit:04x}")).collect()
        }
    })
}

fn escaped(text: &str, escape: impl Fn(char) -> String) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        let is_seen =
            matches!(character, '"' | '\'' | '\\') || character.escape_debug().eq([character]);
        if is_seen {
            escaped.push(character);
        } else {
            escaped.push_str(&escape(character));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn what_is_not_seen_is_escaped() {
        let seen = r#"{"a": 'ä…›\'} €"#;
        assert_eq!(lines(seen), seen);
        assert_eq!(line(seen), seen);
        assert_eq!(json(seen), seen);
        let unseen = "a\u{1b}[2J\u{9b}\u{202e}\nb\r";
        assert_eq!(lines(unseen), "a\\u{1b}[2J\\u{9b}\\u{202e}\nb\\r");
        assert_eq!(line(unseen), r"a\u{1b}[2J\u{9b}\u{202e}\nb\r");
    }

    #[test]
    fn json_stays_the_same_json() {
        let text = "{\n\t\"\u{202e}a\": \"\u{9b}\u{7f}\u{e0001}\u{1F600}\"\r}";
        let printed = json(text);
        assert_eq!(
            printed,
            "{\n\t\"\\u202ea\": \"\\u009b\\u007f\\udb40\\udc01\u{1F600}\"\r}"
        );
        let read = |json| serde_json::from_str::<Value>(json).unwrap();
        assert_eq!(read(&printed), read(text));
    }
}
