//! Commands that are printed to be run: for any POSIX shell.

/// The text as one word, quoted.
pub(crate) fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The same, without quotes where it needs none.
pub(crate) fn word(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:/@%+=,".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    quote(text)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{quote, word};

    #[test]
    fn a_shell_reads_what_was_meant() {
        for text in [
            "a",
            "https://a.dev:8080/token",
            "it's",
            "$HOME `x` \"y\" \\",
            "a b",
            "~",
            "",
        ] {
            for quoted in [quote(text), word(text)] {
                let script = format!("printf %s {quoted}");
                let output = Command::new("sh").args(["-c", &script]).output().unwrap();
                assert_eq!(String::from_utf8(output.stdout).unwrap(), text, "{quoted}");
            }
        }
    }
}
