//! What comes from others: under which licences, from where, what is known against it, and the list of it.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::report::Tally;
use crate::{product, shell, tools};

/// Who reaches the database at all has it well before.
const FETCH_LIMIT: Duration = Duration::from_secs(120);

/// Licences, sources and versions, by `deny.toml`.
pub(crate) fn deny() -> Result<&'static str> {
    let mut check = cargo_deny();
    check.args(["check", "--hide-inclusion-graph"]);
    // What is allowed and not needed any more goes.
    check.args(["-D", "unmatched-skip", "-D", "unnecessary-skip"]);
    check.args(["-D", "license-not-encountered"]);
    shell::run(check.args(["licenses", "sources", "bans"]))?;
    Ok("")
}

/// Known vulnerabilities, by RustSec's database, which lies on GitHub. Where that is out of reach
/// nothing was looked at, and the report says so; CI's workflow takes that for a failure.
pub(crate) fn advisories() -> Result<Tally> {
    let fetched = shell::status_within(cargo_deny().args(["fetch", "db"]), FETCH_LIMIT)?;
    if !fetched.success() {
        return Ok(Tally::skipped("RustSec's database cannot be fetched here"));
    }
    shell::run(cargo_deny().args(["check", "--disable-fetch", "advisories"]))?;
    Ok(Tally::passed(""))
}

fn cargo_deny() -> Command {
    shell::command(tools::python_binary("cargo-deny"))
}

/// What is deployed, and for which platform.
struct Shipped {
    folder: &'static str,
    /// As cargo-cyclonedx names it.
    binary: &'static str,
    target: &'static str,
}

const SHIPPED: [Shipped; 3] = [
    Shipped {
        folder: "crates/jeton-cli",
        binary: "jeton_bin",
        target: "x86_64-unknown-linux-musl",
    },
    Shipped {
        folder: "crates/jeton-lambda",
        binary: "jeton-lambda_bin",
        target: "aarch64-unknown-linux-gnu",
    },
    Shipped {
        folder: "crates/jeton-worker",
        binary: "jeton_worker_cdylib",
        target: "wasm32-unknown-unknown",
    },
];

/// Writes a CycloneDX bill of materials for each binary into `target/sbom`, with what builds it, and
/// returns how many components each has.
pub(crate) fn sbom() -> Result<String> {
    let output = shell::path("target/sbom");
    std::fs::create_dir_all(&output)?;
    let mut counts = Vec::new();
    for Shipped {
        folder,
        binary,
        target,
    } in SHIPPED
    {
        shell::run(cargo_cyclonedx(target).arg(shell::path(folder).join("Cargo.toml")))?;
        let written = shell::path(folder).join(format!("{binary}.cdx.json"));
        let text =
            std::fs::read_to_string(&written).with_context(|| format!("{}", written.display()));
        // It writes one beside the manifest of each binary of the workspace.
        for file in left_behind()? {
            std::fs::remove_file(file)?;
        }
        // Where this checkout lies is nobody's business.
        let text = text?.replace(&format!("{}/", shell::root().display()), "");
        let components = components(&text).with_context(|| binary.to_owned())?;
        counts.push(format!("{binary} {components}"));
        let file = output.join(format!("{binary}.cdx.json"));
        std::fs::write(&file, text)?;
        let mut validate = shell::command(tools::python_binary("python"));
        shell::run(validate.args(["-c", VALIDATE]).arg(&file))?;
    }
    Ok(counts.join(", "))
}

/// CycloneDX's own library judges.
const VALIDATE: &str = "
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
with open(sys.argv[1]) as file:
    error = JsonStrictValidator(SchemaVersion.V1_5).validate_str(file.read())
sys.exit(str(error) if error else None)
";

fn cargo_cyclonedx(target: &str) -> Command {
    let mut list = shell::command(tools::binary("cargo-cyclonedx"));
    list.args([
        "cyclonedx",
        "--quiet",
        "--format=json",
        "--spec-version=1.5",
    ]);
    list.args(["--describe=binaries", "--target", target, "--manifest-path"]);
    // The same bill for the same commit.
    if let Ok(time) = shell::read(shell::command("git").args(["log", "-1", "--format=%ct"])) {
        list.env("SOURCE_DATE_EPOCH", time.trim());
    }
    list
}

fn left_behind() -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for folder in ["crates", "bench"] {
        files.extend(product::files(&shell::path(folder), &["json"])?);
    }
    files.retain(|file| file.to_string_lossy().ends_with(".cdx.json"));
    Ok(files)
}

/// How many components a bill has. Each that is not ours must have the checksum of its lock.
fn components(bill: &str) -> Result<usize> {
    let bill: Value = serde_json::from_str(bill)?;
    let components = bill
        .get("components")
        .and_then(Value::as_array)
        .context("no components")?;
    for component in components {
        let name = text(component, "name");
        let purl = text(component, "purl");
        let is_ours = purl.contains("download_url=file:");
        if !is_ours
            && component
                .get("hashes")
                .and_then(Value::as_array)
                .is_none_or(Vec::is_empty)
        {
            bail!("{name} has no checksum");
        }
    }
    Ok(components.len())
}

fn text<'a>(component: &'a Value, member: &str) -> &'a str {
    component
        .get(member)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::components;

    #[test]
    fn what_is_not_ours_has_a_checksum() {
        let check = |component: &str, expected: Option<usize>| {
            let bill = format!(r#"{{"components":[{component}]}}"#);
            assert_eq!(components(&bill).ok(), expected, "{bill}");
        };
        check("", Some(0));
        check(
            r#"{"name":"a","purl":"pkg:cargo/a@1?download_url=file://a"}"#,
            Some(1),
        );
        check(
            r#"{"name":"a","purl":"pkg:cargo/a@1","hashes":[{"alg":"SHA-256"}]}"#,
            Some(1),
        );
        check(r#"{"name":"a","purl":"pkg:cargo/a@1","hashes":[]}"#, None);
        check(r#"{"name":"a","purl":"pkg:cargo/a@1"}"#, None);
    }
}
