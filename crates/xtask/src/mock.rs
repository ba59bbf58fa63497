//! What only the mock has: its control API, and its pages in a browser.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::node::{self, Run};
use crate::report::Tally;
use crate::{binaries, checks, tools};

/// Where Debian, Google and macOS put it.
const BROWSERS: [&str; 4] = [
    "/usr/bin/chromium",
    "/usr/bin/google-chrome",
    "/usr/bin/chromium-browser",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/// Over HTTP.
pub(crate) fn over_http() -> Result<Tally> {
    let mut run = Run::of_files("mock-http", &node::files("tests/mock", ".test.mjs")?)?;
    binaries::named(&mut run.command);
    run.finish()?.tally()
}

/// In Chromium, with the login's pages, which its unit tests have written. Those tests skip themselves without
/// a browser; here that is a failure.
pub(crate) fn in_browser() -> Result<Tally> {
    let browser = browser()?;
    let gallery = checks::gallery();
    if !gallery.exists() {
        bail!(
            "there is no {}: no unit test has written it",
            gallery.display()
        );
    }
    let mut run = Run::of_files("mock-browser", &node::files("tests/browser", ".test.mjs")?)?;
    binaries::named(&mut run.command)
        .env("CHROMIUM", browser)
        .env("JETON_GALLERY", gallery);
    run.finish()?.tally()
}

/// The browser that is there, else Debian's, if it may be installed.
pub(crate) fn browser() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("CHROMIUM").filter(|path| !path.is_empty()) {
        let named = PathBuf::from(named);
        if !named.exists() {
            bail!("CHROMIUM: there is no {}", named.display());
        }
        return Ok(named);
    }
    if let Some(found) = installed_browser() {
        return Ok(found);
    }
    tools::debian(&["chromium", "fonts-liberation"])?;
    installed_browser().context(
        "no Chromium: install it (Debian: apt-get install chromium), or name one in CHROMIUM",
    )
}

fn installed_browser() -> Option<PathBuf> {
    BROWSERS
        .iter()
        .map(PathBuf::from)
        .find(|path| path.exists())
}
