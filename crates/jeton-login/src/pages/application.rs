//! What a page says of the application that asks.

use jeton::page::{Escaped, application};
use url::{Host, Url};

use super::{Named, Pages, Strong};

/// Who asks for a login.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asking<'a> {
    /// A client.
    Application(Application<'a>),
    /// A device, of which nothing is known before its code has been entered.
    Device,
    /// The person, to see their account.
    Account,
}

/// The application that asks for a login.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Application<'a> {
    pub(crate) client_id: &'a str,
    /// What it is called, if it is called anything.
    pub(crate) client_name: Option<&'a str>,
    /// Where the person will be sent.
    pub(crate) redirect_uri: &'a str,
    pub(crate) origin: Origin,
    /// Its own pages, addresses of https: what it is, what it does with data, and its terms.
    pub(crate) client_uri: Option<&'a str>,
    pub(crate) policy_uri: Option<&'a str>,
    pub(crate) tos_uri: Option<&'a str>,
}

/// Who registered an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The operator of this deployment.
    Operator,
    /// The application itself: its name is its own word.
    Itself,
}

impl<'a> Application<'a> {
    /// What people call it.
    pub(super) fn name(&self) -> &'a str {
        self.client_name.unwrap_or(self.client_id)
    }
}

impl Pages<'_> {
    /// The application that asks who somebody is, where it will send them, and who vouches for it.
    pub(super) fn asking(&self, asking: &Asking<'_>) -> String {
        let words = self.words();
        match asking {
            Asking::Account => format!("<p class=\"hint\">{}</p>", words.account.title),
            Asking::Device => {
                let device = format!("<strong>{}</strong>", words.common.a_device);
                application(words.account.device, &words.common.device_acts.with(device))
            }
            Asking::Application(asking) => {
                let says = words.chooser.asks.with(Strong(asking.name()));
                let goes_to = self.goes_to(asking);
                let says = format!("{says}<span class=\"hint\">{goes_to}</span>");
                application(asking.name(), &says) + &self.unchecked(asking)
            }
        }
    }

    /// The sentence that names where an answer goes.
    pub(super) fn goes_to(&self, application: &Application<'_>) -> String {
        let there = format!(
            "<strong>{}</strong>",
            self.destination(application.redirect_uri)
        );
        self.words().common.goes_to.with(there)
    }

    /// The links to the application's own pages (OpenID Connect Dynamic Client Registration 1.0 §2).
    pub(super) fn pages_of(&self, application: &Application<'_>) -> String {
        let words = &self.words().consent;
        let links: Vec<_> = [
            (application.client_uri, words.home),
            (application.policy_uri, words.policy),
            (application.tos_uri, words.terms),
        ]
        .into_iter()
        .filter_map(|(to, text)| Some(format!("<a href=\"{}\">{text}</a>", Escaped(to?))))
        .collect();
        if links.is_empty() {
            return String::new();
        }
        format!("<p class=\"hint\">{}</p>", links.join(" · "))
    }

    /// The warning about an application that registered itself.
    pub(super) fn unchecked(&self, application: &Application<'_>) -> String {
        match application.origin {
            Origin::Operator => String::new(),
            Origin::Itself => format!("<p class=\"warning\">{}</p>", self.words().common.unchecked),
        }
    }

    /// Where an answer goes, as people know it: the host, or what it is that has none.
    fn destination(&self, redirect_uri: &str) -> String {
        let common = &self.words().common;
        let url = Url::parse(redirect_uri).ok();
        match url.as_ref().map(|url| (url.scheme(), url.host())) {
            Some(("http" | "https", Some(host))) => {
                let text = host.to_string();
                if is_loopback(&host) {
                    common.program_here.with(Named(&text))
                } else {
                    // Whole, however long: its end says whose it is.
                    format!("<bdi>{}</bdi>", Escaped(&text))
                }
            }
            Some((scheme, _)) => common.app_that_opens.with(Named(scheme)),
            None => Named(redirect_uri).to_string(),
        }
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}
