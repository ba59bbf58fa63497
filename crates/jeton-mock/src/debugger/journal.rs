//! The journal as people see it: the newest requests, live where scripts run, and each by itself.

use std::{fmt::Write, time::Duration};

use bytes::Bytes;
use http::{
    HeaderValue, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use jeton::page::Escaped;
use url::form_urlencoded::Serializer;

use super::{
    Debugger,
    time::{of_day, utc},
};
use crate::{
    form::Form,
    journal::{Entry, Filter},
    layout::JOURNAL,
    spec::Endpoint,
};

/// How many requests are shown.
const SHOWN: usize = 100;

/// How long who looks on waits for the next request.
const PATIENCE: Duration = Duration::from_secs(15);

/// What the journal can be narrowed to.
const FILTERS: [&str; 3] = ["endpoint", "client_id", "status"];

impl Debugger<'_> {
    /// The page with the newest requests.
    pub(super) fn journal(&self) -> Response<Bytes> {
        let query = Form::query(self.request);
        let (filter, problem) = match filter(&query) {
            Ok(filter) => (filter, None),
            Err(problem) => (Filter::default(), Some(problem)),
        };
        let journal = self.at.issuer.journal();
        let last = journal.last();
        let rows: String = journal
            .entries(&filter)
            .iter()
            .rev()
            .filter(is_shown)
            .take(SHOWN)
            .map(|entry| self.row(entry))
            .collect();
        let path = Escaped(self.layout.path());
        let mut live = Serializer::new(String::new());
        for name in FILTERS {
            live.extend_pairs(query.get(name).map(|value| (name, value)));
        }
        live.append_pair("after", "");
        let (none, hidden) = if rows.is_empty() {
            ("<p class=\"none\">No requests yet.</p>", " hidden")
        } else {
            ("", "")
        };
        let alert = problem.map_or(String::new(), |problem| {
            format!("<p role=\"alert\">{}</p>", Escaped(&problem))
        });
        let body = format!(
            "<div class=\"bar\"><h1>Journal</h1><div class=\"bar\">\
             <span class=\"live\" role=\"status\" hidden>Live</span>\
             <button class=\"plain pause\" type=\"button\" hidden>Pause</button>\
             <a class=\"button plain\" href=\"{path}{JOURNAL}\">Look again</a></div></div>\
             <p class=\"lead\">What <code>{}</code> was asked, the newest first, without secrets. Its clock \
             shows {}.</p>\
             <section aria-label=\"Requests\"><div class=\"bar\">{}</div>{alert}{none}\
             <table{hidden}><thead><tr><th scope=\"col\">Time</th><th scope=\"col\">Request</th>\
             <th scope=\"col\">Answer</th><th scope=\"col\">Client</th>\
             <th scope=\"col\">Subject</th><th scope=\"col\">By the mock</th></tr></thead>\
             <tbody data-live=\"{path}{JOURNAL}/rows?{}\" data-last=\"{last}\">{rows}</tbody></table>\
             </section>",
            Escaped(&self.at.address.issuer),
            utc(self.at.now.0),
            filters(&path.to_string(), &query),
            Escaped(&live.finish())
        );
        self.layout.sheet(StatusCode::OK, "Journal", JOURNAL, &body)
    }

    /// The rows after one that was seen, once there are some; 205 where the journal began anew meanwhile.
    pub(super) async fn rows(&self) -> Response<Bytes> {
        let filter = filter(&Form::query(self.request)).unwrap_or_default();
        let mut response = Response::new(Bytes::new());
        let entries = self.at.issuer.look(&filter, PATIENCE).await;
        if filter.after > Some(self.at.issuer.journal().last()) {
            *response.status_mut() = StatusCode::RESET_CONTENT;
        } else {
            let newest = entries.iter().rev().filter(is_shown);
            let rows: String = newest.map(|entry| self.row(entry)).collect();
            *response.body_mut() = Bytes::from(rows);
        }
        let headers = response.headers_mut();
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        headers.insert(CONTENT_TYPE, html);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }

    /// The page about one request.
    pub(super) fn entry(&self, id: &str) -> Response<Bytes> {
        let path = Escaped(self.layout.path());
        let Some(entry) = self.at.issuer.journal().find(id) else {
            let body = format!(
                "<h1>Journal</h1><section class=\"panel\"><p>There is no request <code>{}</code> in it. The \
                 newest thousand are kept, until the issuer is reset.</p>\
                 <p><a class=\"button\" href=\"{path}{JOURNAL}\">To the journal</a></p></section>",
                Escaped(id)
            );
            let status = StatusCode::NOT_FOUND;
            return self.layout.sheet(status, "Journal", JOURNAL, &body);
        };
        let body = format!(
            "<div class=\"bar\"><h1>{} <code>{}</code></h1>\
             <a class=\"button plain\" href=\"{path}{JOURNAL}\">To the journal</a></div>\
             <section aria-label=\"Request\"><h2>Request</h2>{}</section>\
             <section aria-label=\"Answer\"><h2>Answer</h2>{}</section>",
            Escaped(&entry.method),
            Escaped(&entry.path),
            asked(&entry),
            answered(&entry)
        );
        let title = format!("Request {}", entry.id);
        self.layout.sheet(StatusCode::OK, &title, JOURNAL, &body)
    }

    fn row(&self, entry: &Entry) -> String {
        let text =
            |text: Option<&str>| text.map_or(String::new(), |text| Escaped(text).to_string());
        let grant = entry.grant_type.as_deref().map(|grant| {
            let short = grant.rsplit(':').next().unwrap_or(grant);
            format!("<br><span class=\"hint\">{}</span>", Escaped(short))
        });
        format!(
            "<tr data-id=\"{id}\" id=\"request-{id}\"><td class=\"nowrap\" data-title=\"Time\">\
             <a href=\"{}{JOURNAL}/{id}\">{}</a></td>\
             <td data-title=\"Request\">{} <code>{}</code>{}</td>\
             <td data-title=\"Answer\">{}</td><td data-title=\"Client\">{}</td>\
             <td data-title=\"Subject\">{}</td><td data-title=\"By the mock\">{}</td></tr>",
            Escaped(self.layout.path()),
            of_day(entry.at.0),
            Escaped(&entry.method),
            Escaped(entry.endpoint.as_str()),
            grant.unwrap_or_default(),
            status(entry),
            text(entry.client_id.as_deref()),
            text(entry.subject.as_deref()),
            doings(entry),
            id = entry.id,
        )
    }
}

