//! The page that asks for consent.

use core::fmt::{self, Write};

use bytes::Bytes;
use http::Response;
use jeton::page::{Escaped, Page, standard_scope};

use super::{Application, Named, PLAIN, Pages, Strong, Who, hidden, initial, main};

/// The style of the page.
const STYLE: &str = concat!(
    include_str!("style/shared.css"),
    include_str!("style/consent.css")
);

/// The style of what only some of these pages have, after the HTML by which one shows that it has it.
const STYLE_OF: [(&str, &str); 2] = [
    ("<small>", include_str!("style/allowed.css")),
    ("class=\"also\"", include_str!("style/also.css")),
];

/// What the page that asks for consent shows.
pub(crate) struct Consent<'a> {
    /// The sealed request.
    pub(crate) request: &'a str,
    /// What proves that a form comes from this page, shown to this session.
    pub(crate) form_key: &'a str,
    pub(crate) application: Application<'a>,
    /// Who is logged in.
    pub(crate) who: Who<'a>,
    /// What is asked for, in the order in which it is shown.
    pub(crate) groups: &'a [ScopeGroup<'a>],
    /// Of the audiences of tokens those at which nothing of that is named: none of an API, or of another.
    pub(crate) others: &'a [Audience<'a>],
    /// The claims that are asked for by name.
    pub(crate) claims: &'a [&'a str],
    pub(crate) answered: Answered,
}

/// What the person has answered so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    /// Nothing yet.
    NotYet,
    /// They allowed, and left off every scope.
    WithNothing,
}

/// Whom tokens are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Audience<'a> {
    /// What people call it, if it is an API that has a name.
    pub(crate) name: Option<&'a str>,
    pub(crate) identifier: &'a str,
}

/// What scopes are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About<'a> {
    /// The person.
    You,
    /// What is at an API.
    Api(Audience<'a>),
    /// Anything else.
    Else,
}

/// Scopes that are about the same.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScopeGroup<'a> {
    pub(crate) about: About<'a>,
    pub(crate) scopes: &'a [ScopeItem<'a>],
}

/// One scope token.
#[derive(Clone, Debug)]
pub(crate) struct ScopeItem<'a> {
    pub(crate) scope: &'a str,
    /// The API's words for it; those of the standards have their own here.
    pub(crate) description: Option<&'a str>,
    /// At which further APIs it is good, and their words: it is given to all or to none.
    pub(crate) also: Vec<(Audience<'a>, Option<&'a str>)>,
    pub(crate) before: Before,
}

/// What the person has said before of a scope, at all that it is asked for at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Before {
    /// Nothing, or not of all.
    Nothing,
    Allowed,
    Declined,
}

impl fmt::Display for Audience<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = self.name {
            write!(f, "{} ", Named(name))?;
        }
        write!(f, "<code>{}</code>", Named(self.identifier))
    }
}

