//! `/login`: who is it, may they, and do they agree.

use http::{HeaderValue, header::SET_COOKIE};
use jeton::{Audit, Fault, Host, Seconds, page::see_other};
use serde_json::Value;

use crate::{
    application::{Answer, path, unreadable},
    asked::{Asked, Refused, RequestKind, accept, describe, reject},
    at::At,
    claims::claims_in,
    consent::{self, Standing},
    eligible::{Eligible, Ineligible},
    finished,
    flow::{Flow, NotBegun},
    pages::{AccountWanted, Answered, Asking, Chooser, OtherPerson, Problem},
    rejection::Rejection,
    renewal::{self, Freshness},
    session::Session,
    settings::LoginSettings,
    stop::{Context, Stop, Stopped},
    trouble::Trouble,
    view,
    ways::{Begin, RefreshToken, Way},
};

/// `GET`: the way on of whoever is known, or a page that asks.
pub(crate) async fn show<H: Host>(at: &At<'_, H>) -> Result<Answer, Stopped> {
    let parameters = at.parameters().ok_or_else(unreadable)?;
    let request = parameters.get("request").ok_or_else(unreadable)?;
    let asked = asked(at, request).await?;
    let silent = asked.prompts("none");
    let context = Context::of(request, &asked);
    let session = Session::find(at)
        .await
        .map_err(|_| context.stopped(Stop::Store))?;
    if let Some(session) = session.as_ref().filter(|_| !silent) {
        let finished = finished::of_request(at, session, &asked).await;
        if let Some(finished) = finished.map_err(|_| context.stopped(Stop::Store))? {
            return Ok(finished);
        }
    }
    let eligible = match Eligible::check(at, request, &asked, session.as_ref()) {
        Ok(eligible) => eligible,
        Err(why) => return turn_away(at, request, &asked, why).await,
    };
    let session = eligible.session();
    // Whoever is not to be asked is sent nowhere, and is held against it once they got something from the person.
    if !silent {
        let freshness = renewal::freshness(at, session, request, &asked).await;
        let freshness = freshness.map_err(|_| context.stopped(Stop::Store))?;
        if freshness != Freshness::Enough
            && let Some(way) = at.app.settings.way(&session.way)
        {
            return begin_at(at, way, Some((request, &asked)), None).await;
        }
    }
    let standing = consent::standing(at, eligible)
        .await
        .map_err(|_| context.stopped(Stop::Store))?;
    let scope = match standing {
        Standing::Given(scope) => scope,
        // Whoever got nothing from the person yet is not told that they are the one who was asked for.
        Standing::Unknown if silent && asked.sub.is_some() => {
            return send_back(at, request, Rejection::NotLoggedIn).await;
        }
        Standing::Unknown | Standing::Known if silent => {
            return send_back(at, request, Rejection::NotAgreed).await;
        }
        Standing::Unknown | Standing::Known => {
            return consent::page(at, eligible, Answered::NotYet).await;
        }
    };
    if silent {
        return go_on(at, eligible, scope.as_deref()).await;
    }
    accepted(at, eligible, scope.as_deref()).await
}

/// What becomes of a request that the session of the browser may not answer.
pub(crate) async fn turn_away<H: Host>(
    at: &At<'_, H>,
    request: &str,
    asked: &Asked,
    why: Ineligible<'_>,
) -> Result<Answer, Stopped> {
    if asked.prompts("none") {
        // As whoever is the one asked for: how long it takes shall not tell them apart.
        if let (Some(_), Some(session)) = (&asked.sub, why.session()) {
            let read = consent::read(at, &session.subject).await;
            read.map_err(|_| Context::of(request, asked).stopped(Stop::Store))?;
        }
        let rejection = match why {
            Ineligible::NotAdmitted(..) if asked.sub.is_none() => {
                Rejection::Met(Problem::NotAllowed)
            }
            // Alike whoever it is, where somebody is asked for.
            _ => Rejection::NotLoggedIn,
        };
        return send_back(at, request, rejection).await;
    }
    match why {
        Ineligible::LoginNeeded => ask_who(at, request, asked).await,
        Ineligible::OtherPerson(session) => {
            let Some(application) = view::application(asked) else {
                return Err(unreadable());
            };
            let language = at.language(asked.ui_locales.as_deref());
            let other = view::pages(at, language).other_person(&OtherPerson {
                request,
                application,
                who: view::who(&at.app.settings, session),
            });
            Ok(other.into())
        }
        Ineligible::NotAdmitted(session, by) => {
            let stop = Stop::NotAdmitted(Box::new(session.clone()), by);
            Err(Context::of(request, asked).stopped(stop))
        }
    }
}

