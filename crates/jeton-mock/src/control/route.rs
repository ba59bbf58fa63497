//! What the control API can be asked. `openapi.json` says the same; a test holds the two together.

use http::Method;

use Body::{Json, Nothing};
use Operation::{Environment, Issuer, Mock};

/// What every path of the control API begins with.
pub(super) const PREFIX: &str = "/_mock";

pub(super) struct Route {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    /// The parameters its query may have; all others are refused.
    pub(super) parameters: &'static [&'static str],
    pub(super) body: Body,
    pub(super) operation: Operation,
}

/// What a request brings besides its query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    Nothing,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// On the mock as a whole.
    Mock(OfMock),
    /// On an issuer that must be there.
    Issuer(OfIssuer),
    /// Of a job of the platform that an issuer stands in for.
    Environment,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OfMock {
    ListIssuers,
    PutIssuer,
    DeleteIssuer,
    Reset,
    Openapi,
    Ca,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OfIssuer {
    Show,
    ListUsers,
    PutUser,
    DeleteUser,
    ListClients,
    PutClient,
    DeleteClient,
    ListApis,
    PutApi,
    DeleteApi,
    ListTrust,
    PutTrust,
    DeleteTrust,
    ListRules,
    AddRule,
    DeleteRules,
    ListFaults,
    AddFault,
    DeleteFaults,
    ShowClock,
    MoveClock,
    ListKeys,
    ChangeKeys,
    ListJournal,
    CountJournal,
    TakeJournal,
    ClearJournal,
    Mint,
}

const NONE: &[&str] = &[];
const ISSUER: &[&str] = &["issuer"];
const FILTER: &[&str] = &[
    "issuer",
    "endpoint",
    "client_id",
    "grant_type",
    "subject",
    "status",
    "after",
];
const TAKE: &[&str] = &[
    "issuer",
    "endpoint",
    "client_id",
    "grant_type",
    "subject",
    "status",
    "after",
    "timeout_ms",
];

#[rustfmt::skip]
pub(super) const ROUTES: [Route; 35] = [
    route("GET", "/issuers", NONE, Nothing, Mock(OfMock::ListIssuers)),
    route("GET", "/issuer", ISSUER, Nothing, Issuer(OfIssuer::Show)),
    route("PUT", "/issuer", ISSUER, Json, Mock(OfMock::PutIssuer)),
    route("DELETE", "/issuer", ISSUER, Nothing, Mock(OfMock::DeleteIssuer)),
    route("GET", "/users", ISSUER, Nothing, Issuer(OfIssuer::ListUsers)),
    route("POST", "/users", ISSUER, Json, Issuer(OfIssuer::PutUser)),
    route("DELETE", "/users", &["issuer", "sub"], Nothing, Issuer(OfIssuer::DeleteUser)),
    route("GET", "/clients", ISSUER, Nothing, Issuer(OfIssuer::ListClients)),
    route("POST", "/clients", ISSUER, Json, Issuer(OfIssuer::PutClient)),
    route("DELETE", "/clients", &["issuer", "client_id"], Nothing, Issuer(OfIssuer::DeleteClient)),
    route("GET", "/apis", ISSUER, Nothing, Issuer(OfIssuer::ListApis)),
    route("POST", "/apis", ISSUER, Json, Issuer(OfIssuer::PutApi)),
    route("DELETE", "/apis", &["issuer", "identifier"], Nothing, Issuer(OfIssuer::DeleteApi)),
    route("GET", "/trust", ISSUER, Nothing, Issuer(OfIssuer::ListTrust)),
    route("POST", "/trust", ISSUER, Json, Issuer(OfIssuer::PutTrust)),
    route("DELETE", "/trust", &["issuer", "iss"], Nothing, Issuer(OfIssuer::DeleteTrust)),
    route("GET", "/claims", &["issuer", "id"], Nothing, Issuer(OfIssuer::ListRules)),
    route("POST", "/claims", ISSUER, Json, Issuer(OfIssuer::AddRule)),
    route("DELETE", "/claims", &["issuer", "id"], Nothing, Issuer(OfIssuer::DeleteRules)),
    route("GET", "/faults", ISSUER, Nothing, Issuer(OfIssuer::ListFaults)),
    route("POST", "/faults", ISSUER, Json, Issuer(OfIssuer::AddFault)),
    route("DELETE", "/faults", &["issuer", "id"], Nothing, Issuer(OfIssuer::DeleteFaults)),
    route("GET", "/clock", ISSUER, Nothing, Issuer(OfIssuer::ShowClock)),
    route("POST", "/clock", ISSUER, Json, Issuer(OfIssuer::MoveClock)),
    route("GET", "/keys", ISSUER, Nothing, Issuer(OfIssuer::ListKeys)),
    route("POST", "/keys", ISSUER, Json, Issuer(OfIssuer::ChangeKeys)),
    route("GET", "/journal", FILTER, Nothing, Issuer(OfIssuer::ListJournal)),
    route("DELETE", "/journal", ISSUER, Nothing, Issuer(OfIssuer::ClearJournal)),
    route("GET", "/journal/count", FILTER, Nothing, Issuer(OfIssuer::CountJournal)),
    route("POST", "/journal/take", TAKE, Nothing, Issuer(OfIssuer::TakeJournal)),
    route("POST", "/reset", &["issuer", "all"], Nothing, Mock(OfMock::Reset)),
    route("GET", "/environment", &["issuer", "audience"], Nothing, Environment),
    route("POST", "/mint", ISSUER, Json, Issuer(OfIssuer::Mint)),
    route("GET", "/openapi.json", NONE, Nothing, Mock(OfMock::Openapi)),
    route("GET", "/ca.pem", NONE, Nothing, Mock(OfMock::Ca)),
];

const fn route(
    method: &'static str,
    path: &'static str,
    parameters: &'static [&'static str],
    body: Body,
    operation: Operation,
) -> Route {
    Route {
        method,
        path,
        parameters,
        body,
        operation,
    }
}

/// Why no route answers a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoRoute {
    Path,
    /// The path answers only these methods.
    Method(String),
}

/// The route of a path without its prefix.
pub(super) fn find(method: &Method, path: &str) -> Result<&'static Route, NoRoute> {
    // HEAD asks what GET would say (RFC 9110 §9.3.2).
    let wanted = match *method {
        Method::HEAD => "GET",
        _ => method.as_str(),
    };
    let mut allowed = Vec::new();
    for route in ROUTES.iter().filter(|route| route.path == path) {
        if route.method == wanted {
            return Ok(route);
        }
        allowed.push(route.method);
        if route.method == "GET" {
            allowed.push("HEAD");
        }
    }
    if allowed.is_empty() {
        return Err(NoRoute::Path);
    }
    Err(NoRoute::Method(allowed.join(", ")))
}
