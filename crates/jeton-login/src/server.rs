//! A server with its own login application.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, header::CONTENT_TYPE};
use jeton::{
    Arrival, BODY_LIMIT, BUDGET, Capabilities, Config, Host, Seconds, SecretUse, Server,
    unstripped, within,
};

use crate::{
    LoginSettings,
    application::{Application, respond},
    at::At,
    stop::Stop,
};

/// How long a request to the login application may take: it waits for an upstream, which is asked several
/// times, and for stores. Shorter than what the Lambda function has (`Timeout` in `template.yaml`).
const LOGIN_BUDGET: Seconds = Seconds(9);

/// A server, and in front of it its login application, where the deployment has one.
pub struct LoginServer<H: Host> {
    server: Server<H>,
    application: Option<Application>,
}

impl<H: Host> LoginServer<H> {
    /// A server with this configuration and these capabilities. `login` is what `JETON_LOGIN` says; the
    /// configuration must have been given it by [`LoginSettings::configure`].
    pub fn new(
        config: Config,
        login: Option<LoginSettings>,
        capabilities: Capabilities<H>,
    ) -> Self {
        Self {
            application: login.map(|login| Application::new(login, &config)),
            server: Server::new(config, capabilities),
        }
    }

    /// The server behind the login application.
    pub fn server(&self) -> &Server<H> {
        &self.server
    }

    /// Answers `request`, as [`Server::handle`] does. `budget` makes what is ready after that time.
    pub async fn handle<B: Future<Output = ()>>(
        &self,
        request: Request<Bytes>,
        arrival: impl Into<Arrival>,
        budget: impl FnOnce(Seconds) -> B,
    ) -> Response<Bytes> {
        let arrival = arrival.into();
        let Some((application, path)) = self.application_at(&request) else {
            return self.server.handle(request, arrival, budget(BUDGET)).await;
        };
        let (head, body) = request.into_parts();
        let at = At {
            server: &self.server,
            app: application,
            method: &head.method,
            query: head.uri.query().unwrap_or_default(),
            headers: &head.headers,
            body: &body,
            arrival: &arrival,
        };
        let answer = if is_readable(&at) {
            // Boxed: most requests are none to the application, and should not carry its size.
            let responding = Box::pin(respond(&at, &path));
            match within(budget(LOGIN_BUDGET), responding).await {
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
        let application = self.application.as_ref()?;
        let config = self.server.config();
        let path = unstripped(config.proxy_strips(), request.uri().path());
        let path = path.strip_prefix(config.issuer().path())?;
        let is_beneath = path
            .strip_prefix(crate::application::path::LOGIN)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        is_beneath.then(|| (application, path.to_owned()))
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