/// What the server says of the request that a person came with.
pub(crate) async fn asked<H: Host>(at: &At<'_, H>, request: &str) -> Result<Asked, Stopped> {
    let described = describe(at, request).await;
    let asked = described.map_err(|it| Context::of_request(request).refused(it))?;
    if asked.kind == RequestKind::Logout {
        return Err(unreadable());
    }
    Ok(asked)
}

/// The page that asks which way the person comes; or that way at once, where there is only one for them.
async fn ask_who<H: Host>(at: &At<'_, H>, request: &str, asked: &Asked) -> Result<Answer, Stopped> {
    let of = Some((request, asked));
    let ways = ways_for(at, of)?;
    let by_hint = asked
        .login_hint
        .as_deref()
        .and_then(|hint| at.app.settings.way_for_hint(hint))
        .filter(|way| ways.iter().any(|it| it.id == way.id))
        .filter(|_| !asked.prompts("select_account"));
    match by_hint.or_else(|| only(&ways)) {
        Some(way) => begin_at(at, way, of, None).await,
        None => Ok(chooser(at, of, &ways, AccountWanted::Any)),
    }
}

/// The ways that can do what is asked for: where a recent login is, those that may say when it was.
fn ways_for<'a, H: Host>(
    at: &At<'a, H>,
    of: Option<(&str, &Asked)>,
) -> Result<Vec<&'a Way>, Stopped> {
    let ways = &at.app.settings.ways;
    let Some((request, asked)) = of.filter(|(_, asked)| wants_to_know_when(asked)) else {
        return Ok(ways.iter().collect());
    };
    let able: Vec<_> = ways.iter().filter(|way| way.may_say_when()).collect();
    if able.is_empty() {
        let context = Context::of(request, asked);
        let context = match ways.as_slice() {
            [way] => context.by(&way.id),
            _ => context,
        };
        return Err(context.stopped(Stop::Upstream(Trouble::Undated)));
    }
    Ok(able)
}

fn only<'a>(ways: &[&'a Way]) -> Option<&'a Way> {
    match ways {
        [only] => Some(only),
        _ => None,
    }
}

/// The page with the ways to log in, to see one's account.
pub(crate) fn choose<H: Host>(at: &At<'_, H>) -> Answer {
    let ways: Vec<_> = at.app.settings.ways.iter().collect();
    chooser(at, None, &ways, AccountWanted::Any)
}

/// The page with these ways to log in, for a request, or to see one's account.
fn chooser<H: Host>(
    at: &At<'_, H>,
    of: Option<(&str, &Asked)>,
    ways: &[&Way],
    account: AccountWanted,
) -> Answer {
    let ui_locales = of.and_then(|(_, asked)| asked.ui_locales.as_deref());
    let page = view::pages(at, at.language(ui_locales)).chooser(&Chooser {
        request: of.map_or("", |(request, _)| request),
        asking: of.map_or(Asking::Account, |(_, asked)| view::asking(asked)),
        account,
        ways: &view::ways(ways),
    });
    page.into()
}

/// `POST`: a login begins at the upstream that the person chose.
pub(crate) async fn begin<H: Host>(at: &At<'_, H>) -> Result<Answer, Stopped> {
    let parameters = at.parameters().ok_or_else(unreadable)?;
    let settings = &at.app.settings;
    let asked = match parameters.get("request") {
        Some(request) => Some((request, asked(at, request).await?)),
        None => None,
    };
    let of = asked.as_ref().map(|(request, asked)| (*request, asked));
    if let Some(finished) = finished_before(at, of).await? {
        return Ok(finished);
    }
    let another = Some("select_account").filter(|_| parameters.get("account") == Some("other"));
    // Another site's form would choose for the person whose account it is, where the upstream asks nothing.
    if !at.is_from_our_page() {
        return Ok(chooser(at, of, &ways_for(at, of)?, AccountWanted::Any));
    }
    if let Some(id) = parameters.get("provider") {
        let way = settings.way(id).ok_or_else(unreadable)?;
        return begin_at(at, way, of, another).await;
    }
    if another.is_none() {
        return Err(unreadable());
    }
    let ways = ways_for(at, of)?;
    match only(&ways) {
        Some(way) => begin_at(at, way, of, another).await,
        None => Ok(chooser(at, of, &ways, AccountWanted::Another)),
    }
}

