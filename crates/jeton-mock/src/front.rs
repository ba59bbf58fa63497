//! Where a request goes: to a page, to the control API, or to an issuer.

use std::pin::Pin;

use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, Response, StatusCode,
    header::{CONTENT_TYPE, ORIGIN, X_CONTENT_TYPE_OPTIONS},
};
use jeton_http::{BodyTimedOut, Dropped, Scheme};

use crate::{
    address::Found,
    answer::answer,
    at::{At, arrival},
    control, cors, hint, home,
    json::{json_error, unusable},
    layout::path_of,
    platform,
    provider::{ISSUERS, NoIssuer, Provider},
    spec::Endpoint,
};

/// What of the mock a request has reached.
pub(crate) struct Reached<'a> {
    /// The name of the issuer.
    name: &'a str,
    endpoint: Endpoint,
    /// The path beneath the issuer's base by which its server knows the endpoint; `None` where that is the
    /// path of the request.
    path: Option<&'a str>,
    /// Which issuer may have been meant.
    hint: Option<String>,
}

impl<'a> Reached<'a> {
    /// An endpoint that is known by the path of the request.
    pub(crate) fn as_it_is(name: &'a str, endpoint: Endpoint) -> Self {
        Self {
            name,
            endpoint,
            path: None,
            hint: None,
        }
    }
}

impl Provider {
    /// Answers one request.
    pub(crate) async fn handle(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Dropped> {
        let mut response = self.respond(request).await?;
        let nosniff = HeaderValue::from_static("nosniff");
        response
            .headers_mut()
            .insert(X_CONTENT_TYPE_OPTIONS, nosniff);
        Ok(response)
    }

    async fn respond(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Dropped> {
        let scheme = Scheme::of(&request);
        let path = request.uri().path();
        let own = path.strip_prefix(self.addresses().path());
        if let Some((name, endpoint)) = own.and_then(|own| platform::find(self, &request, own)) {
            let reached = Reached::as_it_is(&name, endpoint);
            return self.visit(reached, request, scheme).await;
        }
        match own {
            Some("/isalive") => return Ok(alive()),
            // Who watches the process need not know the path of its issuers.
            None if matches!(path, "/health" | "/isalive") => return Ok(alive()),
            Some("" | "/") if matches!(*request.method(), Method::GET | Method::HEAD) => {
                let mut home = home::home(self, &request, scheme);
                if request.method() == Method::HEAD {
                    *home.body_mut() = Bytes::new();
                }
                return Ok(home);
            }
            Some(own) if own == "/_mock" || own.starts_with("/_mock/") => {
                return control::answer(self, &request, scheme).await;
            }
            _ => {}
        }
        let found = self.route(path);
        let hint = self.hint(path, found);
        let Some(Found {
            name,
            endpoint,
            path: own,
        }) = found
        else {
            if matches!(*request.method(), Method::GET | Method::HEAD)
                && let Some(mut page) = home::of_issuer(self, &request, scheme)
            {
                if request.method() == Method::HEAD {
                    *page.body_mut() = Bytes::new();
                }
                return Ok(page);
            }
            // What is no endpoint is the default issuer's to refuse, and makes none.
            let mut response = self.pass_on(&request, scheme).await?;
            if let (Some(hint), Some(issuer)) = (hint, self.find("")) {
                hint::give(&mut response, &hint, issuer.strictness());
            }
            return Ok(response);
        };
        let (name, own) = (name.to_owned(), own.to_owned());
        let reached = Reached {
            name: &name,
            endpoint,
            path: Some(&own),
            hint,
        };
        self.visit(reached, request, scheme).await
    }

    /// The answer of an issuer.
    pub(crate) async fn visit(
        &self,
        reached: Reached<'_>,
        request: Request<Bytes>,
        scheme: Scheme,
    ) -> Result<Response<Bytes>, Dropped> {
        let Reached {
            name,
            endpoint,
            path,
            hint,
        } = reached;
        let address = self.address_of(name, &request, scheme);
        let issuer = match self.find_or_make(name) {
            Ok(issuer) => issuer,
            Err(NoIssuer::TooMany) => {
                let refusal = json_error(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "temporarily_unavailable",
                    &format!("there are {ISSUERS} issuers already; reset, or delete some"),
                );
                return Ok(readable(refusal, &request));
            }
            Err(NoIssuer::Invalid(error)) => return Ok(readable(unusable(&error), &request)),
        };
        match issuer.served(&address) {
            Ok(served) => {
                let known = match path {
                    Some(own) => format!("{}{own}", path_of(&address.base)),
                    None => request.uri().path().to_owned(),
                };
                let at = At {
                    provider: self,
                    issuer: &issuer,
                    served: &served,
                    address: &address,
                    now: issuer.now(),
                };
                // Without its type, which is too long for whoever asks whether it is `Send`.
                let answered: Pin<Box<dyn Future<Output = _> + Send>> =
                    Box::pin(answer(at, endpoint, &known, hint, request));
                answered.await
            }
            Err(error) => Ok(readable(unusable(&error), &request)),
        }
    }

    /// The refusal of a request whose body did not come in time.
    pub(crate) fn refuse_late(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let mut response = BodyTimedOut::response();
        if let Some(issuer) = self.find("")
            && let Ok(served) = issuer.served(&self.pinned(""))
        {
            let (headers, why) = (request.headers(), BodyTimedOut::WHY);
            let arrival = arrival(request, issuer.now());
            served.server.complete(&mut response, headers, arrival, why);
        }
        response
    }

    async fn pass_on(
        &self,
        request: &Request<Bytes>,
        scheme: Scheme,
    ) -> Result<Response<Bytes>, Dropped> {
        let Some(issuer) = self.find("") else {
            return Err(Dropped);
        };
        let address = self.address_of("", request, scheme);
        match issuer.served(&address) {
            Ok(served) => {
                let arrival = arrival(request, issuer.now());
                Ok(served.answer(request.clone(), arrival).await)
            }
            Err(error) => Ok(unusable(&error)),
        }
    }
}

/// A refusal of which no server says who may read it: every page may.
fn readable(mut response: Response<Bytes>, request: &Request<Bytes>) -> Response<Bytes> {
    if let Some(origin) = request.headers().get(ORIGIN) {
        cors::open_to_page(response.headers_mut(), origin.clone());
    }
    response
}

fn alive() -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(b"alive and well"));
    let text = HeaderValue::from_static("text/plain");
    response.headers_mut().insert(CONTENT_TYPE, text);
    response
}
