//! The pages of the login application.

use std::fmt::Write;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use jeton::{
    ApiRecord, RequestId,
    page::{Escaped, Language, application, standard_scope},
};
use url::{Host, Url};

use super::form::LoginRequest;
use crate::{
    form::Form,
    layout::{JOURNAL, Layout},
    spec::User,
};

/// The errors an authorization endpoint may answer with (RFC 6749 §4.1.2.1, OpenID Connect Core
/// §3.1.2.6), a button each.
const ERRORS: [&str; 6] = [
    "login_required",
    "consent_required",
    "interaction_required",
    "account_selection_required",
    "server_error",
    "temporarily_unavailable",
];

/// The attributes of a field that cannot be taken as it is.
const INVALID: &str = " aria-invalid=\"true\" aria-describedby=\"problem\" autofocus";

/// The pages for one request to log in.
pub(super) struct Pages<'a> {
    pub(super) layout: Layout<'a>,
    pub(super) sealed: &'a str,
    pub(super) asked: &'a LoginRequest,
    /// The APIs that the issuer knows, which have words for their scopes.
    pub(super) apis: Vec<ApiRecord>,
}

/// What the form for a free subject holds already.
#[derive(Default)]
pub(super) struct Typed<'a> {
    subject: &'a str,
    claims: &'a str,
}

impl<'a> Typed<'a> {
    pub(super) fn subject(subject: &'a str) -> Self {
        Self {
            subject,
            claims: "",
        }
    }

    pub(super) fn of(form: &'a Form) -> Self {
        Self {
            subject: form.typed_subject(),
            claims: form.get("claims").unwrap_or_default(),
        }
    }
}

/// The page for a person who came without a request, or with one that is over.
pub(super) fn stray(
    layout: &Layout<'_>,
    request: &Request<Bytes>,
    problem: &str,
) -> Response<Bytes> {
    let path = Escaped(layout.path());
    let body = format!(
        "<p class=\"kind\"><span>Error 400</span><code>invalid_request</code></p>\
         <h1>Nothing to log in to</h1><p role=\"alert\">{}</p>\
         <p>A login begins at the application that wants it, which sends you to \
         <code>{path}/authorize</code>.</p>\
         <p><a class=\"button\" href=\"{path}/debugger\">Try one in the debugger</a></p>{}",
        Escaped(problem),
        reference(layout, request)
    );
    layout.card(StatusCode::BAD_REQUEST, "Nothing to log in to", &body)
}

/// Where the request that led to a page stands in the journal.
fn reference(layout: &Layout<'_>, request: &Request<Bytes>) -> String {
    let Some(id) = request.extensions().get::<RequestId>() else {
        return String::new();
    };
    let id = Escaped(id.as_str());
    format!(
        "<p class=\"hint\">Reference: <code>{id}</code><br>\
         <a href=\"{}{JOURNAL}/{id}\">See the request in the journal</a></p>",
        Escaped(layout.path())
    )
}

/// The page for a person whose login the server refused.
pub(super) fn refused(layout: &Layout<'_>, problem: &str) -> Response<Bytes> {
    let body = format!(
        "<h1>This did not work</h1><p role=\"alert\">{}</p>\
         <p class=\"hint\"><a href=\"{}{JOURNAL}\">See what was asked in the journal</a></p>",
        Escaped(problem),
        Escaped(layout.path())
    );
    layout.card(StatusCode::BAD_REQUEST, "This did not work", &body)
}

/// The page after a logout, in the words of the server, which has one as well.
pub(super) fn logged_out(layout: &Layout<'_>) -> Response<Bytes> {
    let body = "<h1>Logged out</h1><p>You are logged out. You can close this page.</p>";
    layout.card(StatusCode::OK, "Logged out", body)
}

