//! A server with its own login application.

use core::{marker::PhantomData, pin::pin};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, header::CONTENT_TYPE};
use jeton::{
    Arrival, BODY_LIMIT, BUDGET, Capabilities, Config, Host, Seconds, SecretUse, Server,
    Unavailable, UnixTime, apart, unstripped, within,
};

use crate::{
    LoginSettings,
    application::{Application, respond},
    at::At,
    people::LoginPeople,
    stop::Stop,
    unknown_clients,
};

/// How long a request to the login application may take: it waits for an upstream, which is asked several
/// times, and for stores. Shorter than what the Lambda function has (`Timeout` in `template.yaml`).
const LOGIN_BUDGET: Seconds = Seconds(9);

/// A server, and in front of it its login application, where the deployment has one.
pub struct LoginServer<H: Host> {
    server: Server<WithLogin<H>>,
}

/// A host with its login application: the people whom it knows.
struct WithLogin<H>(PhantomData<H>);

impl<H: Host> Host for WithLogin<H> {
    type Registry = H::Registry;
    type Ledger = H::Ledger;
    type Crypto = H::Crypto;
    type Fetch = H::Fetch;
    type People = LoginPeople;
}

impl<H: Host> LoginServer<H> {
    /// A server with this configuration and these capabilities. `login` is what `JETON_LOGIN` says; the
    /// configuration is the one that [`LoginSettings::read`] made.
    pub fn new(
        config: Config,
        login: Option<LoginSettings>,
        capabilities: Capabilities<H>,
    ) -> Self {
        let Capabilities {
            registry,
            ledger,
            crypto,
            fetch,
            people: _,
        } = capabilities;
        let application = login.map(|login| Application::new(login, &config));
        let capabilities = Capabilities {
            registry,
            ledger,
            crypto,
            fetch,
            people: LoginPeople(application),
        };
        Self {
            server: Server::new(config, capabilities),
        }
    }

    /// Answers `request`, as [`Server::handle`] does. `budget` makes what is ready after that time.
    pub async fn handle<B: Future<Output = ()>>(
        &self,
        request: Request<Bytes>,
        arrival: impl Into<Arrival>,
        budget: impl FnOnce(Seconds) -> B,
    ) -> Response<Bytes> {
        let arrival = arrival.into();
        match self.application_at(&request) {
            None => self.server.handle(request, arrival, budget(BUDGET)).await,
            // Boxed and apart: most requests are none to the application, and should carry neither its size
            // nor its code.
            Some((application, path)) => {
                let answer = self.answer_of(application, &path, request, arrival, budget);
                apart(Box::pin(answer).as_mut()).await
            }
        }
    }

    /// What `application` answers at `path`; where nothing of it is there, what the server does.
    async fn answer_of<B: Future<Output = ()>>(
        &self,
        application: &Application,
        path: &str,
        request: Request<Bytes>,
        arrival: Arrival,
        budget: impl FnOnce(Seconds) -> B,
    ) -> Response<Bytes> {
        let (head, body) = request.into_parts();
        let at = At {
            server: self.server.inside(),
            endpoints: &self.server,
            app: application,
            method: &head.method,
            query: head.uri.query().unwrap_or_default(),
            headers: &head.headers,
            body: &body,
            arrival: &arrival,
        };
        let answer = if is_readable(&at) {
            let answered = {
                let responding = pin!(respond(&at, path));
                within(budget(LOGIN_BUDGET), responding).await
            };
            match answered {
                Some(Some(answer)) => answer,
                Some(None) => {
                    let request = Request::from_parts(head, body);
                    return self
                        .server
                        .handle(request, arrival, core::future::pending())
                        .await;
                }
                None => Stop::Slow.at_once(&at),
            }
        } else {
            Stop::Damaged.at_once(&at)
        };
        let mut response = answer.response;
        if head.method == Method::HEAD {
            *response.body_mut() = Bytes::new();
        }
        self.server.finish(&mut response, answer.audit);
        response
    }

    /// The application, and the path beneath the issuer's, if the request may be to it.
    fn application_at(&self, request: &Request<Bytes>) -> Option<(&Application, String)> {
        let application = self.server.people().0.as_ref()?;
        let config = self.server.config();
        let path = unstripped(config.proxy_strips(), request.uri().path());
        let path = path.strip_prefix(config.issuer().path())?;
        let is_beneath = path
            .strip_prefix(crate::application::path::LOGIN)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        is_beneath.then(|| (application, path.to_owned()))
    }

