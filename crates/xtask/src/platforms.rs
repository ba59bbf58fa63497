//! Platforms that the mock stands in for, asked by their own SDKs, and a Jeton that trusts them:
//! `tests/platforms`.

use anyhow::Result;

use crate::node::{self, Run};
use crate::report::Tally;
use crate::{binaries, shell, tools};

const FOLDER: &str = "tests/platforms";
const PYTHON: &str = "target/tools/platforms";

/// Their SDKs in a folder of their own, so that they decide no versions of ours.
pub(crate) fn run() -> Result<Tally> {
    tools::npm_packages(FOLDER)?;
    tools::npm_packages("packages/js/jeton-client")?;
    tools::python_packages(PYTHON, &format!("{FOLDER}/requirements.txt"))?;
    let mut run = Run::of_files("platforms", &node::files(FOLDER, ".test.mjs")?)?;
    let python = shell::path(PYTHON).join("bin/python");
    binaries::named(&mut run.command).env("PYTHON", python);
    run.finish()?.tally()
}