impl Pages<'_> {
    /// The page that asks who to log in as.
    pub(super) fn who(
        &self,
        users: &[User],
        typed: &Typed<'_>,
        problem: Option<&str>,
    ) -> Response<Bytes> {
        let alert = alert(problem);
        // Where the problem is, the page begins: it stands below the users.
        let (subject, claims) = match (problem, typed.claims) {
            (None, _) => ("", ""),
            (Some(_), "") => (INVALID, ""),
            (Some(_), _) => ("", INVALID),
        };
        let form = self.form();
        let mut body = format!("{}<h1>Log in</h1>{}", self.client(), self.scope());
        if !users.is_empty() {
            let buttons: String = users.iter().map(button).collect();
            // Writing to a string cannot fail.
            let _ = write!(
                body,
                "{form}<ul class=\"users\" aria-label=\"Users\">{buttons}</ul></form>\
                 <p class=\"or\">or anyone else</p>"
            );
        }
        let errors: String = ERRORS.iter().map(|code| error(code)).collect();
        let _ = write!(
            body,
            "{form}{alert}<label for=\"username\">Subject</label>\
             <input id=\"username\" name=\"username\" value=\"{}\" required \
             autocomplete=\"username\" autocapitalize=\"none\" spellcheck=\"false\"{subject}>\
             <label for=\"claims\">Claims (JSON)</label>\
             <textarea id=\"claims\" name=\"claims\" rows=\"3\" spellcheck=\"false\" \
             placeholder='{{\"email\": \"dora@example.com\"}}'{claims}>\n{}</textarea>\
             <p class=\"hint\">Left empty, the subject gets an example of every standard claim.</p>\
             <button>Log in</button></form>\
             {form}<div class=\"last\">\
             <button class=\"plain\" name=\"error\" value=\"access_denied\">Deny</button>\
             <details><summary>Answer with an error</summary>{errors}</details></div></form>",
            Escaped(typed.subject),
            Escaped(typed.claims)
        );
        self.layout.card(StatusCode::OK, "Log in", &body)
    }

    /// The page that asks what to grant.
    pub(super) fn consent(
        &self,
        user: &User,
        claims: Option<&str>,
        problem: Option<&str>,
    ) -> Response<Bytes> {
        let claims = claims.map_or(String::new(), |claims| hidden("claims", claims));
        let name = Escaped(self.name());
        let id = match self.asked.client_id.as_deref() {
            Some(id) if id != self.name() => format!(" <code>{}</code>", Escaped(id)),
            _ => String::new(),
        };
        let back = self.asked.redirect_uri.as_deref().map(destination);
        let back = back.map_or(String::new(), |back| {
            format!("<p class=\"hint\">You will be sent to <strong>{back}</strong></p>")
        });
        let body = format!(
            "<div class=\"consent\"><div class=\"meet\" aria-hidden=\"true\">\
             <span class=\"tile\" data-initial=\"{}\"></span><i></i>\
             <span class=\"tile round\" data-initial=\"{}\"></span></div>\
             <h1>Allow access</h1>\
             <p><strong>{name}</strong>{id} asks for your consent.</p>\
             <p class=\"hint\">You are <strong>{}</strong>.</p>{back}</div>{}{}{}{claims}{}\
             <div class=\"actions\"><button name=\"consent\" value=\"allow\">Allow</button>\
             <button name=\"error\" value=\"access_denied\">Deny</button></div></form>",
            Escaped(&initial(self.name())),
            Escaped(&initial(user.label())),
            Escaped(user.label()),
            alert(problem),
            self.form(),
            hidden("subject", &user.sub),
            self.scopes(),
        );
        self.layout.card(StatusCode::OK, "Allow access", &body)
    }

    /// The scopes to leave on or off: what is asked of each API, and what of the person.
    fn scopes(&self) -> String {
        let mut groups: Vec<(String, String)> = Vec::new();
        for (index, token) in self.asked.scopes().enumerate() {
            let api = self.api_of(token);
            let words = api.and_then(|api| api.scopes.get(token)?.as_str());
            let words = words.filter(|words| !words.is_empty());
            let legend = match (api, standard_scope(Language::English, token)) {
                (Some(api), _) => match &api.name {
                    Some(name) => format!(
                        "{} <code>{}</code>",
                        Escaped(name),
                        Escaped(&api.identifier)
                    ),
                    None => format!("<code>{}</code>", Escaped(&api.identifier)),
                },
                (None, Some(_)) => "About you".to_owned(),
                (None, None) => "And besides".to_owned(),
            };
            let item = scope(
                index,
                token,
                words.or_else(|| standard_scope(Language::English, token)),
            );
            match groups.iter_mut().find(|(known, _)| *known == legend) {
                Some((_, items)) => *items += &item,
                None => groups.push((legend, item)),
            }
        }
        let mut fields = String::new();
        for (legend, items) in groups {
            // Writing to a string cannot fail.
            let _ = write!(
                fields,
                "<fieldset><legend>{legend}</legend><ul class=\"scopes\">{items}</ul></fieldset>"
            );
        }
        fields
    }

    /// The API whose scope a token is: one that the request names before any other.
    fn api_of(&self, token: &str) -> Option<&ApiRecord> {
        let mut having = self
            .apis
            .iter()
            .filter(|api| api.scopes.contains_key(token));
        let asked = |api: &&ApiRecord| self.asked.audiences.contains(&api.identifier);
        having.clone().find(asked).or_else(|| having.next())
    }

    /// The beginning of a form, with the request it is about.
    fn form(&self) -> String {
        format!(
            "<form method=\"post\" action=\"{}/login\">{}",
            Escaped(self.layout.path()),
            hidden("request", self.sealed)
        )
    }

    /// What people call the client.
    fn name(&self) -> &str {
        let name = self.asked.client_name.as_deref();
        name.or(self.asked.client_id.as_deref())
            .unwrap_or("An application")
    }

    /// The client that asks who somebody is.
    fn client(&self) -> String {
        if self.asked.kind == "device" {
            let says = "You are about to connect <strong>a device</strong>: it acts for whoever you \
                        log in as.";
            return application("device", says);
        }
        let name = Escaped(self.name());
        let id = match self.asked.client_id.as_deref() {
            Some(id) if id != self.name() => format!(" <code>{}</code>", Escaped(id)),
            _ => String::new(),
        };
        let says = format!("<strong>{name}</strong>{id} asks who you are");
        application(self.name(), &says)
    }

    /// The sentence that names the scope.
    fn scope(&self) -> String {
        let tokens: String = self
            .asked
            .scopes()
            .map(|token| format!("<li><code>{}</code></li>", Escaped(token)))
            .collect();
        if tokens.is_empty() {
            return tokens;
        }
        format!("<ul class=\"tags\" aria-label=\"Scope\">{tokens}</ul>")
    }
}