/// Looking on is not among what is looked at.
fn is_shown(entry: &&Entry) -> bool {
    entry.endpoint != Endpoint::Debugger
}

/// The filter that a query says.
fn filter(query: &Form) -> Result<Filter, String> {
    let mut filter = Filter {
        client_id: query.get("client_id").map(str::to_owned),
        ..Filter::default()
    };
    if let Some(endpoint) = query.get("endpoint") {
        filter.endpoint = Some(endpoint.parse().map_err(|_| "There is no such endpoint.")?);
    }
    if let Some(status) = query.get("status") {
        filter.status = Some(
            status
                .parse()
                .map_err(|_| "A status is a number, such as 400.")?,
        );
    }
    if let Some(after) = query.get("after") {
        filter.after = after.parse().ok();
    }
    Ok(filter)
}

fn filters(path: &str, query: &Form) -> String {
    let chosen = query.get("endpoint");
    let options: String = Endpoint::ALL
        .iter()
        .filter(|endpoint| **endpoint != Endpoint::Debugger)
        .map(|endpoint| {
            let mark = if chosen == Some(endpoint.as_str()) {
                " selected"
            } else {
                ""
            };
            format!("<option{mark}>{endpoint}</option>")
        })
        .collect();
    let field = |name: &str, label: &str| {
        format!(
            "<div><label for=\"{name}\">{label}</label><input id=\"{name}\" name=\"{name}\" \
             value=\"{}\" autocomplete=\"off\" spellcheck=\"false\"></div>",
            Escaped(query.get(name).unwrap_or_default())
        )
    };
    format!(
        "<form action=\"{path}{JOURNAL}\"><div><label for=\"endpoint\">Endpoint</label>\
         <select id=\"endpoint\" name=\"endpoint\"><option value=\"\">any</option>{options}</select>\
         </div>{}{}<button class=\"plain\">Filter</button></form>",
        field("client_id", "Client"),
        field("status", "Status")
    )
}