impl Pages<'_> {
    /// The page that asks for consent.
    pub(crate) fn consent(&self, consent: &Consent<'_>) -> Response<Bytes> {
        let words = self.words();
        let application = &consent.application;
        let name = application.name();
        let id = if application
            .client_name
            .is_some_and(|name| name != application.client_id)
        {
            format!(" <code>{}</code>", Named(application.client_id))
        } else {
            String::new()
        };
        let account = format!(
            "<a href=\"{}\">{}</a>",
            self.action("/account"),
            words.account.title
        );
        let problem = match consent.answered {
            Answered::NotYet => String::new(),
            Answered::WithNothing => {
                format!("<p role=\"alert\">{}</p>", words.consent.nothing_chosen)
            }
        };
        let body = format!(
            "<div class=\"consent\"><div class=\"meet\" aria-hidden=\"true\">\
             <span class=\"tile\" data-initial=\"{}\"></span><i></i>\
             <span class=\"tile round\" data-initial=\"{}\"></span></div>\
             <h1>{title}</h1><p>{}{id}</p><p class=\"hint\">{}</p>{}</div>{}\
             <form method=\"post\" action=\"{}\">{problem}{}{}{}{}{}{}\
             <div class=\"actions\"><button name=\"consent\" value=\"allow\">{}</button>{}</div>\
             <div class=\"switch\"><p>{} <button class=\"link\" formaction=\"{}\" name=\"account\" \
             value=\"other\">{}</button></p></div></form><p class=\"hint\">{}</p>",
            Escaped(&initial(name)),
            Escaped(&initial(consent.who.name)),
            words.consent.asks.with(Strong(name)),
            self.goes_to(application),
            self.pages_of(application),
            self.unchecked(application),
            self.action("/consent"),
            hidden("request", consent.request),
            hidden("form_key", consent.form_key),
            self.you_are(&consent.who),
            self.scopes(consent.groups),
            self.others(consent.others),
            self.claims(consent.claims),
            words.consent.allow,
            self.back_button(PLAIN, words.consent.deny, "access_denied"),
            words.consent.not_you,
            self.action(""),
            words.common.other_account,
            words.consent.taken_back.with(account),
            title = words.consent.title,
        );
        let body = main(&body);
        let used = STYLE_OF.into_iter().filter(|(of, _)| body.contains(of));
        let style: String = [STYLE]
            .into_iter()
            .chain(used.map(|(_, part)| part))
            .collect();
        Page {
            style: &style,
            body: &body,
            ..self.page(words.consent.title)
        }
        .respond()
    }

    /// The scopes: to leave on or off where more than one is asked for.
    fn scopes(&self, groups: &[ScopeGroup<'_>]) -> String {
        let words = &self.words().consent;
        let mut fields = String::new();
        let mut number = 0;
        for group in groups.iter().filter(|group| !group.scopes.is_empty()) {
            let legend = match group.about {
                About::You => words.about_you.to_owned(),
                About::Api(api) => api.to_string(),
                About::Else => words.besides.to_owned(),
            };
            let mut items = String::new();
            for item in group.scopes {
                items += &self.scope(number, item);
                number += 1;
            }
            // Writing to a string cannot fail.
            let _ = write!(
                fields,
                "<fieldset><legend>{legend}</legend><ul>{items}</ul></fieldset>"
            );
        }
        fields
    }

    /// One scope. `openid` cannot be left off: it is what was asked for, and without it this would be
    /// something else.
    fn scope(&self, number: usize, item: &ScopeItem<'_>) -> String {
        let token = Escaped(item.scope);
        let words = match item.description.filter(|words| !words.is_empty()) {
            Some(words) => Some(Escaped(words).to_string()),
            None => standard_scope(self.language, item.scope).map(str::to_owned),
        };
        let before = match item.before {
            Before::Allowed => format!(" <small>{}</small>", self.words().consent.allowed),
            Before::Declined | Before::Nothing => String::new(),
        };
        let mut text = match words {
            Some(words) => format!("<span>{words}{before}</span>"),
            None if before.is_empty() => String::new(),
            None => format!("<span>{before}</span>"),
        };
        // Writing to a string cannot fail.
        let _ = write!(text, "<code>{token}</code>");
        for (api, words) in &item.also {
            let words = words.filter(|words| !words.is_empty());
            let words = words.map_or_else(String::new, |words| format!(": {}", Escaped(words)));
            let at = self.words().consent.also_at.with(api);
            let _ = write!(text, "<span class=\"also\">{at}{words}</span>");
        }
        if item.scope == "openid" {
            return format!(
                "<li class=\"fixed\">{}<p>{text}</p></li>",
                hidden("scope", item.scope)
            );
        }
        let checked = match item.before {
            Before::Nothing | Before::Allowed => " checked",
            Before::Declined => "",
        };
        format!(
            "<li><input type=\"checkbox\" id=\"s{number}\" name=\"scope\" value=\"{token}\"{checked}>\
             <label for=\"s{number}\">{text}</label></li>"
        )
    }

    /// The audiences at which nothing of the scope is named.
    fn others(&self, audiences: &[Audience<'_>]) -> String {
        let items = audiences.iter().map(Audience::to_string);
        tags("acts-at", self.words().consent.acts_at, items)
    }

    /// The claims that are asked for by name.
    fn claims(&self, claims: &[&str]) -> String {
        let items = claims
            .iter()
            .map(|claim| format!("<code>{}</code>", Named(claim)));
        tags("by-name", self.words().consent.by_name, items)
    }
}

/// What `says` says of a few names, and these, if there are any. `id` is the page's own word.
fn tags(id: &str, says: &str, items: impl Iterator<Item = String>) -> String {
    let items: String = items.map(|item| format!("<li>{item}</li>")).collect();
    if items.is_empty() {
        return items;
    }
    format!("<p id=\"{id}\">{says}</p><ul class=\"tags\" aria-labelledby=\"{id}\">{items}</ul>")
}
