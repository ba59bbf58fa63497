//! The debugger: runs grants step by step, reads tokens, shows the journal, sets faults. It asks nobody but
//! the mock itself, and the mock as a client would, so that leniency, faults and claims apply.

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, Uri};
use jeton::page::{Escaped, see_other};

use crate::{
    at::At,
    control,
    form::Form,
    layout::{JOURNAL, Layout},
    spec::Endpoint,
};

mod ask;
mod faults;
mod front_channel;
mod grant;
mod journal;
mod pages;
mod reading;
mod run;
mod steps;
pub(crate) mod time;
mod token;

pub(crate) use run::Runs;

use grant::Grant;
use token::Reading;

/// The debugger for one request.
struct Debugger<'a> {
    at: &'a At<'a>,
    request: &'a Request<Bytes>,
    layout: Layout<'a>,
}

/// The debugger's pages. Only a form on one of them makes it do anything.
pub(crate) async fn respond(at: &At<'_>, request: &Request<Bytes>) -> Response<Bytes> {
    let debugger = Debugger {
        at,
        request,
        layout: Layout::new(at.issuer.name(), &at.address.browser),
    };
    let path = beneath(request.uri().path());
    let is_post = request.method() == Method::POST;
    if is_post && !debugger.is_own_form() {
        return debugger.refuse("This form was sent from a page that is not the mock's.");
    }
    match (is_post, path) {
        (_, "/callback") => debugger.arrive().await,
        (true, "/faults") => debugger.change_faults(),
        (false, "/faults") => debugger.faults(StatusCode::OK, None),
        (false, "/journal") => debugger.journal(),
        (false, "/journal/rows") => debugger.rows().await,
        (false, path) if path.starts_with("/journal/") => {
            debugger.entry(path.trim_start_matches("/journal/"))
        }
        (true, path) if path.starts_with("/run/") => {
            debugger.go_on(path.trim_start_matches("/run/")).await
        }
        (false, path) if path.starts_with("/run/") => {
            debugger.show_run(path.trim_start_matches("/run/")).await
        }
        (true, _) => debugger.act().await,
        (false, _) => {
            let query = Form::query(request);
            debugger.show(StatusCode::OK, &query, "").await
        }
    }
}

/// Whether a request changes nothing and is worth no line in the journal: what looks on would else be most
/// of what is seen.
pub(crate) fn is_looking_on(method: &Method, uri: &Uri) -> bool {
    *method == Method::GET && beneath(uri.path()) != "/callback"
}

/// What of a path stands beneath the debugger's.
fn beneath(path: &str) -> &str {
    let own = path.rsplit_once(Endpoint::Debugger.path());
    own.map_or("", |(_, beneath)| beneath)
}

impl Debugger<'_> {
    /// The page with the grants, of which `form` says which and what was typed.
    async fn show(&self, status: StatusCode, form: &Form, result: &str) -> Response<Bytes> {
        let offered = self.offered().await;
        let asked = form.get("grant").or_else(|| form.get("do"));
        let grant = asked.and_then(Grant::of).unwrap_or(Grant::Code);
        let body = pages::debugger(self.at, self.layout.path(), &offered, grant, form, result);
        let path = Endpoint::Debugger.path();
        self.layout.sheet(status, "Debugger", path, &body)
    }

    fn refuse(&self, problem: &str) -> Response<Bytes> {
        let body = format!(
            "<h1>This did not work</h1><p role=\"alert\">{}</p>\
             <p><a class=\"button\" href=\"{path}/debugger\">To the debugger</a> \
             <a class=\"button plain\" href=\"{path}{JOURNAL}\">See the journal</a></p>",
            Escaped(problem),
            path = Escaped(self.layout.path())
        );
        let status = StatusCode::BAD_REQUEST;
        self.layout.card(status, "This did not work", &body)
    }

    async fn act(&self) -> Response<Bytes> {
        let form = Form::body(self.request);
        match form.get("do").and_then(Grant::of) {
            Some(grant) => self.begin(grant, &form).await,
            None => self.read(&form).await,
        }
    }

    /// Whether a form stands on a page of the mock's: one on another site must not make tokens here.
    fn is_own_form(&self) -> bool {
        let known = self.at.provider.addresses().origins();
        control::origin::foreign(self.request.headers(), known).is_none()
    }

    async fn read(&self, form: &Form) -> Response<Bytes> {
        let Some(token) = form.get("token") else {
            let alert = "<p role=\"alert\">Paste a token to read it.</p>";
            return self.show(StatusCode::BAD_REQUEST, form, alert).await;
        };
        let keys = self.published_keys().await;
        let section = reading::section(self.at, "", token, &Reading::of(token), &keys).await;
        self.show(StatusCode::OK, form, &section).await
    }

    /// To the page of a run, where its last step stands.
    fn to_run(&self, id: &str, step: usize) -> Response<Bytes> {
        see_other(&format!(
            "{}/debugger/run/{id}#step-{step}",
            self.layout.path()
        ))
    }
}