/// The page that says so, where the browser has finished this very login: it has kept the page with the ways.
async fn finished_before<H: Host>(
    at: &At<'_, H>,
    of: Option<(&str, &Asked)>,
) -> Result<Option<Answer>, Stopped> {
    let Some((request, asked)) = of else {
        return Ok(None);
    };
    let store = |_| Context::of(request, asked).stopped(Stop::Store);
    match Session::find(at).await.map_err(store)? {
        Some(session) => finished::of_request(at, &session, asked)
            .await
            .map_err(store),
        None => Ok(None),
    }
}

/// The way to an upstream, with a cookie by which this browser is known when it comes back.
async fn begin_at<H: Host>(
    at: &At<'_, H>,
    way: &Way,
    of: Option<(&str, &Asked)>,
    prompt: Option<&'static str>,
) -> Result<Answer, Stopped> {
    let (request, asked) = of.unzip();
    let context = of.map_or_else(Context::default, |(request, asked)| {
        Context::of(request, asked)
    });
    let context = context.by(&way.id);
    if asked.is_some_and(wants_to_know_when) && !way.may_say_when() {
        return Err(context.stopped(Stop::Upstream(Trouble::Undated)));
    }
    // Whoever logs in anew can do so with another account.
    let prompt = match asked.and_then(prompt_of) {
        Some("login") => Some("login"),
        of_application => prompt.or(of_application),
    };
    // What the application asks for, whichever button led here: upstreams may pass over `prompt` in silence, and
    // say when the person logged in if this is asked.
    let max_age = asked.and_then(Asked::most_seconds);
    let ui_locales = asked.and_then(|asked| asked.ui_locales.as_deref());
    let flow = Flow::begin(at, &way.id, request, max_age, ui_locales);
    let mut flow = flow.map_err(|_| context.stopped(Stop::Broken))?;
    flow.wants_refresh_token = match asked {
        Some(asked) => renewal::is_wanted(at, asked)
            .await
            .map_err(|_| context.stopped(Stop::Store))?,
        None => false,
    };
    let cookies = match flow.cookies(at) {
        Ok(cookies) => cookies,
        Err(NotBegun::TooLong) => {
            return match request {
                Some(request) => send_back(at, request, Rejection::TooLong).await,
                None => Err(unreadable()),
            };
        }
        Err(NotBegun::Broken) => return Err(context.stopped(Stop::Broken)),
    };
    let begin = Begin {
        redirect_uri: &callback_url(at, way),
        state: &flow.state,
        nonce: &flow.nonce,
        code_challenge: &challenge_of(&flow.code_verifier),
        login_hint: asked.and_then(|asked| hint_for_upstream(&at.app.settings, asked)),
        prompt,
        max_age: max_age.map(Seconds),
        ui_locales,
        acr_values: asked.and_then(|asked| asked.acr_values.as_deref()),
        refresh_token: if flow.wants_refresh_token {
            RefreshToken::Wanted
        } else {
            RefreshToken::NotWanted
        },
    };
    let url = way
        .authorization_url(&at.with(), &begin)
        .await
        .map_err(|trouble| context.stopped(Stop::Upstream(trouble)))?;
    let mut response = see_other(url.as_str());
    for cookie in cookies {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response.into())
}

/// The address at which a person comes back from an upstream. Each has its own (RFC 9700 §4.4.2.2).
pub(crate) fn callback_url<H: Host>(at: &At<'_, H>, way: &Way) -> String {
    at.url_of(&format!("{}{}", path::CALLBACK, way.id))
}

/// Whether the application wants to know when the person logged in (OpenID Connect Core 1.0 §3.1.2.1), which
/// a login by an upstream that does not say would make up.
fn wants_to_know_when(asked: &Asked) -> bool {
    asked.most_seconds().is_some()
}

/// The hint that an upstream is given: the id of a way means nothing there.
fn hint_for_upstream<'a>(settings: &LoginSettings, asked: &'a Asked) -> Option<&'a str> {
    let hint = asked.login_hint.as_deref()?;
    settings.way(hint).is_none().then_some(hint)
}

