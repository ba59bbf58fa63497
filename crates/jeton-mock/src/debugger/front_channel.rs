//! Grants that go through a browser: it is sent to `/authorize`, and comes back with an answer.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header::HOST};
use jeton::{
    CryptoError,
    page::{Escaped, see_other},
};
use jeton_http::Scheme;
use sha2::{Digest, Sha256};
use url::form_urlencoded::{self, Serializer};

use super::{
    Debugger,
    ask::Curl,
    grant::Grant,
    run::{Answer, Front, HELD, Run, Sent, Step},
};
use crate::{
    at::At,
    form::Form,
    layout::{advertised, path_of},
    random_id,
    spec::Endpoint,
};

impl Debugger<'_> {
    /// Sends the browser to `/authorize`, or first shows what it would be sent with.
    pub(super) fn depart(&self, grant: Grant, form: &Form) -> Result<Response<Bytes>, CryptoError> {
        let client_id = form.get("client_id").unwrap_or_default();
        let mut run = Run::new(grant, client_id, form.get("client_secret"))?;
        let front = Front {
            state: random_id()?,
            nonce: random_id()?,
            // RFC 7636 §4.1: 43 characters or more.
            code_verifier: format!("{}{}", random_id()?, random_id()?),
            redirect_uri: redirect_uri(self.at, self.request),
            is_waiting: true,
        };
        let url = authorization_url(self.at, &run, &front, form);
        let mut curl = Curl::to(&url);
        curl.text = curl.text.replacen("curl ", "curl -iL -b '' ", 1);
        run.front = Some(front);
        run.add(Step {
            title: "Send the browser to /authorize".to_owned(),
            words: "state is for the client to know its own answer by, nonce for the ID token, code_challenge for the code.",
            sent: Sent {
                text: url.clone(),
                curl: curl.text,
            },
            answer: Answer::Awaited { url: url.clone() },
        });
        let shown = self.to_run(&run.id, run.last());
        self.at.issuer.runs().keep(run);
        Ok(match form.get("then") {
            Some(_) => shown,
            None => see_other(&url),
        })
    }

    /// The browser is back, with what was asked for or with an error, in the query, in a form, or in a
    /// fragment that a page of ours has read.
    pub(super) async fn arrive(&self) -> Response<Bytes> {
        let is_post = self.request.method() == Method::POST;
        let sent = if is_post {
            Form::body(self.request)
        } else {
            Form::query(self.request)
        };
        let (by, answer) = match (sent.get("fragment"), is_post) {
            (Some(pasted), _) => ("in the fragment", fragment_of(pasted)),
            (None, true) => ("in a form", sent),
            (None, false) if sent.get("state").is_none() => return self.ask_for_fragment(),
            (None, false) => ("in the query", sent),
        };
        let state = answer.get("state").unwrap_or_default();
        let Some(mut run) = self.at.issuer.runs().waiting(state) else {
            return self.refuse(
                "No login that began in this debugger is waiting for this answer. \
                 It may have arrived already: its page is still there, one step back.",
            );
        };
        for name in HELD {
            if let Some(value) = answer.get(name) {
                run.held.insert(name, value.to_owned());
            }
        }
        if let Some(front) = &mut run.front {
            front.is_waiting = false;
        }
        if let Some(step) = run.steps.last_mut() {
            step.answer = Answer::Redirect {
                by,
                parameters: answer.pairs().to_vec(),
            };
        }
        let response = self.to_run(&run.id, run.last());
        self.at.issuer.runs().keep(run);
        response
    }

    /// The page for an answer in the address's fragment, which browsers send to nobody: a script hands it
    /// over, or whoever sees it.
    fn ask_for_fragment(&self) -> Response<Bytes> {
        let path = Escaped(self.layout.path());
        let body = format!(
            "<h1>Debugger</h1><section class=\"panel\" aria-labelledby=\"fragment\">\
             <h2 id=\"fragment\">The answer stands in the address</h2>\
             <p>After the <code>#</code>, where no server sees it. Where scripts run this page hands it \
             over by itself; else copy the whole address here.</p>\
             <form method=\"post\" action=\"{path}/debugger/callback\">\
             <label for=\"address\">Address of this page</label>\
             <input id=\"address\" class=\"mono\" name=\"fragment\" data-fragment required \
             autocomplete=\"off\" spellcheck=\"false\"><button>Read the answer</button></form></section>"
        );
        self.layout.sheet(StatusCode::OK, "Debugger", "", &body)
    }
}

/// The parameters after the `#` of an address, or of what stands there alone.
fn fragment_of(pasted: &str) -> Form {
    let (_, fragment) = pasted.split_once('#').unwrap_or(("", pasted));
    Form::parse(fragment.trim().as_bytes())
}

fn authorization_url(at: &At<'_>, run: &Run, front: &Front, form: &Form) -> String {
    let response_type = match run.grant {
        Grant::Implicit | Grant::Hybrid => form.get("response_type").unwrap_or("code id_token"),
        _ => "code",
    };
    let mut query = Serializer::new(String::new());
    query.extend_pairs([
        ("response_type", response_type),
        ("client_id", &run.client_id),
        ("redirect_uri", &front.redirect_uri),
        ("state", &front.state),
        ("nonce", &front.nonce),
    ]);
    if run.grant != Grant::Implicit {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&front.code_verifier));
        query.append_pair("code_challenge", &challenge);
        query.append_pair("code_challenge_method", "S256");
    }
    for name in ["scope", "login_hint", "prompt", "response_mode"] {
        if let Some(value) = form.get(name) {
            query.append_pair(name, value);
        }
    }
    let more = form.get("parameters").unwrap_or_default();
    query.extend_pairs(form_urlencoded::parse(more.as_bytes()));
    format!(
        "{}{}?{}",
        at.address.browser,
        advertised(at.issuer, Endpoint::Authorize),
        query.finish()
    )
}

/// The address that the browser comes back to: on the host that the page was opened on. `127.0.0.1` and
/// `localhost` are two.
fn redirect_uri(at: &At<'_>, request: &Request<Bytes>) -> String {
    let browser = &at.address.browser;
    let path = format!("{}{}/callback", path_of(browser), Endpoint::Debugger.path());
    let host = request.headers().get(HOST).and_then(|it| it.to_str().ok());
    let origin = match host {
        Some(host) if !is_at(browser, host) => {
            format!("{}://{host}", Scheme::of(request).as_str())
        }
        _ => browser
            .strip_suffix(path_of(browser))
            .unwrap_or(browser)
            .to_owned(),
    };
    format!("{origin}{path}")
}

/// Whether an address is on that host and port.
fn is_at(address: &str, host: &str) -> bool {
    address
        .split_once("://")
        .and_then(|(_, rest)| rest.strip_prefix(host))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
