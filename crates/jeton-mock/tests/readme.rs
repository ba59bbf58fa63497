//! The configuration that the README shows is one.
#![allow(clippy::unwrap_used)]

use jeton_mock::{MockProvider, load};

#[test]
fn the_configuration_of_the_readme_starts() {
    let readme = include_str!("../README.md");
    let (_, after) = readme.split_once("```toml\n").unwrap();
    let (toml, _) = after.split_once("```").unwrap();
    let file = std::env::temp_dir().join(format!("jeton-readme-{}.toml", std::process::id()));
    std::fs::write(&file, toml).unwrap();
    let spec = load(&file);
    std::fs::remove_file(&file).unwrap();
    let spec = spec.unwrap();
    assert_eq!(spec.issuer.faults.as_ref().unwrap().len(), 2);
    MockProvider::builder().spec(spec).build().unwrap();
}
