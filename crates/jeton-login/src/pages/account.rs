//! The page on which a person sees and ends what acts for them.

use core::fmt::Write;

use bytes::Bytes;
use http::Response;
use jeton::{
    GrantId, UnixTime,
    page::{Escaped, Page, standard_scope},
};

use super::{About, Named, Pages, ScopeGroup, ScopeItem, Who, hidden, initial};

/// The style of the page.
const STYLE: &str = concat!(
    include_str!("style/shared.css"),
    include_str!("style/account.css")
);

/// The most entries on one page: it stays small, whoever they are of.
pub(crate) const MOST_ENTRIES: usize = 8;

/// The most scopes that are shown of one entry.
const MOST_SCOPES: usize = 6;

/// What the page with a person's applications and devices shows.
pub(crate) struct Account<'a> {
    /// What proves that a form comes from this page, shown to this session.
    pub(crate) form_key: &'a str,
    /// Who is logged in.
    pub(crate) who: Who<'a>,
    /// The latest first; those after [`MOST_ENTRIES`] are not shown.
    pub(crate) entries: &'a [Entry<'a>],
    /// After which grant these were looked for: what the page's address has as `from`.
    pub(crate) from: Option<GrantId>,
    /// Where the older ones are: what the page's address takes as `after`.
    pub(crate) after: Option<&'a str>,
    /// After which grant there may be some that are not here.
    pub(crate) further: Option<GrantId>,
    pub(crate) notice: Notice,
}

/// What the page says has just been done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    Nothing,
    /// An application or device was ended.
    Ended,
}

/// An application that acts for the person, or devices of a kind.
pub(crate) struct Entry<'a> {
    /// What ends it is called by this.
    pub(crate) client_id: &'a str,
    pub(crate) name: &'a str,
    pub(crate) kind: EntryKind,
    pub(crate) since: UnixTime,
    pub(crate) last_used: UnixTime,
    /// What it may, as the page of consent has it.
    pub(crate) groups: Vec<ScopeGroup<'a>>,
}

/// What acts for the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryKind {
    Application,
    /// So many devices of a kind.
    Devices(usize),
    /// An application that does not act for them now, but may without asking again.
    Consent,
}