/// What is asked of an upstream where the application asks for more than a session.
fn prompt_of(asked: &Asked) -> Option<&'static str> {
    if asked.most_seconds() == Some(0) {
        Some("login")
    } else if asked.prompts("select_account") {
        Some("select_account")
    } else {
        None
    }
}

/// RFC 7636 §4.2.
fn challenge_of(verifier: &str) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use sha2::{Digest, Sha256};
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// The person goes on with the part of the scope that they agreed to, unless they were refused by what their
/// upstream said since their session began: then they go there once more, if they may be asked.
pub(crate) async fn go_on<H: Host>(
    at: &At<'_, H>,
    eligible: Eligible<'_>,
    scope: Option<&str>,
) -> Result<Answer, Stopped> {
    let (request, asked, session) = (eligible.request(), eligible.asked(), eligible.session());
    let freshness = renewal::freshness(at, session, request, asked).await;
    let freshness = freshness.map_err(|_| Context::of(request, asked).stopped(Stop::Store))?;
    if freshness != Freshness::Superseded {
        return accepted(at, eligible, scope).await;
    }
    match at.app.settings.way(&session.way) {
        Some(way) if !asked.prompts("none") => {
            begin_at(at, way, Some((request, asked)), None).await
        }
        _ => send_back(at, request, Rejection::NotLoggedIn).await,
    }
}

/// The person is accepted, with the part of the scope that they agreed to, and goes on.
async fn accepted<H: Host>(
    at: &At<'_, H>,
    eligible: Eligible<'_>,
    scope: Option<&str>,
) -> Result<Answer, Stopped> {
    let (asked, session) = (eligible.asked(), eligible.session());
    // What the person left out is not granted, and a rule for it does not hold.
    let granted = scope.or(asked.scope.as_deref());
    let said = claims_in(&at.app.settings, session, asked.client_id.as_ref(), granted);
    let left_out = said.detail();
    let claims = Value::Object(said.claims).to_string();
    let auth_time = session.auth_time.unwrap_or(session.began_at).0.to_string();
    let mut form = vec![("claims", claims.as_str()), ("auth_time", &auth_time)];
    if let Some(scope) = scope {
        form.push(("scope", scope));
    }
    let (redirect_to, mut audit) = match accept(at, eligible, &form).await {
        Ok(accepted) => accepted,
        // The application is told what is wrong, such as a login that is too old for it.
        Err(Refused::GoesOn(redirect_to, audit)) => (redirect_to, as_told(*audit)),
        Err(refused) => return Err(Context::of(eligible.request(), asked).refused(refused)),
    };
    audit.client_id = asked.client_id.clone();
    audit.subject = Some(session.subject.clone());
    audit.detail = audit.detail.or_else(|| left_out.map(Into::into));
    let mut response = see_other(&redirect_to);
    append(&mut response, session.used(at, asked.sid.as_deref()));
    Ok(Answer { response, audit })
}

/// What the server notes of a login that it refuses, with the error that the application gets: what this
/// application said wrong is no mistake of that one.
fn as_told(audit: Audit) -> Audit {
    match audit.error {
        Some("login_required" | "unmet_authentication_requirements") => audit,
        _ => Audit {
            error: Some("server_error"),
            fault: Some(Fault::Server),
            ..audit
        },
    }
}

/// The person goes back to the application, which is told why.
pub(crate) async fn send_back<H: Host>(
    at: &At<'_, H>,
    request: &str,
    rejection: Rejection,
) -> Result<Answer, Stopped> {
    let rejected = reject(at, request, rejection).await;
    let (redirect_to, audit) = rejected.map_err(|it| Context::of_request(request).refused(it))?;
    Ok(Answer {
        response: see_other(&redirect_to),
        audit: Audit {
            error: Some(rejection.error()),
            // A form says it, which anybody can send.
            fault: Some(Fault::Request),
            detail: Some(rejection.description().into()),
            ..audit
        },
    })
}

/// `POST /login/back`: the person does not want to log in.
pub(crate) async fn back<H: Host>(at: &At<'_, H>) -> Result<Answer, Stopped> {
    let parameters = at.parameters().ok_or_else(unreadable)?;
    let request = parameters.get("request").ok_or_else(unreadable)?;
    let rejection = Rejection::of_form(parameters.get("problem"), parameters.get("error"));
    send_back(at, request, rejection).await
}

pub(crate) fn append(response: &mut http::Response<bytes::Bytes>, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}
