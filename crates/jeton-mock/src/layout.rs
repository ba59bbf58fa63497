//! What the mock's pages have in common: a bar at the top, and a style besides the core's.

use bytes::Bytes;
use http::{Response, StatusCode};
use jeton::page::{Escaped, Page};

/// The style of all pages: the few that need less of it are shown once per login.
const STYLE: &str = include_str!("layout.css");

/// A jeton, drawn rather than fetched: the pages load nothing.
const COIN: &str = "<svg viewBox=\"0 0 32 32\" width=\"24\" height=\"24\" aria-hidden=\"true\">\
    <circle cx=\"16\" cy=\"16\" r=\"15\" fill=\"#d99a1c\"/>\
    <circle cx=\"16\" cy=\"16\" r=\"11.5\" fill=\"none\" stroke=\"#fff3d6\" stroke-width=\"1.6\" \
    stroke-dasharray=\"1.6 2\"/>\
    <path d=\"M18.6 10v8.2a3.3 3.3 0 0 1-6.4 1.1\" fill=\"none\" stroke=\"#fff\" \
    stroke-width=\"2.6\" stroke-linecap=\"round\"/></svg>";

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
    fn home(&self) -> String {
        let base = self.path.strip_suffix(self.name).unwrap_or_default();
        format!("{}/", base.trim_end_matches('/'))
    }

    /// A page that asks one thing. `body` is HTML.
    pub(crate) fn card(&self, status: StatusCode, title: &str, body: &str) -> Response<Bytes> {
        let body = format!(
            "{}<main class=\"card\"><h1>{}</h1>{body}</main>",
            self.bar(""),
            Escaped(title)
        );
        respond(status, title, &body)
    }

    /// A page to read in. `body` is HTML, its first heading included.
    pub(crate) fn sheet(&self, status: StatusCode, title: &str, body: &str) -> Response<Bytes> {
        let links = format!(
            "<nav aria-label=\"Pages\"><a href=\"{}\">Home</a><a href=\"{}/debugger\">Debugger</a>\
             <a href=\"{0}_mock/openapi.json\">Control API</a></nav>",
            Escaped(&self.home()),
            Escaped(self.path)
        );
        let body = format!("{}<main class=\"sheet\">{body}</main>", self.bar(&links));
        respond(status, title, &body)
    }

    fn bar(&self, links: &str) -> String {
        let issuer = if self.name.is_empty() {
            String::new()
        } else {
            format!("<span>issuer <code>{}</code></span>", Escaped(self.name))
        };
        format!(
            "<header><a class=\"brand\" href=\"{}\">{COIN}Jeton mock</a>{issuer}{links}</header>",
            Escaped(&self.home())
        )
    }
}

fn respond(status: StatusCode, title: &str, body: &str) -> Response<Bytes> {
    let title = format!("{title} · Jeton mock");
    Page {
        status,
        title: &title,
        style: STYLE,
        body,
    }
    .respond()
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
        for (name, address, path, home) in [
            ("", "http://localhost:9400", "", "/"),
            ("acme", "http://localhost:9400/acme", "/acme", "/"),
            ("a/b", "https://id.example/a/b", "/a/b", "/"),
            ("", "http://localhost/base", "/base", "/base/"),
            ("acme", "http://localhost/base/acme", "/base/acme", "/base/"),
        ] {
            let layout = Layout::new(name, address);
            assert_eq!(layout.path(), path, "{address}");
            assert_eq!(layout.home(), home, "{address}");
        }
    }
}
