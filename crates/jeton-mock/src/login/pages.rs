//! The pages of the login application.

use std::fmt::Write;

use bytes::Bytes;
use http::{Response, StatusCode};
use jeton::page::Escaped;

use super::form::LoginRequest;
use crate::{form::Form, layout::Layout, spec::User};

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

/// What the standard scopes stand for (OpenID Connect Core §5.4, §11).
const SCOPES: [(&str, &str); 6] = [
    ("openid", "Who you are"),
    ("profile", "Your name and what else makes a profile"),
    ("email", "Your email address"),
    ("address", "Your postal address"),
    ("phone", "Your phone number"),
    ("offline_access", "All this also while you are away"),
];

/// The pages for one request to log in.
pub(super) struct Pages<'a> {
    pub(super) layout: Layout<'a>,
    pub(super) sealed: &'a str,
    pub(super) asked: &'a LoginRequest,
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
pub(super) fn stray(layout: &Layout<'_>, problem: &str) -> Response<Bytes> {
    let body = format!(
        "<p role=\"alert\">{}</p><p>A login begins at the application that wants it, which sends \
         you to <code>{}/authorize</code>. To try one, use the <a href=\"{1}/debugger\">debugger</a>.</p>",
        Escaped(problem),
        Escaped(layout.path())
    );
    layout.card(StatusCode::BAD_REQUEST, "Nothing to log in to", &body)
}

/// The page for a person whose login the server refused.
pub(super) fn refused(layout: &Layout<'_>, problem: &str) -> Response<Bytes> {
    let body = format!("<p role=\"alert\">{}</p>", Escaped(problem));
    layout.card(StatusCode::BAD_REQUEST, "This did not work", &body)
}

/// The page after a logout, in the words of the server, which has one as well.
pub(super) fn signed_out(layout: &Layout<'_>) -> Response<Bytes> {
    let body = "<p>You are signed out. You can close this page.</p>";
    layout.card(StatusCode::OK, "Signed out", body)
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
        let mut body = format!("{}{}", self.client("asks who you are"), self.scope());
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
        let mut scopes = String::new();
        for (index, token) in self.asked.scopes().enumerate() {
            let name = Escaped(token);
            let meaning = SCOPES.iter().find(|(own, _)| *own == token);
            let (described, meaning) = match meaning {
                None => (String::new(), String::new()),
                Some((_, meaning)) => (
                    format!(" aria-describedby=\"meaning-{index}\""),
                    format!("<p class=\"hint\" id=\"meaning-{index}\">{meaning}</p>"),
                ),
            };
            // OpenID Connect is what was asked for: without `openid` it would be something else.
            let (fixed, sent) = match token {
                "openid" => (" disabled", hidden("scope", token)),
                _ => ("", String::new()),
            };
            let _ = write!(
                scopes,
                "<li><label><input type=\"checkbox\" name=\"scope\" value=\"{name}\" \
                 checked{fixed}{described}>{name}</label>{meaning}{sent}</li>"
            );
        }
        if !scopes.is_empty() {
            scopes = format!("<ul class=\"scopes\" aria-label=\"Scopes\">{scopes}</ul>");
        }
        let body = format!(
            "{}{}<p>You are <strong>{}</strong>.</p>{}{}{claims}{scopes}\
             <button name=\"consent\" value=\"allow\">Allow</button>\
             <button name=\"error\" value=\"access_denied\">Deny</button></form>",
            self.client("asks for your consent"),
            alert(problem),
            Escaped(user.label()),
            self.form(),
            hidden("subject", &user.sub),
        );
        self.layout.card(StatusCode::OK, "Allow access", &body)
    }

    /// The beginning of a form, with the request it is about.
    fn form(&self) -> String {
        format!(
            "<form method=\"post\" action=\"{}/login\">{}",
            Escaped(self.layout.path()),
            hidden("request", self.sealed)
        )
    }

    /// The sentence that names the client.
    fn client(&self, what: &str) -> String {
        let name = self.asked.client_name.as_deref();
        let id = self.asked.client_id.as_deref();
        match (name, id) {
            _ if self.asked.kind == "device" => {
                "<p>You are about to connect a device: it acts for whoever you log in as.</p>"
                    .to_owned()
            }
            (Some(name), Some(id)) if name != id => format!(
                "<p><strong>{}</strong> <code>{}</code> {what}.</p>",
                Escaped(name),
                Escaped(id)
            ),
            _ => format!(
                "<p><strong>{}</strong> {what}.</p>",
                Escaped(name.or(id).unwrap_or("An application"))
            ),
        }
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

/// The accessible name is the label alone; who cannot tell two labels apart gets the subject too.
fn button(user: &User) -> String {
    let label = user.label();
    let initial: String = label.chars().take(1).flat_map(char::to_uppercase).collect();
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