fn alert(problem: Option<&str>) -> String {
    problem.map_or(String::new(), |problem| {
        format!("<p role=\"alert\" id=\"problem\">{}</p>", Escaped(problem))
    })
}

fn hidden(name: &str, value: &str) -> String {
    format!(
        "<input type=\"hidden\" name=\"{name}\" value=\"{}\">",
        Escaped(value)
    )
}

/// Where an answer goes, as people know it: the host, or what it is that has none.
fn destination(redirect_uri: &str) -> String {
    let url = Url::parse(redirect_uri).ok();
    match url.as_ref().map(|url| (url.scheme(), url.host())) {
        Some(("http" | "https", Some(host))) if is_loopback(&host) => {
            format!("a program on this machine, {}", Escaped(&host.to_string()))
        }
        Some(("http" | "https", Some(host))) => Escaped(&host.to_string()).to_string(),
        Some((scheme, _)) => format!("the app that opens {}:", Escaped(scheme)),
        None => Escaped(redirect_uri).to_string(),
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// One scope, which may be left off. Its accessible name is the token.
fn scope(index: usize, token: &str, words: Option<&str>) -> String {
    let name = Escaped(token);
    let (described, words) = match words {
        None => (String::new(), String::new()),
        Some(words) => (
            format!(" aria-describedby=\"meaning-{index}\""),
            format!("<span id=\"meaning-{index}\">{}</span>", Escaped(words)),
        ),
    };
    // OpenID Connect is what was asked for: without `openid` it would be something else.
    let (fixed, sent) = match token {
        "openid" => (" disabled", hidden("scope", token)),
        _ => ("", String::new()),
    };
    format!(
        "<li><input type=\"checkbox\" id=\"scope-{index}\" name=\"scope\" value=\"{name}\" \
         checked{fixed} aria-labelledby=\"token-{index}\"{described}>\
         <label for=\"scope-{index}\">{words}<code id=\"token-{index}\">{name}</code></label>{sent}</li>"
    )
}

fn initial(name: &str) -> String {
    name.chars().take(1).flat_map(char::to_uppercase).collect()
}

/// The accessible name is the label alone; who cannot tell two labels apart gets the subject too.
fn button(user: &User) -> String {
    let label = user.label();
    let initial = initial(label);
    let subject = if label == user.sub {
        String::new()
    } else {
        let sub = Escaped(&user.sub);
        format!(" data-sub=\"{sub}\" aria-description=\"{sub}\"")
    };
    format!(
        "<li><button name=\"subject\" value=\"{}\" data-initial=\"{}\"{subject}>{}</button></li>",
        Escaped(&user.sub),
        Escaped(&initial),
        Escaped(label)
    )
}

fn error(code: &str) -> String {
    format!("<button class=\"plain\" name=\"error\" value=\"{code}\">{code}</button>")
}

#[cfg(test)]
mod tests {
    use super::destination;

    #[test]
    fn destinations() {
        for (redirect_uri, expected) in [
            ("https://shop.example/callback?a=b", "shop.example"),
            (
                "http://localhost:3000/cb",
                "a program on this machine, localhost",
            ),
            (
                "http://127.0.0.1/cb",
                "a program on this machine, 127.0.0.1",
            ),
            ("http://[::1]:1/cb", "a program on this machine, [::1]"),
            ("com.example.app:/cb", "the app that opens com.example.app:"),
            ("<b>", "&lt;b&gt;"),
        ] {
            assert_eq!(destination(redirect_uri), expected);
        }
    }
}
