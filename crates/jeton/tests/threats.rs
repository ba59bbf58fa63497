//! The table of threats in SECURITY.md is held to the tests that it names.
#![allow(clippy::unwrap_used)]

use std::{fs, path::Path};

/// The rows of the black-box suite, as the table abbreviates them.
const ROWS: (&str, &str) = ("rows/", "tests/suite/rows/");

fn read(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::read_to_string(root.join(name)).unwrap_or_default()
}

/// The files and tests of a cell: `file` “name”; `file` “name”.
fn tests_in(cell: &str) -> Vec<(String, String)> {
    cell.split("; ")
        .map(|test| {
            let (file, name) = test.trim().split_once("` “").unwrap();
            let file = file.strip_prefix('`').unwrap();
            let file = match file.strip_prefix(ROWS.0) {
                Some(row) => format!("{}{row}", ROWS.1),
                None => file.to_owned(),
            };
            (file, name.strip_suffix('”').unwrap().to_owned())
        })
        .collect()
}

#[test]
fn each_threat_has_a_defence_and_the_tests_that_it_names() {
    let security = read("SECURITY.md");
    let (_, section) = security.split_once("\n## Threats\n").unwrap();
    let rows: Vec<Vec<&str>> = section
        .lines()
        .filter(|line| line.starts_with("| RFC "))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    assert!(rows.len() > 30, "{}", rows.len());
    let mut missing = Vec::new();
    for row in &rows {
        let [threat, _, cell] = row.as_slice() else {
            missing.push(format!("{row:?}: not three cells"));
            continue;
        };
        for (file, name) in tests_in(cell) {
            if !read(&file).contains(&name) {
                missing.push(format!("{threat}: {file}: {name}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
