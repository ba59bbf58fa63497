//! The documents are held against the table of settings.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

use std::{fs, path::Path};

use jeton::{SETTINGS, Setting};

fn read(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::read_to_string(root.join(name)).unwrap()
}

fn row(setting: &Setting) -> String {
    let default = match setting.default {
        "" => String::new(),
        default => format!("`{default}`"),
    };
    format!(
        "| `{}` | {default} | {} | {} |",
        setting.name, setting.host, setting.about
    )
}

#[test]
fn readme_has_a_row_for_each_setting_and_no_other() {
    let readme = read("README.md");
    let rows: Vec<_> = readme
        .lines()
        .filter(|line| line.starts_with("| `JETON_"))
        .map(str::to_owned)
        .collect();
    let expected: Vec<_> = SETTINGS.iter().map(row).collect();
    assert_eq!(rows.join("\n"), expected.join("\n"));
}

#[test]
fn wrangler_toml_names_only_settings() {
    let text = read("wrangler.toml");
    for name in names(&text) {
        let known = SETTINGS.iter().find(|setting| setting.name == name);
        let host = known
            .unwrap_or_else(|| panic!("wrangler.toml: {name}"))
            .host;
        assert!(
            ["all", "worker"].contains(&host),
            "wrangler.toml: {name} is for {host}"
        );
    }
    for required in [
        "JETON_ISSUER",
        "JETON_SECRET",
        "JETON_REGISTRY",
        "JETON_AUTHORITY",
        "JETON_LEDGER",
    ] {
        assert!(text.contains(required), "wrangler.toml: {required}");
    }
}

/// Every `JETON_…` word.
fn names(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with("JETON_"))
        .collect()
}
