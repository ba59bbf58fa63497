//! The built-in login from outside, on each host: `tests/login`.

use std::path::Path;

use anyhow::Result;

use crate::args::Target;
use crate::node::Run;
use crate::report::Tally;
use crate::{binaries, mock, shell, tools};

/// The hosts that have it. The mock has a login application of its own.
pub(crate) const HOSTS: [Target; 3] = [Target::Serve, Target::Worker, Target::Lambda];

/// What is asked of each host: over HTTP, by the OpenID Foundation's modules, in Chromium, by relying
/// parties.
const FILES: [&str; 4] = [
    "login.test.mjs",
    "conformance.test.mjs",
    "browser.test.mjs",
    "relying-parties.test.mjs",
];

/// Where Debian puts the module of Apache that is one of the relying parties.
const MOD_AUTH_OPENIDC: &str = "/usr/lib/apache2/modules/mod_auth_openidc.so";

/// Every row on one host. Those that need Chromium or Apache skip themselves without; here that is a failure
/// of the first, and is counted of the second.
pub(crate) fn on_host(host: &Target) -> Result<Tally> {
    if !Path::new(MOD_AUTH_OPENIDC).exists() {
        tools::debian(&["apache2", "libapache2-mod-auth-openidc"])?;
    }
    judged(&format!("login-on-{}", host.as_str()), &FILES, host)
}

/// The example that is started by one command, with the application that comes with it.
pub(crate) fn example() -> Result<Tally> {
    judged("login-example", &["built-in.test.mjs"], &Target::Serve)
}

/// What a login asks of a Worker's stores.
pub(crate) fn operations() -> Result<Tally> {
    judged(
        "login-operations",
        &["operations.test.mjs"],
        &Target::Worker,
    )
}

fn judged(name: &str, files: &[&str], host: &Target) -> Result<Tally> {
    let files: Vec<_> = files
        .iter()
        .map(|file| shell::path("tests/login").join(file))
        .collect();
    let mut run = Run::of_files(name, &files)?;
    binaries::both_named(&mut run.command)
        .env("JETON_TARGET", host.as_str())
        .env("JETON_PYTHON", tools::python_binary("python"))
        .env("CHROMIUM", mock::browser()?);
    run.finish()?.tally()
}
