//! `/login/callback/{provider}`: the way back from an upstream.

use http::{HeaderValue, header::SET_COOKIE};
use jeton::{Host, Seconds, page::see_other};

use crate::{
    admission,
    application::{Answer, path, unreadable},
    at::At,
    finished,
    flow::{Flow, NotFound},
    login::{append, callback_url},
    renewal,
    session::Session,
    stop::{Context, Stop, Stopped},
    ways::{CameBack, Way},
};

/// `GET`: who the person is, as the upstream says; a session begins.
pub(crate) async fn respond<H: Host>(at: &At<'_, H>, way: &Way) -> Result<Answer, Stopped> {
    let parameters = at.parameters().ok_or_else(unreadable)?;
    let state = parameters.get("state").ok_or_else(unreadable)?;
    let flow = match Flow::find(at, &way.id, state) {
        Ok(flow) => flow,
        Err(NotFound::OtherBrowser) => {
            let finished = finished::of_callback(at, way, state).await;
            let finished = finished.map_err(|_| Stop::Store)?;
            return finished.ok_or_else(|| Stop::OtherBrowser.into());
        }
        Err(NotFound::Foreign) => return Err(Stop::ForeignState.into()),
        Err(NotFound::Expired(flow)) => {
            return Err(Context::of_flow(&flow)
                .stopped(Stop::Expired)
                .ending(flow.end(at)));
        }
    };
    let ended = flow.end(at);
    let context = Context::of_flow(&flow);
    let answered = finish(at, way, &flow, &parameters, &context).await;
    let (session, cookie) = answered.map_err(|stopped| stopped.ending(ended.clone()))?;
    let to = match &flow.request {
        Some(request) => format!("{}?request={request}", at.url_of(path::LOGIN)),
        None => at.url_of(path::ACCOUNT),
    };
    let mut response = see_other(&to);
    append(&mut response, ended);
    response.headers_mut().append(SET_COOKIE, cookie);
    let mut answer = Answer::from(response);
    answer.audit.subject = Some(session.subject);
    Ok(answer)
}

async fn finish<H: Host>(
    at: &At<'_, H>,
    way: &Way,
    flow: &Flow,
    parameters: &jeton::Parameters<'_>,
    context: &Context,
) -> Result<(Session, HeaderValue), Stopped> {
    let came_back = CameBack {
        redirect_uri: &callback_url(at, way),
        nonce: &flow.nonce,
        code_verifier: &flow.code_verifier,
        max_age: flow.max_age.map(Seconds),
        began_at: flow.began_at,
        code: parameters.get("code"),
        error: parameters.get("error"),
        iss: parameters.get("iss"),
    };
    let person = way
        .person(&at.with(), &came_back)
        .await
        .map_err(|trouble| context.stopped(Stop::Upstream(trouble)))?;
    let broken = || context.stopped(Stop::Broken);
    let session = Session::begin(at, &way.id, &person, flow.request.as_deref());
    let mut session = session.map_err(|_| broken())?.begun_by(&flow.state);
    if let Err(by) = admission::admitted(&at.app.settings, way, None, &session.claims) {
        return Err(context.stopped(Stop::NotAdmitted(Box::new(session), by)));
    }
    if flow.wants_refresh_token {
        session.asked_for_refresh_token = true;
        renewal::keep(at, way, &session.subject, &person)
            .await
            .map_err(|_| context.stopped(Stop::Store))?;
    }
    let session = session
        .fitted(at)
        .await
        .map_err(|_| context.stopped(Stop::Store))?;
    let cookie = session
        .cookie(at)
        .map_err(|_| broken())?
        .ok_or_else(broken)?;
    Session::end_replaced(at)
        .await
        .map_err(|_| context.stopped(Stop::Store))?;
    Ok((session, cookie))
}
