//! What the mock's pages have in common: the frame, which the server's pages have as well, a style
//! besides the server's, and a script that copies and looks on.

use bytes::Bytes;
use http::{Response, StatusCode};
use jeton::{
    Frame, Theme,
    page::{Escaped, Language, Page},
};

use serde_json::Value;

use crate::{issuer::Issuer, spec::Endpoint};

/// The style of all pages: the few that need less of it are shown once per login.
const STYLE: &str = include_str!("layout.css");

/// What makes a page comfortable; each works without.
const SCRIPT: &str = include_str!("layout.js");

/// Where the pages about requests lie beneath an issuer.
pub(crate) const JOURNAL: &str = "/debugger/journal";

/// Where the page about faults lies beneath an issuer.
pub(crate) const FAULTS: &str = "/debugger/faults";

/// The frame of a page: the issuer it belongs to, and where that is.
#[derive(Clone, Copy)]
pub(crate) struct Layout<'a> {
    /// The issuer's name; empty for the default one.
    name: &'a str,
    /// The issuer's path on the origin that browsers use, without final slash.
    path: &'a str,
}

impl<'a> Layout<'a> {
    /// The frame of the pages of the issuer `name`, which browsers reach at `address`.
    pub(crate) fn new(name: &'a str, address: &'a str) -> Self {
        Self {
            name,
            path: path_of(address),
        }
    }

    /// The issuer's path: forms and links go there, on whatever host the page was opened.
    pub(crate) fn path(&self) -> &'a str {
        self.path
    }

    /// The home page's path.
    pub(crate) fn home(&self) -> String {
        let base = self.path.strip_suffix(self.name).unwrap_or_default();
        format!("{}/", base.trim_end_matches('/'))
    }

    /// The path of the page about the issuer.
    pub(crate) fn overview(&self) -> String {
        if self.name.is_empty() {
            self.home()
        } else {
            self.path.to_owned()
        }
    }

    /// What stands around the issuer's pages, the server's among them.
    pub(crate) fn frame(&self) -> Frame {
        let beneath = |path: &str| format!("{}{path}", self.path);
        Frame {
            name: "Jeton mock".to_owned(),
            home: Some(self.home()),
            part: Some(self.name.to_owned()).filter(|name| !name.is_empty()),
            links: vec![
                ("Issuer", self.overview()),
                ("Debugger", beneath(Endpoint::Debugger.path())),
                ("Journal", beneath(JOURNAL)),
                ("Faults", beneath(FAULTS)),
            ],
            requests: Some(format!("{}{JOURNAL}/", self.path)),
            theme: Theme::default(),
        }
    }

    /// A page that asks one thing. `body` is HTML, its heading included.
    pub(crate) fn card(&self, status: StatusCode, title: &str, body: &str) -> Response<Bytes> {
        let body = format!("<main>{body}</main>");
        Page {
            frame: &self.frame(),
            language: Language::English,
            status,
            title,
            style: STYLE,
            script: "",
            path: "",
            body: &body,
        }
        .respond()
    }

    /// A page to read in, at `path` beneath the issuer's. `body` is HTML, its heading included.
    pub(crate) fn sheet(
        &self,
        status: StatusCode,
        title: &str,
        path: &str,
        body: &str,
    ) -> Response<Bytes> {
        let body = format!("<main class=\"sheet\">{body}</main>");
        let path = match path {
            "" => self.overview(),
            path => format!("{}{path}", self.path),
        };
        Page {
            frame: &self.frame(),
            language: Language::English,
            status,
            title,
            style: STYLE,
            script: SCRIPT,
            path: &path,
            body: &body,
        }
        .respond()
    }
}

/// Text to copy: whole by a button where scripts run, and by selecting it. `name` is what it is; `html` is
/// the text as HTML.
pub(crate) fn copyable(name: &str, class: &str, html: &str) -> String {
    format!(
        "<div class=\"copyable\">\
         <button class=\"copy\" type=\"button\" hidden aria-label=\"Copy: {name}\">Copy</button>\
         <pre class=\"{class}\" tabindex=\"0\" role=\"group\" aria-label=\"{name}\">\
         <code>{html}</code></pre></div>",
        name = Escaped(name)
    )
}

/// The path of an endpoint beneath an issuer's, as its metadata has it.
pub(crate) fn advertised(issuer: &Issuer, endpoint: Endpoint) -> &str {
    let own = issuer.profile().and_then(|profile| profile.path(endpoint));
    own.unwrap_or_else(|| endpoint.path())
}

/// What a rule or a fault is narrowed to, by its `match`: HTML.
pub(crate) fn conditions(matching: &Value) -> String {
    let members = matching.as_object().into_iter().flatten();
    members
        .map(|(name, value)| match value {
            Value::Object(_) => conditions(value),
            value => condition(name, value),
        })
        .collect()
}

/// One condition: HTML.
pub(crate) fn condition(name: &str, value: &Value) -> String {
    let value = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    format!(
        "<code class=\"chip\">{} {}</code> ",
        Escaped(name),
        Escaped(&value)
    )
}

/// The path of an address without final slash.
pub(crate) fn path_of(address: &str) -> &str {
    let (_, rest) = address.split_once("://").unwrap_or(("", address));
    rest.find('/')
        .and_then(|start| rest.get(start..))
        .unwrap_or_default()
        .trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::Layout;

    #[test]
    fn paths() {
        for (name, address, path, home, overview) in [
            ("", "http://localhost:9400", "", "/", "/"),
            ("acme", "http://localhost:9400/acme", "/acme", "/", "/acme"),
            ("a/b", "https://id.example/a/b", "/a/b", "/", "/a/b"),
            ("", "http://localhost/base", "/base", "/base/", "/base/"),
            (
                "acme",
                "http://localhost/base/acme",
                "/base/acme",
                "/base/",
                "/base/acme",
            ),
        ] {
            let layout = Layout::new(name, address);
            assert_eq!(layout.path(), path, "{address}");
            assert_eq!(layout.home(), home, "{address}");
            assert_eq!(layout.overview(), overview, "{address}");
        }
    }
}