    /// What whoever starts the deployment should read: which clients are not registered that `JETON_LOGIN` has
    /// lists for.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn warning(&self, now: UnixTime) -> Result<Option<String>, Unavailable> {
        match &self.server.people().0 {
            Some(application) => {
                unknown_clients::warning(self.server.inside(), &application.settings, now).await
            }
            None => Ok(None),
        }
    }

    /// As [`Server::complete`].
    pub fn complete(
        &self,
        response: &mut Response<Bytes>,
        request: &HeaderMap,
        arrival: Arrival,
        why: impl Into<std::borrow::Cow<'static, str>>,
    ) {
        self.server.complete(response, request, arrival, why);
    }

    /// As [`Server::note`].
    pub async fn note(&self, used: SecretUse) {
        self.server.note(used).await;
    }
}

/// Whether its body is a form of a size that is read.
fn is_readable<H: Host>(at: &At<'_, H>) -> bool {
    if *at.method != Method::POST {
        return at.query.len() <= BODY_LIMIT;
    }
    let media_type = at.header(CONTENT_TYPE).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    at.body.len() <= BODY_LIMIT
        && media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

#[cfg(test)]
mod tests {
    use core::{
        future::pending,
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use http::{StatusCode, header::LOCATION};
    use jeton::{MemoryFetch, MemoryLedger, MemoryRegistry};
    use jeton_native::NativeCrypto;

    use super::*;

    struct InMemory;

    impl Host for InMemory {
        type Registry = MemoryRegistry;
        type Ledger = MemoryLedger;
        type Crypto = NativeCrypto;
        type Fetch = MemoryFetch;
        type People = ();
    }

    fn server(issuer: &str, proxy_strips: &str) -> LoginServer<InMemory> {
        let lookup = |name: &str| {
            let text = match name {
                "JETON_ISSUER" => issuer,
                "JETON_PROXY_STRIPS" => proxy_strips,
                "JETON_SECRET" => "jsk_-OvUPb7x8Cm_STDGXJt8XMdq9HaSfO6GH_GPzHO_xKsMo0jrj",
                "JETON_CLIENTS" => {
                    r#"[{"client_id":"shop","token_endpoint_auth_method":"none","redirect_uris":["https://shop.example.org/"]}]"#
                }
                "JETON_LOGIN" => {
                    r#"{"providers":[{"type":"github","id":"github","client_id":"a","client_secret":"b"}]}"#
                }
                _ => return None,
            };
            Some(text.to_owned())
        };
        let mut config = Config::from_lookup(lookup).unwrap();
        let login = LoginSettings::read(&mut config, &lookup).unwrap();
        let capabilities = Capabilities {
            registry: MemoryRegistry::default(),
            ledger: Some(MemoryLedger::default()),
            crypto: NativeCrypto::new(),
            fetch: MemoryFetch::default(),
            people: (),
        };
        LoginServer::new(config, login, capabilities)
    }

    /// Where a GET leads, of which nothing waits.
    fn location(server: &LoginServer<InMemory>, uri: &str) -> String {
        let request = Request::get(uri).body(Bytes::new()).unwrap();
        let mut answer = pin!(server.handle(request, UnixTime(1_800_000_000), |_| pending()));
        let Poll::Ready(response) = answer
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        else {
            panic!("{uri} waits");
        };
        assert_eq!(response.status(), StatusCode::SEE_OTHER, "{uri}");
        response.headers()[LOCATION].to_str().unwrap().to_owned()
    }

    #[test]
    fn a_login_begins_wherever_the_issuer_lies_and_whatever_a_proxy_strips() {
        for (issuer, stripped) in [
            ("https://id.example", ""),
            ("https://id.example/auth", ""),
            ("https://id.example/auth/", "/auth"),
            ("https://id.example/auth", "/auth"),
            ("https://id.example/auth/eu", "/auth"),
        ] {
            let server = server(issuer, stripped);
            let as_it_comes =
                |url: &str| url.replacen(&format!("https://id.example{stripped}"), "", 1);
            let issuer = issuer.trim_end_matches('/');
            let asked = format!(
                "{issuer}/authorize?response_type=code&client_id=shop&redirect_uri=https://shop.example.org/\
                 &code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
            );
            let login = location(&server, &as_it_comes(&asked));
            assert!(
                login.starts_with(&format!("{issuer}/login?request=")),
                "{login}"
            );
            let upstream = location(&server, &as_it_comes(&login));
            assert!(
                upstream.starts_with("https://github.com/login/oauth/authorize?"),
                "{upstream}"
            );
        }
    }
}