impl Pages<'_> {
    /// The page with a person's applications and devices.
    pub(crate) fn account(&self, account: &Account<'_>) -> Response<Bytes> {
        let words = &self.words().account;
        let mut body = format!("<h1>{}</h1>{}", words.title, self.you_are(&account.who));
        if account.notice == Notice::Ended {
            body += &format!("<p role=\"status\" class=\"notice\">{}</p>", words.ended);
        }
        let form = format!(
            "<form method=\"post\" action=\"{}\">{}",
            self.action("/account"),
            hidden("form_key", account.form_key)
        );
        body += &form;
        if account.entries.is_empty() {
            if account.further.is_none() {
                body += &format!("<p>{}</p>", words.none);
            }
        } else {
            let entries = account.entries.iter().take(MOST_ENTRIES).enumerate();
            let entries: String = entries
                .map(|(number, entry)| self.entry(number, entry))
                .collect();
            body += &format!("<ul class=\"entries\">{entries}</ul>");
        }
        if let Some(after) = account.after {
            let after: String = url::form_urlencoded::byte_serialize(after.as_bytes()).collect();
            let from = account.from.map(|id| format!("&amp;from={id}"));
            body += &format!(
                "<p><a href=\"{}?after={after}{}\">{}</a></p>",
                self.action("/account"),
                from.unwrap_or_default(),
                words.older
            );
        }
        if let Some(further) = account.further {
            body += &format!(
                "<p>{} <a href=\"{}?from={further}\">{}</a></p>",
                words.not_all,
                self.action("/account"),
                words.further
            );
        }
        // Writing to a string cannot fail.
        let _ = write!(
            body,
            "<section aria-labelledby=\"sessions\"><h2 id=\"sessions\">{}</h2><p class=\"hint\">{}</p>\
             <div class=\"row\"><button class=\"plain\" name=\"end\" value=\"everything\">{}</button>\
             <a class=\"button plain\" href=\"{}\">{}</a></div></section></form>",
            words.sessions,
            words.everywhere_means,
            words.everywhere,
            self.action("/logout"),
            words.log_out,
        );
        let body = format!("<main class=\"wide\">{body}</main>");
        Page {
            style: STYLE,
            body: &body,
            ..self.page(words.title)
        }
        .respond_contained()
    }

    fn entry(&self, number: usize, entry: &Entry<'_>) -> String {
        let words = &self.words().account;
        let kind = match entry.kind {
            EntryKind::Application => String::new(),
            EntryKind::Consent => format!(" <span class=\"chip\">{}</span>", words.consent),
            EntryKind::Devices(..=1) => format!(" <span class=\"chip\">{}</span>", words.device),
            EntryKind::Devices(several) => {
                format!(
                    " <span class=\"chip\">{}</span>",
                    words.devices.with(several)
                )
            }
        };
        let since = words.since.with(self.time(entry.since));
        let last_used = match entry.kind {
            EntryKind::Consent => String::new(),
            _ => format!(", {}", words.last_used.with(self.time(entry.last_used))),
        };
        format!(
            "<li><span class=\"tile\" data-initial=\"{}\"></span><div><h2 id=\"entry-{number}\">{}{kind}</h2>\
             <p class=\"hint\">{since}{last_used}</p>{}</div>\
             <button class=\"plain\" name=\"client\" value=\"{}\" id=\"end-{number}\" \
             aria-labelledby=\"end-{number} entry-{number}\">{}</button></li>",
            Escaped(&initial(entry.name)),
            Named(entry.name),
            self.may(&entry.groups),
            Escaped(entry.client_id),
            words.end,
        )
    }

    /// What an entry may.
    fn may(&self, groups: &[ScopeGroup<'_>]) -> String {
        let words = &self.words().account;
        let all: usize = groups.iter().map(|group| group.scopes.len()).sum();
        // The line that says that one is left out is as long as the one that it leaves out.
        let mut left = if all <= MOST_SCOPES + 1 {
            all
        } else {
            MOST_SCOPES
        };
        let mut lists = String::new();
        for group in groups {
            let shown = group.scopes.iter().take(left);
            left -= shown.len();
            let items: String = shown.map(|item| self.right(item)).collect();
            if items.is_empty() {
                continue;
            }
            let heading = match group.about {
                About::Api(api) => format!("<p class=\"may\">{api}</p>"),
                About::Else if !lists.is_empty() => {
                    format!("<p class=\"may\">{}</p>", self.words().consent.besides)
                }
                About::You | About::Else => String::new(),
            };
            lists += &format!("{heading}<ul class=\"may\">{items}</ul>");
        }
        if lists.is_empty() {
            return lists;
        }
        if all > MOST_SCOPES + 1 {
            let more = words.and_more.with(all - MOST_SCOPES);
            lists += &format!("<p class=\"may\">{more}</p>");
        }
        format!("<p class=\"may\">{}</p>{lists}", words.may)
    }

    /// One thing that an entry may.
    fn right(&self, item: &ScopeItem<'_>) -> String {
        let described = item.description.filter(|words| !words.is_empty());
        match described.or_else(|| standard_scope(self.language, item.scope)) {
            Some(words) => format!("<li>{}</li>", Named(words)),
            None => format!("<li><code>{}</code></li>", Named(item.scope)),
        }
    }

    /// A time, by its day: nobody here knows the person's hours.
    fn time(&self, time: UnixTime) -> String {
        let (year, month, day) = time.date();
        let says = (self.words().date)(year, month, day);
        format!("<time datetime=\"{year:04}-{month:02}-{day:02}\">{says}</time>")
    }
}