fn status(entry: &Entry) -> String {
    let chip = match entry.status {
        Some(status) if status < 400 && entry.error.is_none() => {
            format!("<span class=\"chip fine\">{status}</span>")
        }
        Some(status) => format!("<span class=\"chip warn\">{status}</span>"),
        None => "<span class=\"chip warn\">dropped</span>".to_owned(),
    };
    let error = entry.error.as_deref();
    let error = error.map_or(String::new(), |error| {
        format!(" <code>{}</code>", Escaped(error))
    });
    format!("{chip}{error}")
}

/// What the mock did besides what production does.
fn doings(entry: &Entry) -> String {
    let mut doings = Vec::new();
    if !entry.faults.is_empty() {
        doings.push(format!("fault: {}", entry.faults.join(", ")));
    }
    if !entry.waived.is_empty() {
        doings.push(format!("waived: {}", entry.waived.join(", ")));
    }
    let doings: Vec<_> = doings.iter().map(|it| Escaped(it).to_string()).collect();
    doings.join("<br>")
}

fn asked(entry: &Entry) -> String {
    let mut facts = format!(
        "<dt>Time</dt><dd>{}</dd><dt>Endpoint</dt><dd><code>{}</code></dd>",
        utc(entry.at.0),
        Escaped(entry.endpoint.as_str())
    );
    for (name, value) in [
        ("Client", entry.client_id.as_deref()),
        ("Subject", entry.subject.as_deref()),
        ("Reference", entry.request_id.as_deref()),
    ] {
        if let Some(value) = value {
            // Writing to a string cannot fail.
            let _ = write!(
                facts,
                "<dt>{name}</dt><dd><code>{}</code></dd>",
                Escaped(value)
            );
        }
    }
    let mut parameters = String::new();
    for (name, value) in &entry.parameters {
        let _ = write!(
            parameters,
            "<tr><th scope=\"row\"><code>{}</code></th><td class=\"mono\">{}</td></tr>",
            Escaped(name),
            Escaped(value)
        );
    }
    let parameters = match parameters.as_str() {
        "" => "<p class=\"hint\">It has no parameters.</p>".to_owned(),
        rows => format!(
            "<table><thead><tr><th scope=\"col\">Parameter</th><th scope=\"col\">Value</th></tr>\
             </thead><tbody>{rows}</tbody></table>"
        ),
    };
    format!("<dl class=\"list\">{facts}</dl>{parameters}")
}

fn answered(entry: &Entry) -> String {
    let mut facts = format!("<dt>Status</dt><dd>{}</dd>", status(entry));
    for (name, text) in [("Why", &entry.reason), ("Hint", &entry.hint)] {
        if let Some(text) = text {
            let _ = write!(facts, "<dt>{name}</dt><dd>{}</dd>", Escaped(text));
        }
    }
    for (name, words, values) in [
        (
            "Waived",
            "A strict issuer would have refused it for this.",
            entry
                .waived
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>(),
        ),
        ("Faults", "They acted on purpose.", entry.faults.clone()),
    ] {
        if !values.is_empty() {
            let values: String = values
                .iter()
                .map(|value| format!("<code>{}</code> ", Escaped(value)))
                .collect();
            let _ = write!(
                facts,
                "<dt>{name}</dt><dd>{values}<br><span class=\"hint\">{words}</span></dd>"
            );
        }
    }
    format!("<dl class=\"list\">{facts}</dl>")
}
