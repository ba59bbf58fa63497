//! Where a request goes: to a page, to the control API, or to an issuer.

use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, Response, StatusCode,
    header::{CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
};
use jeton_http::{BodyTimedOut, Dropped, Scheme};

use crate::{
    answer::answer,
    at::{At, arrival},
    control, cors, home,
    json::{json_error, unusable},
    provider::{ISSUERS, NoIssuer, Provider},
};

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
                return Ok(control::answer(self, &request, scheme).await);
            }
            _ => {}
        }
        let Some((name, endpoint)) = self.addresses().split(path) else {
            // What is no endpoint is the default issuer's to refuse, and makes none.
            return self.pass_on(&request, scheme).await;
        };
        let issuer = match self.find_or_make(name) {
            Ok(issuer) => issuer,
            Err(NoIssuer::TooMany) => {
                return Ok(readable(json_error(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "temporarily_unavailable",
                    &format!("there are {ISSUERS} issuers already; reset, or delete some"),
                )));
            }
            Err(NoIssuer::Invalid(error)) => return Ok(readable(unusable(&error))),
        };
        let address = self.addresses().of(name, &request, scheme);
        match issuer.served(&address) {
            Ok(served) => {
                let at = At {
                    provider: self,
                    issuer: &issuer,
                    served: &served,
                    address: &address,
                    now: issuer.now(),
                };
                answer(at, endpoint, request).await
            }
            Err(error) => Ok(readable(unusable(&error))),
        }
    }

    /// The refusal of a request whose body did not come in time.
    pub(crate) fn refuse_late(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let mut response = BodyTimedOut::response();
        if let Some(issuer) = self.find("")
            && let Ok(served) = issuer.served(&self.addresses().pinned(""))
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
        let address = self.addresses().of("", request, scheme);
        match issuer.served(&address) {
            Ok(served) => Ok(served
                .server
                .handle(
                    request.clone(),
                    arrival(request, issuer.now()),
                    std::future::pending(),
                )
                .await),
            Err(error) => Ok(unusable(&error)),
        }
    }
}

/// A refusal of which no server says who may read it: every page may.
fn readable(mut response: Response<Bytes>) -> Response<Bytes> {
    cors::open_to_pages(response.headers_mut());
    response
}

fn alive() -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(b"alive and well"));
    let text = HeaderValue::from_static("text/plain");
    response.headers_mut().insert(CONTENT_TYPE, text);
    response
}
