//! A login that is finished. Whoever goes back in the browser's history comes to its pages once more: they are
//! told so, and led on to the application.
//!
//! Nothing is accepted, begun or ended here, and nothing of the request but its name is used: the session and
//! the grant say what was finished, and the client's record where it leads.

use jeton::{Audit, Client, GrantId, Host, Ledger, Unavailable};
use url::Url;

use crate::{
    application::Answer, asked::Asked, at::At, pages::Finished, session::Session, view, ways::Way,
};

/// The page, if the login that is asked for is one for which this session was accepted, and the application
/// has been answered: its grant is there.
pub(crate) async fn of_request<H: Host>(
    at: &At<'_, H>,
    session: &Session,
    asked: &Asked,
) -> Result<Option<Answer>, Unavailable> {
    let Some(sid) = asked.sid.as_deref().filter(|sid| session.has_sid(sid)) else {
        return Ok(None);
    };
    let Some(client) = client_of(at, sid).await? else {
        return Ok(None);
    };
    let language = asked.ui_locales.as_deref();
    Ok(Some(page(at, session, Some(&client), language)))
}

/// The page, if the login that has come back once more is the one that this browser's session began by.
pub(crate) async fn of_callback<H: Host>(
    at: &At<'_, H>,
    way: &Way,
    state: &str,
) -> Result<Option<Answer>, Unavailable> {
    let session = Session::find(at).await?;
    let Some(session) = session.filter(|it| it.way == way.id && it.began_by(state)) else {
        return Ok(None);
    };
    let client = match session.first_sid() {
        Some(sid) => client_of(at, sid).await?,
        None => None,
    };
    Ok(Some(page(at, &session, client.as_deref(), None)))
}

/// The client that the login `sid` was for, once it has been answered.
async fn client_of<H: Host>(
    at: &At<'_, H>,
    sid: &str,
) -> Result<Option<std::sync::Arc<Client>>, Unavailable> {
    let (Ok(sid), Some(ledger)) = (sid.parse::<GrantId>(), at.server.ledger()) else {
        return Ok(None);
    };
    match ledger.read(sid).await? {
        Some(grant) => at.server.client(&grant.client_id, at.now()).await,
        None => Ok(None),
    }
}

fn page<H: Host>(
    at: &At<'_, H>,
    session: &Session,
    client: Option<&Client>,
    ui_locales: Option<&str>,
) -> Answer {
    let home = client.and_then(home_of);
    let name = client.map(|client| client.name.as_deref().unwrap_or(client.id.as_str()));
    let response = view::pages(at, at.language(ui_locales)).finished(&Finished {
        who: view::who(&at.app.settings, session),
        application: name.zip(home.as_deref()),
    });
    let audit = Audit {
        client_id: client.map(|client| client.id.clone()),
        subject: Some(session.subject.clone()),
        detail: Some("the login is finished already".into()),
        ..Audit::default()
    };
    Answer { response, audit }
}

/// Where an application begins: `client_uri`, else the root of where it takes answers, if that is a website.
fn home_of(client: &Client) -> Option<String> {
    if let Some(home) = &client.home {
        return Some(home.as_str().to_owned());
    }
    let redirect_uri = client.redirect_uris.first()?.to_string();
    let origin = Url::parse(&redirect_uri).ok()?.origin();
    let url = Url::parse(&origin.ascii_serialization()).ok()?;
    (url.scheme() == "https").then(|| url.into())
}
