//! What the server asks of the login application: what is true of a person where they are not at its pages, at a
//! refresh and at a device.

use jeton::{Connecting, Host, Inside, People, Renewed, Renewing, Unavailable};

use crate::{
    admission::{self, NotAdmitted},
    application::Application,
    claims::claims_in,
    renewal,
    session::Session,
};

/// The people of a deployment with a login application; `None`: there is none.
pub(crate) struct LoginPeople(pub(crate) Option<Application>);

impl People for LoginPeople {
    async fn renewed<H: Host>(
        &self,
        server: Inside<'_, H>,
        of: &Renewing<'_>,
    ) -> Result<Renewed, Unavailable> {
        match &self.0 {
            Some(app) => renewal::renewed(server, app, of).await,
            None => ().renewed(server, of).await,
        }
    }

    async fn connecting<H: Host>(
        &self,
        server: Inside<'_, H>,
        of: &Connecting<'_>,
    ) -> Result<Renewed, Unavailable> {
        match &self.0 {
            Some(app) => at_device(server, app, of).await,
            None => ().connecting(server, of).await,
        }
    }
}

/// What is true at a device of whoever approves it, in the browser that they logged in with.
async fn at_device<H: Host>(
    server: Inside<'_, H>,
    app: &Application,
    of: &Connecting<'_>,
) -> Result<Renewed, Unavailable> {
    let settings = &app.settings;
    let session = Session::of_browser(server, settings, of.headers, of.now).await?;
    let session = session.filter(|session| session.subject == of.subject);
    let Some(session) = session else {
        return Ok(Renewed::Refused("their session has ended".into()));
    };
    let device = server.client(of.client_id, of.now).await?;
    if device.is_some_and(|device| device.refresh.renew_claims)
        && !renewal::allows_device(server, &session, of.now).await?
    {
        return Ok(Renewed::Refused(
            "they were refused since they logged in".into(),
        ));
    }
    let way = settings.way(&session.way).ok_or(NotAdmitted::NO_WAY);
    let client = Some(of.client_id);
    let admitted = way.and_then(|way| admission::admitted(settings, way, client, &session.claims));
    Ok(match admitted {
        Ok(()) => {
            let scope = of.scope.to_string();
            Renewed::Claims(claims_in(settings, &session, client, Some(&scope)).claims)
        }
        Err(by) => Renewed::Refused(by.to_string().into()),
    })
}
