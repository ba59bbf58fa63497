//! The page that asks whether to log out, and the one that says that it is done.

use bytes::Bytes;
use http::Response;
use jeton::page::{Escaped, Page, application};

use super::{Application, Named, Pages, Strong, Who, hidden, main};

/// The style of the page.
const STYLE: &str = concat!(
    include_str!("style/shared.css"),
    include_str!("style/logout.css")
);

/// What the page that asks whether to log out shows.
pub(crate) struct Logout<'a> {
    /// What proves that a form comes from this page, shown to this session.
    pub(crate) form_key: &'a str,
    /// The sealed request of an application, if one sent the person here, and where its way goes on.
    pub(crate) request: Option<&'a str>,
    pub(crate) return_to: Option<&'a str>,
    /// The application that sent the person here.
    pub(crate) application: Option<Application<'a>>,
    /// Who is logged in.
    pub(crate) who: Who<'a>,
    pub(crate) upstream: UpstreamLogout,
}

/// Whether a person can log out at their upstream as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UpstreamLogout {
    /// It can be asked for.
    Offered,
    /// It is what happens unless the person says otherwise.
    Usual,
    /// It has no logout that is known.
    None,
}

/// What the page after a logout shows.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LoggedOut<'a> {
    /// The name of the upstream where the person may still be logged in.
    pub(crate) upstream: Option<&'a str>,
    /// The page of the application that the person came from.
    pub(crate) home: Option<&'a str>,
}

impl Pages<'_> {
    /// The page that asks whether to log out.
    pub(crate) fn logout(&self, logout: &Logout<'_>) -> Response<Bytes> {
        let words = &self.words().logout;
        let sent_by = logout.application.map_or_else(String::new, |asking| {
            let says = words.sent_by.with(Strong(asking.name()));
            application(asking.name(), &says) + &self.unchecked(&asking)
        });
        let carried: String = [("request", logout.request), ("return_to", logout.return_to)]
            .into_iter()
            .filter_map(|(name, value)| Some(hidden(name, value?)))
            .collect();
        let upstream = match logout.upstream {
            UpstreamLogout::None => String::new(),
            UpstreamLogout::Offered => self.upstream_too("", logout.who.upstream),
            UpstreamLogout::Usual => self.upstream_too(" checked", logout.who.upstream),
        };
        let body = format!(
            "{sent_by}<h1>{title}</h1><p>{}</p>{}<form method=\"post\" action=\"{}\">{}{carried}\
             {upstream}<button>{}</button></form><p class=\"hint\">{}</p>",
            words.question,
            self.you_are(&logout.who),
            self.action("/logout"),
            hidden("form_key", logout.form_key),
            words.button,
            words.stay,
            title = words.title,
        );
        let body = main(&body);
        Page {
            body: &body,
            style: STYLE,
            ..self.page(words.title)
        }
        .respond()
    }

    /// The choice to log out at the upstream as well; `checked` is an attribute or nothing.
    fn upstream_too(&self, checked: &str, upstream: &str) -> String {
        let text = self.words().logout.upstream_too.with(Named(upstream));
        format!(
            "<p class=\"choice\"><input type=\"checkbox\" id=\"upstream\" name=\"upstream\" \
             value=\"yes\"{checked}><label for=\"upstream\">{text}</label></p>"
        )
    }

    /// The page after a logout.
    pub(crate) fn logged_out(&self, logged_out: LoggedOut<'_>) -> Response<Bytes> {
        let words = self.words();
        let upstream = logged_out.upstream.map_or_else(String::new, |name| {
            format!(
                "<p class=\"hint\">{}</p>",
                words.logout.still_upstream.with(Strong(name))
            )
        });
        let home = logged_out.home.map_or_else(String::new, |home| {
            let (home, back) = (Escaped(home), words.common.back);
            format!("<p><a class=\"button\" href=\"{home}\">{back}</a></p>")
        });
        let title = words.logout.done_title;
        let body = format!(
            "<h1>{title}</h1><p>{}</p>{upstream}{home}",
            words.logout.done
        );
        let body = main(&body);
        Page {
            body: &body,
            ..self.page(title)
        }
        .respond()
    }
}
