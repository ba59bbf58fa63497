//! `/login/logout`: the session of the browser ends here, and at the upstream where that is configured or the
//! person asks for it.

use http::Response;
use jeton::{Host, LoginSeal, page::see_other};
use serde::{Deserialize, Serialize};

use crate::{
    application::{Answer, path, unreadable},
    asked::{Refused, RequestKind, describe},
    at::At,
    login::append,
    pages::{LoggedOut, Logout, UpstreamLogout},
    session::Session,
    stop::{Stop, Stopped},
    view,
};

/// Where the browser goes once the upstream has logged the person out.
#[derive(Serialize, Deserialize)]
struct Back {
    return_to: String,
}

/// `GET`: ends the session at once if the application named this very person, else asks.
pub(crate) async fn show<H: Host>(at: &At<'_, H>) -> Result<Answer, Stopped> {
    let parameters = at.parameters().ok_or_else(unreadable)?;
    let return_to = parameters.get("return_to").and_then(|to| own(at, to));
    let asked = match parameters.get("request") {
        Some(request) => match describe(at, request).await {
            Ok(asked) if asked.kind == RequestKind::Logout => Some(asked),
            Ok(_) | Err(Refused::Unknown) => return Err(unreadable()),
            // Too old to say whom it was about.
            Err(Refused::GoesOn(..)) => None,
            Err(Refused::Unavailable) => return Err(Stop::Store.into()),
        },
        None => None,
    };
    let session = Session::find(at)
        .await
        .map_err(|_| Stopped::from(Stop::Store))?;
    let Some(session) = session else {
        return Ok(go_back(at, return_to.as_deref(), None));
    };
    // Anybody can make a link to a logout: without a login of this session's in it, it is asked about.
    let is_its = asked
        .as_ref()
        .is_some_and(|asked| session.is_of(asked.sub.as_deref(), asked.sid.as_deref()));
    let way = at.app.settings.way(&session.way);
    if is_its {
        let upstream = match way {
            Some(way) if way.logs_out_there() => Upstream::LogsOut,
            _ => Upstream::Stays,
        };
        return end(at, &session, return_to, upstream).await;
    }
    let language = at.language(asked.as_ref().and_then(|asked| asked.ui_locales.as_deref()));
    let offered = match way {
        Some(way) if way.logout_url(&at.with(), "", "").await.is_none() => UpstreamLogout::None,
        Some(way) if way.logs_out_there() => UpstreamLogout::Usual,
        Some(_) => UpstreamLogout::Offered,
        None => UpstreamLogout::None,
    };
    let page = view::pages(at, language).logout(&Logout {
        form_key: session.form_key(),
        request: None,
        return_to: return_to.as_deref(),
        application: asked.as_ref().and_then(view::application),
        who: view::who(&at.app.settings, &session),
        upstream: offered,
    });
    Ok(page.into())
}

/// `POST`: the person has said so.
pub(crate) async fn confirm<H: Host>(at: &At<'_, H>) -> Result<Answer, Stopped> {
    let parameters = at.parameters().ok_or_else(unreadable)?;
    let return_to = parameters.get("return_to").and_then(|to| own(at, to));
    let session = Session::find(at)
        .await
        .map_err(|_| Stopped::from(Stop::Store))?;
    let Some(session) = session else {
        return Ok(go_back(at, return_to.as_deref(), None));
    };
    let key = parameters.get("form_key").unwrap_or_default();
    if !session.has_form_key(key) || !at.is_from_our_page() {
        return Err(Stop::SessionEnded.into());
    }
    let upstream = match parameters.get("upstream") {
        Some("yes") => Upstream::LogsOut,
        _ => Upstream::Stays,
    };
    end(at, &session, return_to, upstream).await
}

/// `GET /login/logged-out`: back from the upstream.
pub(crate) fn came_back<H: Host>(at: &At<'_, H>) -> Result<Answer, Stopped> {
    let parameters = at.parameters().ok_or_else(unreadable)?;
    let state = parameters.get("state");
    let back: Option<Back> = state.and_then(|it| at.server.open_sealed(LoginSeal::Flow, it));
    let return_to = back.as_ref().and_then(|back| own(at, &back.return_to));
    Ok(go_back(at, return_to.as_deref(), None))
}

/// Whether a person logs out at the upstream as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Upstream {
    LogsOut,
    Stays,
}

async fn end<H: Host>(
    at: &At<'_, H>,
    session: &Session,
    return_to: Option<String>,
    upstream: Upstream,
) -> Result<Answer, Stopped> {
    let url = match upstream {
        Upstream::LogsOut => logout_at_upstream(at, session, return_to.as_deref()).await,
        Upstream::Stays => None,
    };
    let mut answer = match url {
        Some(url) => see_other(&url).into(),
        None => {
            let way = at.app.settings.way(&session.way);
            go_back(at, return_to.as_deref(), way.map(|way| way.name.as_str()))
        }
    };
    let forgotten = Session::forgotten(at);
    if session.end(at).await.is_err() {
        return Err(Stopped::from(Stop::Store).ending(forgotten));
    }
    append(&mut answer.response, forgotten);
    answer.audit.subject = Some(session.subject.clone());
    Ok(answer)
}

/// Where the upstream ends its own session, if it is to.
async fn logout_at_upstream<H: Host>(
    at: &At<'_, H>,
    session: &Session,
    return_to: Option<&str>,
) -> Option<String> {
    let way = at.app.settings.way(&session.way)?;
    let back = Back {
        return_to: return_to.unwrap_or_default().to_owned(),
    };
    let state = at.server.seal(LoginSeal::Flow, &back).ok()?;
    let logged_out = at.url_of(path::LOGGED_OUT);
    let url = way.logout_url(&at.with(), &logged_out, &state).await?;
    Some(url.into())
}

/// `to`, if it is where the server goes on with a logout.
fn own<H: Host>(at: &At<'_, H>, to: &str) -> Option<String> {
    let resume = at.url_of("/end_session/resume?");
    let is_url = to.bytes().all(|byte| matches!(byte, 0x21..=0x7e));
    (is_url && to.starts_with(&resume)).then(|| to.to_owned())
}

/// The way on after a logout; `upstream` is the name of the upstream where the person may still be logged in.
fn go_back<H: Host>(at: &At<'_, H>, return_to: Option<&str>, upstream: Option<&str>) -> Answer {
    let response: Response<_> = match return_to {
        Some(to) => see_other(to),
        None => view::pages(at, at.language(None)).logged_out(LoggedOut {
            upstream,
            home: None,
        }),
    };
    response.into()
}
