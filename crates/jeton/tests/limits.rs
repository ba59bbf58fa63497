//! README is held to the table of limits, and the table to the tests that it names.
#![allow(clippy::unwrap_used)]

use std::{fs, path::Path};

use jeton::{LIMITS, Limit};

fn read(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::read_to_string(root.join(name)).unwrap()
}

fn row(limit: &Limit) -> String {
    let Limit {
        what,
        most,
        unit,
        answer,
        file,
        ..
    } = limit;
    let most = format!("{most} {unit}");
    format!("| {what} | {} | {answer} | `{file}` |", most.trim_end())
}

#[test]
fn readme_has_a_row_for_each_limit_and_no_other() {
    let readme = read("README.md");
    let (_, section) = readme.split_once("\n## Limits\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let rows: Vec<_> = section
        .lines()
        .filter(|line| line.starts_with("| "))
        .skip(1)
        .collect();
    let expected: Vec<_> = LIMITS.iter().map(row).collect();
    assert_eq!(rows.join("\n"), expected.join("\n"));
}

#[test]
fn each_limit_has_the_test_that_it_names() {
    for limit in LIMITS {
        let tests = read(limit.file);
        assert!(tests.contains(limit.test), "{limit:?}");
    }
}
